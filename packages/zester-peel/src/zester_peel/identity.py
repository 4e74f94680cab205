"""The commands with which a host comes to a site: `zester-peel keys` and `zester-peel join`."""

import sys
import time
from pathlib import Path

from zester_proto.errors import FileProblem
from zester_proto.files import read_file
from zester_proto.identity.joining import (
    JoinError,
    install,
    load_keys,
    new_keys,
    read_bundle,
    request_line,
    save_keys,
)

_LIMIT = 1024 * 1024


def make_line(folder: Path, peel_id: str) -> str:
    """Give the line with which this host asks to be admitted; its keys are made if need be.

    Raises:
        BadId: the id is none.
        FileProblem: the keys cannot be read or written.
    """
    keys = load_keys(folder)
    if keys is None:
        keys = new_keys()
        line = request_line(peel_id, keys, time.time())
        save_keys(folder, keys)
        return line
    return request_line(peel_id, keys, time.time())


def join(folder: Path, file: str, *, replace: bool) -> str:
    """Install what a site made of the line; give what was done, as one line.

    Args:
        folder: the auth folder.
        file: path of the join file, or `-` for stdin.
        replace: let go of another identity that lies there.

    Raises:
        JoinError: the file is not for this host's keys.
        FileProblem: something cannot be read or written.
    """
    bundle = read_bundle(_text(file))
    keys = load_keys(folder)
    if keys is None:
        raise JoinError(
            f"{folder} holds no keys, so that no join file can be for them",
            hint="make them first: zester-peel keys --id ID, and give its line to a master",
        )
    install(folder, bundle, keys, replace=replace)
    return f"{bundle.id} joined the site {bundle.site} ({bundle.nats_url}); keys in {folder}"


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read(_LIMIT)
    try:
        return read_file(Path(file)).decode()
    except UnicodeDecodeError as error:
        raise FileProblem(f"{file} is no join file: it is not text") from error
