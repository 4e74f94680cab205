"""Hashes passwords as crypt(3) does with `$6$`: SHA-512, 5,000 rounds (Drepper's description).

Python has no crypt any more, and a command would need the password handed over.
"""

import hashlib
import secrets
from typing import Final

_ALPHABET: Final = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS: Final = 5000
SALT: Final = 16
"""Characters of a salt."""


def new_salt() -> str:
    """Give a salt that nobody can foresee."""
    return "".join(chr(secrets.choice(_ALPHABET)) for _ in range(SALT))


def salt_of(shadow: str) -> str | None:
    """Give the salt of a hash that this module could have made, else None."""
    parts = shadow.lstrip("!").split("$")
    return parts[2] if len(parts) == 4 and parts[1] == "6" and parts[2] else None


def sha512_crypt(password: str, salt: str) -> str:
    """Hash a password.

    Args:
        password: in clear.
        salt: up to 16 characters of `./0-9A-Za-z`.
    """
    key, grain = password.encode(), salt.encode()[:SALT]
    final = _first(key, grain)
    key_bytes = _stretched(_digest(key * len(key)), len(key))
    salt_bytes = _stretched(_digest(grain * (16 + final[0])), len(grain))
    for turn in range(_ROUNDS):
        parts = [key_bytes if turn % 2 else final]
        parts += [salt_bytes] if turn % 3 else []
        parts += [key_bytes] if turn % 7 else []
        parts += [final if turn % 2 else key_bytes]
        final = _digest(b"".join(parts))
    return f"$6${grain.decode()}${_encoded(final)}"


def _first(key: bytes, grain: bytes) -> bytes:
    middle = _digest(key + grain + key)
    parts = [key, grain, _stretched(middle, len(key))]
    left = len(key)
    while left:
        parts.append(middle if left & 1 else key)
        left >>= 1
    return _digest(b"".join(parts))


def _digest(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _stretched(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def _encoded(final: bytes) -> str:
    found = bytearray()
    one, two, three = 0, 21, 42
    for _ in range(21):
        _put(found, final[one] << 16 | final[two] << 8 | final[three], 4)
        one, two, three = two + 1, three + 1, one + 1
    _put(found, final[63], 2)
    return found.decode()


def _put(found: bytearray, value: int, count: int) -> None:
    for _ in range(count):
        found.append(_ALPHABET[value & 63])
        value >>= 6
