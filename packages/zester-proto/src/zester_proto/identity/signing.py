"""The one signed form: what makes anybody in Zester act (bus.md 2)."""

import hashlib
import os

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as _Ed25519
from nacl.signing import VerifyKey

from zester_proto.errors import ZesterError
from zester_proto.messages.trust import Signed, SignedType


class BadSignature(ZesterError):
    """Raised when bytes are not signed by the key, for the purpose or for the site they should."""


def key_id(public: bytes) -> str:
    """Give the short name of a raw public key: 16 hexadecimal digits of its BLAKE2b."""
    return hashlib.blake2b(public, digest_size=8).hexdigest()


def site_id(root_public: bytes) -> str:
    """Give the name of the site under a root: 32 hexadecimal digits; pinning one pins the other."""
    return hashlib.blake2b(root_public, digest_size=16).hexdigest()


class SigningKey:
    """An Ed25519 key that signs in our form.

    Attributes:
        seed: its 32 secret bytes.
        public: its 32 public bytes.
        id: their short name.
    """

    def __init__(self, seed: bytes) -> None:
        self._key = _Ed25519(seed)
        self.seed = seed
        self.public = bytes(self._key.verify_key)
        self.id = key_id(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Give the key of 32 secret bytes: those of a key file, or of an nkey."""
        return cls(seed)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a new key."""
        return cls(os.urandom(32))

    def signature(self, data: bytes) -> bytes:
        """Give the 64-byte signature of tagged bytes; only `sign` calls this."""
        return self._key.sign(data).signature

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"


def _tagged(kind: SignedType, site: str, body: bytes) -> bytes:
    return b"zester/%s/v1\0%s\0%s" % (kind.encode(), site.encode(), body)


def sign(key: SigningKey, kind: SignedType, site: str, body: bytes) -> Signed:
    """Sign bytes as what they are, for one site."""
    return Signed(type=kind, key_id=key.id, body=body, sig=key.signature(_tagged(kind, site, body)))


def verify(signed: Signed, public: bytes, kind: SignedType, site: str) -> bytes:
    """Give the body of a signed message, the bytes as they came.

    Raises:
        BadSignature: another type, another key, another site, or changed on the way.
    """
    if signed.type != kind:
        raise BadSignature(f"signed as {signed.type}, where {kind} belongs")
    if signed.key_id != key_id(public):
        raise BadSignature(f"signed by key {signed.key_id}, not by {key_id(public)}")
    try:
        VerifyKey(public).verify(_tagged(kind, site, signed.body), signed.sig)
    except (BadSignatureError, ValueError) as error:
        raise BadSignature(
            f"the signature of a {kind} by key {signed.key_id} is wrong, or is for another site"
        ) from error
    return signed.body
