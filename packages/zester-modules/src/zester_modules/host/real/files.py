"""Files of this host: looked at without following links, changed in one step."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from zester_modules.host.machine import FileKind, HostProblem, Stat

T = TypeVar("T")

_KINDS: Final[tuple[tuple[Callable[[int], bool], FileKind], ...]] = (
    (stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "fifo"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "char"),
    (stat.S_ISBLK, "block"),
)  # fmt: skip


def look(path: str, *, follow: bool) -> Stat | None:
    """Give what lies at a path, or None."""
    try:
        found = Path(path).stat(follow_symlinks=follow)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise problem(f"cannot look at {path}", error) from error
    kind: FileKind = next(kind for is_kind, kind in _KINDS if is_kind(found.st_mode))
    device = (0, 0)
    if kind in {"char", "block"}:
        device = (os.major(found.st_rdev), os.minor(found.st_rdev))
    return Stat(
        kind=kind, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid,
        size=found.st_size, mtime=found.st_mtime, device=device,
        target=os.fspath(Path(path).readlink()) if kind == "link" else "",
    )  # fmt: skip


def read(path: str, limit: int | None) -> bytes | None:
    """Give a file's contents, or None where nothing lies."""
    try:
        with Path(path).open("rb") as file:
            return file.read(-1 if limit is None else limit)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise problem(f"cannot read {path}", error) from error


def write(path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
    """Replace a file by a finished one; what was there stays whole until then."""

    def put() -> None:
        target = Path(path)
        if target.is_dir() and not target.is_symlink():
            raise IsADirectoryError(21, os.strerror(21), path)
        descriptor, name = tempfile.mkstemp(prefix=".zester-", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fchown(descriptor, uid, gid)
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    attempt(f"cannot write {path}", put)


def make_link(path: str, target: str, *, uid: int, gid: int) -> None:
    """Make or replace a link in one step."""

    def put() -> None:
        place = Path(path)
        folder = Path(tempfile.mkdtemp(prefix=".zester-", dir=place.parent))
        try:
            part = folder / "link"
            part.symlink_to(target)
            os.lchown(part, uid, gid)
            part.replace(place)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    attempt(f"cannot make the link {path}", put)


def remove(path: str) -> None:
    """Remove a file, a link, or a folder with all below; never through a link."""

    def take() -> None:
        place = Path(path)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()

    attempt(f"cannot remove {path}", take)


def attempt(what: str, work: Callable[[], T]) -> T:
    """Do something, and say what went wrong in one sentence."""
    try:
        return work()
    except OSError as error:
        raise problem(what, error) from error


def problem(what: str, error: OSError) -> HostProblem:
    """Give the error of a call that failed."""
    return HostProblem(f"{what}: {error.strerror or error}")
