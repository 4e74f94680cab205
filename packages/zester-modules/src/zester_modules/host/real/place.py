"""Where a path lies: its folder is opened once, and all is done in what was opened.

Whoever swaps a folder for a link while a file is being written moves nothing: the folder that was
opened stays the one. Below a root other than `/` the kernel resolves every path and link inside of
it (`openat2`), so that none leads out.
"""

import ctypes
import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Final, NamedTuple

_OPENAT2: Final = 437
"""The same number on every architecture."""
_RESOLVE_IN_ROOT: Final = 0x10


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


class Place(NamedTuple):
    """An open folder, and a name in it."""

    folder: int
    name: str


class Root:
    """Opens paths below one folder, which is `/` for the host itself.

    Args:
        path: an absolute path.
    """

    def __init__(self, path: str = "/") -> None:
        self.path = path
        self.is_host = path == "/"

    def open(self, path: str, flags: int) -> int:
        """Open what lies at a path, links followed."""
        if self.is_host:
            return os.open(path, flags | os.O_CLOEXEC)
        root = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return _open_inside(root, path, flags | os.O_CLOEXEC)
        finally:
            os.close(root)

    @contextmanager
    def place(self, path: str) -> Generator[Place]:
        """Hold the folder of a path open; `.` and `..` at its end, and `/`, name nothing in one."""
        pure = PurePosixPath(path)
        if not pure.is_absolute():
            raise OSError(errno.EINVAL, "it is no whole path", path)
        name = pure.name
        if name in {"", ".."}:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        folder = self.open(str(pure.parent), os.O_PATH | os.O_DIRECTORY)
        try:
            yield Place(folder, name)
        finally:
            os.close(folder)


def _open_inside(root: int, path: str, flags: int) -> int:
    how = _How(flags, 0, _RESOLVE_IN_ROOT)
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(
        ctypes.c_long(_OPENAT2), ctypes.c_int(root), os.fsencode(path), ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )  # fmt: skip
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return found
