"""Where what hosts are made of is kept between runs, each thing built once."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Final

from hosts.mounts import unmount_below

KEPT_DAYS: Final = 14
"""A thing that nobody used for so long makes room when another of its kind is built."""


def cache_folder() -> Path:
    """Give the folder: of the user, and outside of any checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "zester" / "hosts"


def digest_of(parts: Iterable[str | bytes]) -> str:
    """Give a name for what is made of these parts."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8) + data)
    return total.hexdigest()[:16]


@contextlib.contextmanager
def locked(file: Path) -> Generator[None]:
    """Hold a lock against every other process that takes it; it ends with the process."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def built(kind: str, digest: str, make: Callable[[Path], None]) -> Path:
    """Give a folder of the cache, made first if it is not there.

    Args:
        kind: what it is; part of its name.
        digest: what it is made from; the rest of its name.
        make: fills a new folder; only what it has finished is ever seen under the name.
    """
    cache = cache_folder()
    folder = cache / f"{kind}-{digest}"
    if not folder.is_dir():
        with locked(cache / f"{kind}.lock"):
            if not folder.is_dir():
                _clear_old(cache, kind)
                part = cache / f"{kind}.part"
                remove_tree(part)
                part.mkdir(parents=True)
                make(part)
                part.rename(folder)
    os.utime(folder)
    return folder


def _clear_old(cache: Path, kind: str) -> None:
    for folder in cache.glob(f"{kind}-*"):
        if time.time() - folder.stat().st_mtime > KEPT_DAYS * 86_400:
            remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder, and first what is mounted below it."""
    unmount_below(folder)
    if folder.exists():
        shutil.rmtree(folder)
