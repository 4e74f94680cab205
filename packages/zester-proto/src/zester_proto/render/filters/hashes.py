"""Filters that hash, encode and name by hash."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

_NAMESPACE: Final = uuid.UUID("91633EBF-1C86-5E33-935A-28061F4B480E")
"""The one of Salt's `uuid` filter, so that the same name gives the same UUID."""


def to_bytes(value: Any, encoding: str | None = None, errors: str = "strict") -> bytes:
    """Return the bytes of a text, UTF-8 if nothing else is asked for.

    Raises:
        TypeError: it is no text.
    """
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if not isinstance(value, str):
        raise TypeError(f"a text or bytes are wanted here, not {type(value).__name__}")
    return value.encode(encoding or "utf-8", errors)


def _digest(name: str) -> Callable[[Any], str]:
    def digest(value: Any) -> str:
        return hashlib.new(name, to_bytes(value), usedforsecurity=False).hexdigest()

    return digest


def base64_encode(value: Any) -> str:
    """Return the base64 of a text or bytes, on one line."""
    return base64.b64encode(to_bytes(value)).decode()


def base64_decode(value: Any) -> str | bytes:
    """Return the text that base64 holds, or its bytes if that is no text."""
    decoded = base64.b64decode(to_bytes(value))
    try:
        return decoded.decode()
    except UnicodeDecodeError:
        return decoded


def check_hmac(value: Any, secret: Any, challenge: Any) -> bool:
    """Say whether `challenge` is the base64 of the HMAC-SHA256 of a text under a secret."""
    made = base64.b64encode(hmac.digest(to_bytes(secret), to_bytes(value), "sha256"))
    return hmac.compare_digest(made, to_bytes(challenge))


def hmac_compute(value: Any, secret: Any) -> str:
    """Return the HMAC-SHA256 of a text under a secret, as hexadecimal digits."""
    return hmac.digest(to_bytes(secret), to_bytes(value), "sha256").hex()


def name_uuid(value: Any) -> str:
    """Return the UUID that belongs to a name."""
    return str(uuid.uuid5(_NAMESPACE, value.decode() if isinstance(value, bytes) else str(value)))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: _digest(name) for name in ("md5", "sha1", "sha256", "sha512")},
    "base64_encode": base64_encode,
    "base64_decode": base64_decode,
    "hmac": check_hmac,
    "hmac_compute": hmac_compute,
    "uuid": name_uuid,
    "to_bytes": to_bytes,
}
