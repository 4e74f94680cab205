"""The settings tree as it lies in this master's folders, read whole."""

import hashlib
from typing import Final, NamedTuple

from zester_master.files.revision import Changing
from zester_master.files.scan import FoundFile, Scan, lost_text
from zester_proto.messages.settings import FILE_LIMIT
from zester_proto.tree.files import KeptTree

TOTAL: Final = 256 * 1024 * 1024
"""Bytes of a whole tree: it is held in memory."""


class LocalTree(NamedTuple):
    """What can be published."""

    files: dict[tuple[str, str], bytes]
    """By environment and path."""
    tree: KeptTree
    digest: bytes
    """Of all of it, unkeyed: it stays in this process."""


def read(found: Scan) -> tuple[LocalTree, list[str]]:
    """Read all scanned files, and say what cannot be published; blocks as long as that takes.

    Raises:
        Changing: a file changed meanwhile.
        OSError: one cannot be read.
    """
    files: dict[tuple[str, str], bytes] = {}
    # settings copy no link to anywhere: each is meant to be what it names
    problems = [lost_text(path) for one in found.besides.values() for path in one.lost]
    total = 0
    for env, there in found.environments.items():
        for path, one in there.items():
            if one.stamp.size > FILE_LIMIT:
                problems.append(f"{path} has {one.stamp.size} bytes, at most {FILE_LIMIT} travel")
                continue
            total += one.stamp.size
            if total > TOTAL:
                problems.append(f"the settings have more than {TOTAL} bytes")
                return _local(files), problems
            files[env, path] = _read(one)
    return _local(files), problems


def _read(found: FoundFile) -> bytes:
    data = found.file.read_bytes()
    if len(data) != found.stamp.size or found.file.stat().st_mtime_ns != found.stamp.modified:
        raise Changing(str(found.file))
    return data


def _local(files: dict[tuple[str, str], bytes]) -> LocalTree:
    made = hashlib.blake2b(digest_size=32)
    by_env: dict[str, dict[str, bytes]] = {}
    for (env, path), data in sorted(files.items()):
        by_env.setdefault(env, {})[path] = data
        for part in (env.encode(), path.encode(), data):
            made.update(len(part).to_bytes(8, "big") + part)
    return LocalTree(files, KeptTree(by_env), made.digest())
