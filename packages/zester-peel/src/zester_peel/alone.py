"""One agent a state folder."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

from zester_proto.errors import FileProblem, ZesterError
from zester_proto.files import make_private_folder


class AlreadyRuns(ZesterError):
    """Raised when another agent uses the same state folder."""


@contextlib.contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the state folder for this process alone.

    Raises:
        AlreadyRuns: another agent has it.
        FileProblem: it cannot be used.
    """
    make_private_folder(folder)
    path = folder / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise FileProblem(f"cannot use {folder}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRuns(
                f"another zester-peel runs with the state folder {folder}",
                hint="stop it first, or give this one another state_dir",
            ) from error
        yield
    finally:
        os.close(descriptor)
