"""Files of a host: looked at without following links, changed in one step."""

import errno
import os
import posixpath
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

from zester_modules.host.machine import Accept, FileKind, HostProblem, Stat
from zester_modules.host.real.place import Place, Root, refuse_unwritable

T = TypeVar("T")

_KINDS: Final[tuple[tuple[Callable[[int], bool], FileKind], ...]] = (
    (stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "fifo"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "char"),
    (stat.S_ISBLK, "block"),
)  # fmt: skip
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_HINTS: Final = {
    errno.EACCES: "as whom does the peel run? `ls -ld` on that path shows who may",
    errno.EBUSY: "something is mounted there, or it is in use",
    errno.EISDIR: "a folder lies there: remove it first",
    errno.ELOOP: "a link on the way leads back to itself",
    errno.ENAMETOOLONG: "each name in a path has at most 255 bytes, the whole of it 4095",
    errno.ENOENT: "no file can be made there, as in /proc and /sys; or a folder above it is gone",
    errno.ENOSPC: "the disk is full: `df -h` and `df -i` on that path",
    errno.ENOTDIR: "something above it is no folder",
    errno.EPERM: "as whom does the peel run? `lsattr` shows whether it is immutable",
    errno.EROFS: "the file system is mounted read-only",
}
_ABSENT: Final = (FileNotFoundError, NotADirectoryError)
# the calls that take a folder's descriptor are os's alone; pathlib has none of them


