"""The masters' settings key, and the others that open what it has not sealed anew yet.

| file of the auth folder | there while |
| --- | --- |
| `settings.key` | always: it seals |
| `settings-next.key` | a rotation begins: it opens |
| `settings-old.key` | a rotation is not finished: it opens |
"""

import hashlib
from collections.abc import Iterable

from zester_proto.identity.sealing import SealError, open_with


def open_any(key: bytes, also: Iterable[bytes], aad: bytes, sealed: bytes) -> bytes:
    """Open what the settings key sealed, or one of the others.

    Raises:
        SealError: none of them did, or not for this.
    """
    try:
        return open_with(key, aad, sealed)
    except SealError:
        for one in also:
            try:
                return open_with(one, aad, sealed)
            except SealError:
                continue
        raise


def key_name(key: bytes) -> str:
    """Give the name by which masters tell each other which keys they hold; it says nothing more."""
    return hashlib.blake2b(key=key, person=b"zs/key-name", digest_size=8).hexdigest()
