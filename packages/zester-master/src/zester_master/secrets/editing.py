"""Values of secrets as people give them: typed, piped, from a file, or in an editor."""

import getpass
import os
import secrets
import shlex
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from zester_master.secrets.record import MAX_VALUE, BadSecret

MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a folder of our own in it, for its owner alone
_ALPHABET: Final = string.ascii_letters + string.digits


def given(name: str, file: Path | None) -> bytes:
    """Give the value that a file, standard input or whoever sits here gives.

    Raises:
        BadSecret: it cannot be read, or was typed differently the second time.
    """
    if file is not None:
        try:
            with file.open("rb") as opened:
                return opened.read(MAX_VALUE + 1)
        except OSError as error:
            raise BadSecret(f"cannot read {file}: {error.strerror}") from error
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(MAX_VALUE + 1)
    first = getpass.getpass(f"value of {name}: ")
    if getpass.getpass("once more: ") != first:
        raise BadSecret("the two values differ: nothing was changed")
    return first.encode()


def random_value(length: int) -> bytes:
    """Make a value of so many letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length)).encode()


def edited(value: str, memory: Path = MEMORY) -> bytes:
    """Have a value edited in a file that lies in memory and is gone afterwards.

    Args:
        value: as it is.
        memory: a folder in memory.

    Raises:
        BadSecret: there is no such folder, or the editor failed.
    """
    if not _in_memory(memory):
        raise BadSecret(
            f"{memory} is no folder in memory, and a value is never written to a disk",
            hint="pipe the new value into zester-master secret set NAME",
        )
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    folder = Path(tempfile.mkdtemp(prefix="zester-secret-", dir=memory))
    try:
        file = folder / "value"
        file.touch(mode=0o600)
        file.write_text(value)
        ended = subprocess.run([*editor, str(file)], check=False).returncode
        if ended:
            raise BadSecret(f"{editor[0]} ended with {ended}: nothing was changed")
        with file.open("rb") as opened:
            return opened.read(MAX_VALUE + 1)
    except OSError as error:
        raise BadSecret(
            f"{editor[0]}: {error.strerror}", hint="say which editor with EDITOR"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # with what the editor left beside it


def _in_memory(folder: Path) -> bool:
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return False
    lines = (line.split(" ") for line in mounts)
    return any(line[1] == str(folder) and line[2] in {"tmpfs", "ramfs"} for line in lines)
