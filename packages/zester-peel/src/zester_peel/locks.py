"""Locks that functions of one host share, whoever runs them; the kernel gives them back."""

import fcntl
import os
from pathlib import Path

from zester_proto.codec import digest


def wait_for_lock(folder: Path, name: str) -> int:
    """Wait until no other process holds the lock, and hold it until this one ends.

    Returns:
        the descriptor that holds it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / digest(name.encode()).hex()[:32]
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor
