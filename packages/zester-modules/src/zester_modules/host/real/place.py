"""Where a path lies: its folder is opened once, and all is done in what was opened.

Whoever swaps a folder for a link while a file is being written moves nothing: the folder that was
opened stays the one. Below a root other than `/` the kernel resolves every path and link inside of
it (`openat2`), so that none leads out.
"""

import errno
import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Final, NamedTuple

_OPENAT2: Final = 437
"""The same number on every architecture."""
_RESOLVE_IN_ROOT: Final = 0x10
_TRIES: Final = 1000
"""Any rename on the host may make the kernel unsure of a `..`; then it asks to be asked again."""


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
        refuse_unwritable(path)
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
        refuse_unwritable(path)
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


def refuse_unwritable(path: str) -> None:
    """Refuse a path that the kernel would not get as it is written.

    Raises:
        OSError: it holds a NUL, at which C ends a text, or a lone surrogate.
    """
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        name = b"\0"
    if b"\0" in name:
        raise OSError(errno.EINVAL, "no path can have these characters", path)


def _open_inside(root: int, path: str, flags: int) -> int:
    import ctypes  # noqa: PLC0415  # below another root alone, and it is long to import

    how = struct.pack("=QQQ", flags, 0, _RESOLVE_IN_ROOT)  # flags, mode, resolve: openat2(2)
    libc = ctypes.CDLL(None, use_errno=True)
    number = errno.EAGAIN
    for _ in range(_TRIES):
        found = libc.syscall(
            ctypes.c_long(_OPENAT2), ctypes.c_int(root), os.fsencode(path), how,
            ctypes.c_size_t(len(how)),
        )  # fmt: skip
        if found >= 0:
            return int(found)
        number = ctypes.get_errno()
        if number != errno.EAGAIN:
            break
    raise OSError(number, os.strerror(number), path)