class Files:
    """The files below a root.

    Args:
        root: where paths begin.
    """

    def __init__(self, root: Root) -> None:
        self._root = root

    # -- to look -----------------------------------------------------------------------------------

    def look(self, path: str, *, follow: bool) -> Stat | None:
        """Give what lies at a path, or None."""
        try:
            if follow or path.strip("/") == "":
                return _stat(self._followed(path), "")
            with self._root.place(path) as (folder, name):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                is_link = stat.S_ISLNK(found.st_mode)
                return _stat(found, os.readlink(name, dir_fd=folder) if is_link else "")
        except _ABSENT:
            return None
        except OSError as error:
            raise problem(f"cannot look at {path}", error) from error

    def _followed(self, path: str) -> os.stat_result:
        refuse_unwritable(path)
        if self._root.is_host:
            return os.stat(path)  # noqa: PTH116  # text, as everywhere here
        descriptor = self._root.open(path, os.O_PATH)
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def read(self, path: str, limit: int | None) -> bytes | None:
        """Give a regular file's contents, or None where nothing lies; never waits for a writer."""
        try:
            descriptor = self._root.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
            with os.fdopen(descriptor, "rb") as file:
                _refuse_irregular(descriptor)
                return file.read(-1 if limit is None else limit)
        except _ABSENT:
            return None
        except OSError as error:
            raise problem(f"cannot read {path}", error) from error

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder, sorted; None where there is none."""
        try:
            descriptor = self._root.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except _ABSENT:
            return None
        except OSError as error:
            raise problem(f"cannot list {path}", error) from error
        try:
            return sorted(os.listdir(descriptor))  # noqa: PTH208  # of what was opened
        finally:
            os.close(descriptor)

    # -- to change ---------------------------------------------------------------------------------

    def write(
        self, path: str, data: bytes, accept: Accept | None = None, /, *,
        mode: int, uid: int, gid: int,
    ) -> None:  # fmt: skip
        """Replace a file by a finished one; what was there stays whole until then.

        The new one belongs to its owner before it has contents, and nobody else can open it before
        it is finished. It is on the disk before it takes the name.
        """
        with self._changing(f"cannot write {path}", path) as place:
            if _is_folder(place):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            with _part(place) as part:
                descriptor = os.open(part, _NEW, 0o600, dir_fd=place.folder)
                with os.fdopen(descriptor, "wb") as file:
                    os.fchown(descriptor, uid, gid)
                    file.write(data)
                    file.flush()
                    os.fchmod(descriptor, mode)  # last: writing takes setuid away
                    os.fsync(descriptor)
                if accept is not None:
                    accept(posixpath.join(posixpath.dirname(path), part))
                _take_name(place, part)

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        """Make one folder; nobody else can enter it before it has its mode and owner."""
        with self._changing(f"cannot make the folder {path}", path) as (folder, name):
            os.mkdir(name, 0o700, dir_fd=folder)
            opened = os.open(
                name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
            )
            try:
                os.fchown(opened, uid, gid)
                os.fchmod(opened, mode)
            finally:
                os.close(opened)

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        """Make or replace a link in one step."""
        with self._changing(f"cannot make the link {path}", path) as place:
            if _is_folder(place):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            with _part(place) as part:
                os.symlink(target, part, dir_fd=place.folder)
                os.chown(part, uid, gid, dir_fd=place.folder, follow_symlinks=False)
                _take_name(place, part)

    def rename(self, path: str, to: str) -> None:
        """Rename in one step; what lay there is replaced."""
        with self._changing(f"cannot rename {path} to {to}", path) as one, self._root.place(to) as (
            folder, name,
        ):  # fmt: skip
            os.rename(one.name, name, src_dir_fd=one.folder, dst_dir_fd=folder)

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder with all below; never through a link."""
        with self._changing(f"cannot remove {path}", path) as place:
            if _is_folder(place):
                shutil.rmtree(place.name, dir_fd=place.folder)
            else:
                os.unlink(place.name, dir_fd=place.folder)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits; of what a link names."""
        with self._opened(f"cannot set the mode of {path}", path) as held:
            os.chmod(held, mode)  # noqa: PTH101  # of what was opened

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group; a link itself, not its target."""
        with self._changing(f"cannot set the owner of {path}", path) as (folder, name):
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        """Set the times; of what a link names. None is now."""
        with self._opened(f"cannot set the times of {path}", path) as held:
            if mtime is None and atime is None:
                os.utime(held)
                return
            now = time.time()
            os.utime(held, (now if atime is None else atime, now if mtime is None else mtime))

    @contextmanager
    def _changing(self, what: str, path: str) -> Generator[Place]:
        try:
            with self._root.place(path) as place:
                yield place
        except OSError as error:
            raise problem(what, error) from error

    @contextmanager
    def _opened(self, what: str, path: str) -> Generator[str]:
        """Hold what lies at a path, links followed; give a path that names exactly that."""
        try:
            descriptor = self._root.open(path, os.O_PATH)
            try:
                yield f"/proc/self/fd/{descriptor}"
            finally:
                os.close(descriptor)
        except OSError as error:
            raise problem(what, error) from error


def _refuse_irregular(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")


@contextmanager
def _part(place: Place) -> Generator[str]:
    """Give a name for what is not finished; whatever is left of it goes."""
    part = f".zester-{secrets.token_hex(8)}"
    try:
        yield part
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=place.folder)
        raise


def _take_name(place: Place, part: str) -> None:
    os.replace(part, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.folder)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS}:  # some file systems know no such thing
            raise
    finally:
        os.close(descriptor)


def _is_folder(place: Place) -> bool:
    try:
        return stat.S_ISDIR(os.stat(place.name, dir_fd=place.folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _stat(found: os.stat_result, target: str) -> Stat:
    kind: FileKind = next(kind for is_kind, kind in _KINDS if is_kind(found.st_mode))
    device = (0, 0)
    if kind in {"char", "block"}:
        device = (os.major(found.st_rdev), os.minor(found.st_rdev))
    return Stat(
        kind=kind, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid,
        size=found.st_size, mtime=found.st_mtime, device=device, target=target,
    )  # fmt: skip


def problem(what: str, error: OSError) -> HostProblem:
    """Give the error of a call that failed, and what to do about it where that is known."""
    hint = _HINTS.get(error.errno or 0, "")
    return HostProblem(f"{what}: {error.strerror or error}", hint=hint)
