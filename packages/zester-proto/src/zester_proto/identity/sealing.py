"""Seals: what only the holder of an X25519 or symmetric key reads (bus.md 2, 6.6).

All are XChaCha20-Poly1305 with a random 24-byte nonce in front. Associated data is what the
sealed bytes belong to; bytes moved elsewhere do not open.
"""

import hashlib
import os
from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from zester_proto.errors import ZesterError
from zester_proto.identity.signing import key_id

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 24
OVERHEAD: Final = NONCE_BYTES + 16
"""Bytes by which a seal is longer than what it holds."""

_PAIR: Final = b"zester/pair/v1"
_EPHEMERAL: Final = b"zester/once/v1"


class SealError(ZesterError):
    """Raised when sealed bytes do not open: another key, another place, or changed on the way."""


class BoxKey:
    """An X25519 key.

    Attributes:
        seed: its 32 secret bytes.
        public: its 32 public bytes.
        id: their short name.
    """

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise SealError(f"an X25519 key has {KEY_BYTES} bytes, not {len(seed)}")
        self.seed = seed
        self.public = crypto_scalarmult_base(seed)
        self.id = key_id(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> "BoxKey":
        """Give the key of 32 secret bytes."""
        return cls(seed)

    @classmethod
    def generate(cls) -> "BoxKey":
        """Make a new key."""
        return cls(os.urandom(KEY_BYTES))

    def __repr__(self) -> str:
        return f"BoxKey({self.id})"


def _derive(purpose: bytes, mine: BoxKey, theirs: bytes) -> bytes:
    if len(theirs) != KEY_BYTES:  # the binding does not look
        raise SealError(f"an X25519 key has {KEY_BYTES} bytes, not {len(theirs)}")
    try:
        secret = crypto_scalarmult(mine.seed, theirs)
    except (CryptoError, ValueError, TypeError) as error:
        raise SealError("not an X25519 public key that can be sealed for") from error
    low, high = sorted((mine.public, theirs))
    return hashlib.blake2b(low + high, key=secret, digest_size=KEY_BYTES, person=purpose).digest()


def shared_key(mine: BoxKey, theirs: bytes) -> bytes:
    """Give the key that two X25519 keys have in common, the same from both sides.

    It takes 30 us; callers that seal or open much keep it.

    Raises:
        SealError: `theirs` is no usable public key.
    """
    return _derive(_PAIR, mine, theirs)


def seal_with(key: bytes, aad: bytes, plain: bytes) -> bytes:
    """Seal under a 32-byte key (a shared one, or the settings key)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, nonce, key)


def open_with(key: bytes, aad: bytes, sealed: bytes) -> bytes:
    """Open what `seal_with` sealed.

    Raises:
        SealError: another key, other associated data, or changed bytes.
    """
    if len(sealed) < OVERHEAD:
        raise SealError(f"not a seal: {len(sealed)} bytes")
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(body, aad, nonce, key)
    except (CryptoError, ValueError, TypeError) as error:
        raise SealError("sealed bytes do not open: another key, place or content") from error


def seal_return(peel: BoxKey, return_public: bytes, aad: bytes, plain: bytes) -> bytes:
    """Seal what a peel says for the masters, so that they know it is the peel's.

    Raises:
        SealError: the return key is no usable public key.
    """
    return seal_with(shared_key(peel, return_public), aad, plain)


def open_return(return_key: BoxKey, peel_public: bytes, aad: bytes, sealed: bytes) -> bytes:
    """Open what a peel sealed for the masters.

    Raises:
        SealError: not sealed by that peel for this key, or for another place.
    """
    return open_with(shared_key(return_key, peel_public), aad, sealed)


def seal_to(public: bytes, aad: bytes, plain: bytes) -> bytes:
    """Seal for a key without saying who did: under a key pair made for this once.

    Raises:
        SealError: `public` is no usable public key.
    """
    once = BoxKey.generate()
    return once.public + seal_with(_derive(_EPHEMERAL, once, public), aad, plain)


def open_from(key: BoxKey, aad: bytes, sealed: bytes) -> bytes:
    """Open what `seal_to` sealed for a key.

    Raises:
        SealError: not for this key, other associated data, or changed bytes.
    """
    if len(sealed) < KEY_BYTES + OVERHEAD:
        raise SealError(f"not a seal: {len(sealed)} bytes")
    shared = _derive(_EPHEMERAL, key, sealed[:KEY_BYTES])
    return open_with(shared, aad, sealed[KEY_BYTES:])
