"""Names and keys that only masters can make: derived from the settings key, stored nowhere.

A file's key has a number, which rises when a peel may not read it any more. The name under which
a file is stored is made of its content, so that masters know what lies there without reading it,
and nobody else can find out by trying whether a file says what they guess.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple


class KeyedFile(NamedTuple):
    """One file under one of its keys."""

    name: str
    """Of the file, whatever it holds."""
    number: int
    """Of its key."""
    key: bytes
    stored: str
    """Of this content under this key; behind a generation it is its key in the bucket."""


def file_name(settings_key: bytes, env: str, path: str) -> str:
    """Give the name of a file in the notes beside bundles."""
    return _keyed(settings_key, b"zs/file-name", 12, env, path).hex()


def keyed_file(settings_key: bytes, env: str, path: str, number: int, data: bytes) -> KeyedFile:
    """Give key and stored name of a file.

    Args:
        settings_key: the masters'.
        env: the file's environment.
        path: from the tree's root.
        number: of its key.
        data: its content.
    """
    key = _keyed(settings_key, b"zs/file-key", 32, env, path, str(number))
    content = hashlib.blake2b(data, digest_size=32).hexdigest()
    stored = _keyed(settings_key, b"zs/file-stored", 16, env, path, str(number), content)
    return KeyedFile(file_name(settings_key, env, path), number, key, stored.hex())


def tree_root(settings_key: bytes, digest: bytes) -> bytes:
    """Give the keyed digest of a tree; masters compare it, and nobody else can guess at it.

    Args:
        settings_key: the masters'.
        digest: of all files of the tree.
    """
    return _keyed(settings_key, b"zs/tree", 32, digest.hex())


def is_root(root: bytes, digest: bytes, keys: Iterable[bytes]) -> bool:
    """Say whether a root is a tree's under one of the masters' keys.

    Args:
        root: as `tree_root` gives it.
        digest: of all files of the tree.
        keys: the settings keys that masters open with.
    """
    return any(tree_root(key, digest) == root for key in keys)


def content_digest(settings_key: bytes, peel: str, recipient: str, content: bytes) -> bytes:
    """Give the keyed digest by which masters see whether a bundle would say anything new."""
    made = hashlib.blake2b(content, digest_size=32).hexdigest()
    return _keyed(settings_key, b"zs/bundle", 32, peel, recipient, made)


def secret_name(settings_key: bytes, env: str, path: str, value: str) -> str:
    """Give the name that an `!encrypted` literal gets when it is published."""
    return "enc." + _keyed(settings_key, b"zs/literal", 12, env, path, value).hex()


def _keyed(key: bytes, person: bytes, size: int, *parts: str) -> bytes:
    made = hashlib.blake2b(key=key, person=person, digest_size=size)
    for part in parts:
        data = part.encode()
        made.update(len(data).to_bytes(4, "big") + data)
    return made.digest()
