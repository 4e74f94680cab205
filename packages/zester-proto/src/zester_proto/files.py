"""Files that are whole or absent, and private from their first byte."""

import os
import secrets
import stat
from pathlib import Path

from zester_proto.errors import FileProblem

PRIVATE = 0o600


def write_atomic(path: Path, data: bytes, mode: int = PRIVATE, *, lasting: bool = True) -> None:
    """Replace `path` with `data` in one step: readers see the old bytes or the new ones.

    The mode holds from the first byte, and a crash leaves the old file.

    Args:
        path: in a folder that is there.
        data: its content.
        mode: its permissions.
        lasting: False for what can be made again and tells whether it is whole: nobody waits for
            the disk, and a crash of the host may leave it empty.

    Raises:
        FileProblem: the folder is missing, not writable, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        _write_new(temporary, data, mode, lasting=lasting)
        temporary.replace(path)
        if lasting:
            sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileProblem(
            f"cannot write {path}: {error.strerror or error}",
            hint="check that the folder exists, is writable and has room",
        ) from error


def _write_new(path: Path, data: bytes, mode: int, *, lasting: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # the umask may have taken bits that the caller asked for
        file.write(data)
        file.flush()
        if lasting:
            os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a crash of the host."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder() -> Path:
    """Give the folder of what this user can do without; it need not exist.

    Source: XDG Base Directory Specification, `XDG_CACHE_HOME`.

    Raises:
        FileProblem: nobody knows where this user's home is.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (home if home.is_absolute() else Path.home() / ".cache") / "zester"
    except RuntimeError as error:
        raise FileProblem(str(error)) from error


def make_private_folder(path: Path) -> None:
    """Make `path` and what is missing above it; `path` itself readable by its owner alone.

    Raises:
        FileProblem: it cannot be made, or something that is no folder is in the way.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"cannot make the folder {path}: {error.strerror or error}") from error


def read_file(path: Path) -> bytes:
    """Read a file that anybody may read.

    Raises:
        FileProblem: it is missing or unreadable.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error


def read_private(path: Path) -> bytes:
    """Read a file that holds a secret, and refuse one that others can read.

    Raises:
        FileProblem: it is missing, unreadable, no plain file, or open to group or others.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error
    try:
        _check_private(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileProblem(f"{path} is not a plain file")
    if status.st_mode & 0o077:
        raise FileProblem(
            f"{path} holds a secret and others may read it (mode {status.st_mode & 0o777:04o})",
            hint=f"chmod 600 {path}",
        )
