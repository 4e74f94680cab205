"""Keeps compiled templates: Jinja's code objects, never a Template and never what it rendered.

A key is a digest of the source, its name and everything else that the code depends on. On disk a
file is taken only if it is ours alone (owner, mode 0600, in a folder 0700) and whole (a digest of
its content); anything else is passed over and written anew.
"""

import contextlib
import functools
import hmac
import marshal
import os
import stat
import sys
from pathlib import Path
from types import CodeType
from typing import Final

import jinja2

from zester_proto import __version__
from zester_proto.codec import digest
from zester_proto.errors import FileProblem
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.kept import Kept

_SIZE: Final = 32
_MOST: Final = 10_000
"""Codes that are kept, in memory and on disk; those not asked for longest go."""


@functools.cache
def basis() -> bytes:
    """Return the versions that compiled code depends on."""
    parts = (__version__, jinja2.__version__, sys.version, str(sys.implementation.cache_tag))
    return "\0".join(parts).encode()


class CodeCache:
    """Code by key, in memory and, with a folder, on disk."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open the cache.

        Args:
            folder: is made 0700; None keeps code in memory alone. A folder that is not ours alone
                is not used.
        """
        self._codes = Kept[str, CodeType](_MOST)
        self._pruned = False
        self._folder = folder if folder is not None and _ours(folder) else None

    def get(self, key: str) -> CodeType | None:
        """Return the code of a key, or None."""
        code = self._codes.get(key)
        if code is None and self._folder is not None:
            code = _read(self._folder / key)
            if code is not None:
                self._codes.put(key, code)
        return code

    def put(self, key: str, code: CodeType) -> None:
        """Keep code; a disk that is full or read-only costs only speed."""
        self._codes.put(key, code)
        if self._folder is not None:
            body = marshal.dumps(code)
            with contextlib.suppress(FileProblem, OSError):
                if not self._pruned:
                    self._prune(self._folder)
                    self._pruned = True
                write_atomic(self._folder / key, digest(body) + body, lasting=False)

    @staticmethod
    def _prune(folder: Path) -> None:
        names = [entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
        if len(names) <= _MOST:
            return
        names.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime)
        for entry in names[: len(names) - _MOST // 2]:
            Path(entry.path).unlink(missing_ok=True)


def _ours(folder: Path) -> bool:
    try:
        make_private_folder(folder)
        status = folder.lstat()
    except (FileProblem, OSError):
        return False
    return stat.S_ISDIR(status.st_mode) and _private(status)


def _private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _read(path: Path) -> CodeType | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _private(status):
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read()
    finally:
        os.close(descriptor)
    body = data[_SIZE:]
    if not hmac.compare_digest(data[:_SIZE], digest(body)):
        return None
    # Only what this user wrote and what is whole comes here: marshal must not see other bytes.
    code = marshal.loads(body)  # noqa: S302 -- for the reason above
    return code if isinstance(code, CodeType) else None
