"""Locks that functions of one host share, whoever runs them; the kernel gives them back."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from zester_proto.codec import digest


def wait_for_lock(folder: Path, name: str, *, waits: Callable[[], None] = lambda: None) -> int:
    """Wait until no other process holds the lock, and hold it until this one ends.

    Args:
        folder: where locks of this host lie.
        name: of the lock.
        waits: called once if another process holds it.

    Returns:
        the descriptor that holds it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / digest(name.encode()).hex()[:32]
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waits()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor
