"""NKeys: Ed25519 keys in the text form of NATS, and the nonces that they sign for a server.

The form is that of nats-io/nkeys: a prefix byte, the 32 key bytes, a little-endian CRC-16, all in
base32 without padding; a seed has two prefix bytes.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, Literal

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as _Ed25519
from nacl.signing import VerifyKey

from zester_proto.errors import ZesterError

Kind = Literal["operator", "account", "user"]

_PREFIX: Final[dict[Kind, int]] = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
_KIND: Final[dict[int, Kind]] = {prefix: kind for kind, prefix in _PREFIX.items()}
_SEED_PREFIX: Final = 18 << 3
_PUBLIC_LENGTH: Final = 56
_SEED_LENGTH: Final = 58
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{11,64}", re.ASCII)


class BadKey(ZesterError):
    """Raised when a text is no key of the kind that is needed."""


class OddNonce(ZesterError):
    """Raised when a server asks for a signature under something that is no nonce."""


class NKey:
    """A private key of NATS.

    Attributes:
        kind: what it may stand for.
        seed: its 32 secret bytes.
        raw_public: its 32 public bytes.
        public: the public key as text (`U...`, `A...`, `O...`).
    """

    def __init__(self, kind: Kind, seed: bytes) -> None:
        self._key = _Ed25519(seed)
        self.kind: Kind = kind
        self.seed = seed
        self.raw_public = bytes(self._key.verify_key)
        self.public = encode_public(kind, self.raw_public)

    @classmethod
    def generate(cls, kind: Kind) -> "NKey":
        """Make a new key."""
        return cls(kind, bytes(_Ed25519.generate()))

    @classmethod
    def from_seed_text(cls, text: str, kind: Kind) -> "NKey":
        """Read a seed (`SU...`, `SA...`, `SO...`).

        Raises:
            BadKey: it is no seed of that kind.
        """
        return cls(kind, decode_seed(text, kind))

    @property
    def seed_text(self) -> str:
        """The seed as text; secret."""
        return encode_seed(self.kind, self.seed)

    def sign(self, data: bytes) -> bytes:
        """Give the 64-byte signature of `data`."""
        return self._key.sign(data).signature

    def __repr__(self) -> str:
        return f"NKey({self.public})"


def _crc(data: bytes) -> bytes:
    return binascii.crc_hqx(data, 0).to_bytes(2, "little")


def _base32(data: bytes) -> str:
    return base64.b32encode(data + _crc(data)).decode().rstrip("=")


def _raw(text: str, length: int) -> bytes:
    """Undo `_base32`; the text is not repeated in errors, since it may be a secret."""
    if len(text) != length or not text.isascii():
        raise BadKey(f"not a key: it has {len(text)} characters instead of {length}")
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise BadKey("not a key: it is not base32") from error
    if _crc(data[:-2]) != data[-2:]:
        raise BadKey("not a key: its check sum is wrong", hint="copy the key again, whole")
    if base64.b32encode(data).decode().rstrip("=") != text:
        raise BadKey("not a key: its last letter has bits that mean nothing")
    return data[:-2]


def encode_public(kind: Kind, raw: bytes) -> str:
    """Give the text form of a 32-byte public key."""
    return _base32(bytes([_PREFIX[kind]]) + raw)


def decode_public(text: str, kind: Kind) -> bytes:
    """Give the 32 bytes of a public key of that kind.

    Raises:
        BadKey: it is none.
    """
    data = _raw(text, _PUBLIC_LENGTH)
    if data[0] != _PREFIX[kind]:
        raise BadKey(f"{text} is not the public key of a NATS {kind}")
    return data[1:]


def encode_seed(kind: Kind, seed: bytes) -> str:
    """Give the text form of a 32-byte seed; secret."""
    prefix = _PREFIX[kind]
    return _base32(bytes([_SEED_PREFIX | prefix >> 5, (prefix & 31) << 3]) + seed)


def decode_seed(text: str, kind: Kind) -> bytes:
    """Give the 32 bytes of a seed of that kind.

    Raises:
        BadKey: it is none.
    """
    data = _raw(text, _SEED_LENGTH)
    if data[0] & 0xF8 != _SEED_PREFIX:
        raise BadKey("not a seed: it is a public key or something else")
    found = _KIND.get((data[0] & 7) << 5 | data[1] >> 3)
    if found != kind:
        raise BadKey(f"the seed is of a NATS {found or 'server or cluster'}, not of a {kind}")
    return data[2:]


def verify(public: str, kind: Kind, data: bytes, signature: bytes) -> bool:
    """Say whether `signature` is that of `data` by the key whose public text is given.

    Raises:
        BadKey: the text is no public key of that kind.
    """
    raw = decode_public(public, kind)
    try:
        VerifyKey(raw).verify(data, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def nonce_signer(key: NKey) -> Callable[[str], bytes]:
    """Give the callback with which nats-py signs a server's nonce.

    It signs texts of `[A-Za-z0-9_-]{11,64}` alone: neither one of our signed forms nor a JWT is
    such a text, so a false server gets nothing that it could use elsewhere (bus.md 2).

    The callback raises:
        OddNonce: the server sent something else.
    """

    def sign(nonce: str) -> bytes:
        if _NONCE.fullmatch(nonce) is None:
            raise OddNonce(
                f"the NATS server asks to sign {nonce[:80]!r}, which is no nonce",
                hint="check nats_url: this may not be your NATS server",
            )
        return base64.urlsafe_b64encode(key.sign(nonce.encode())).rstrip(b"=")

    return sign
