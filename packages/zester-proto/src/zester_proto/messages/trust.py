"""The one signed form, and what makes keys trusted (bus.md 2)."""

from typing import Literal

import msgspec

from zester_proto.messages.base import Message

SignedType = Literal[
    "job", "cancel", "drain", "welcome", "page", "answer", "basket", "tree", "settings",
    "secrets", "update", "bundle", "bundle-key", "request", "join",
]  # fmt: skip


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes and who answers for them.

    The signature covers `zester/<type>/v1 NUL <site> NUL <body>`. `type` here only tells the
    receiver what to verify: another one in its place fails.
    """

    type: SignedType
    key_id: str
    body: bytes
    sig: bytes


class MasterKey(msgspec.Struct, frozen=True, kw_only=True):
    """The job key of one master."""

    master: str
    public: bytes


class OperatorEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An operator whom masters obey."""

    name: str
    nkey: str
    role: str


class TrustBundle(Message, frozen=True, kw_only=True, tag="bundle"):
    """Whom everybody of a site trusts, from one version to the next."""

    site: str
    version: int
    previous: bytes = b""
    """Digest of the body of the version before; empty in version 1."""
    issued: float
    job_keys: tuple[MasterKey, ...] = ()
    return_keys: tuple[bytes, ...] = ()
    """X25519 public keys of the masters together; the first is the one to seal for."""
    cas: tuple[str, ...] = ()
    operators: tuple[OperatorEntry, ...] = ()
    next_root: bytes = b""


class BundleKeyCertificate(Message, frozen=True, kw_only=True, tag="bundle-key"):
    """The site root's word that a key may sign bundles for a while (Unix seconds)."""

    site: str
    public: bytes
    not_before: float
    not_after: float


class SignedBundle(Message, frozen=True, kw_only=True, tag="signed-bundle"):
    """A bundle as it is stored and carried; without certificate the root itself signed it."""

    bundle: Signed
    certificate: Signed | None = None


class JoinRequest(Message, frozen=True, kw_only=True, tag="join"):
    """What a peel says of itself before it has a site."""

    id: str
    nkey: str
    box: bytes
    """Its X25519 public key."""
    issued: float


class JoinBundle(Message, frozen=True, kw_only=True, tag="join-bundle"):
    """What a site gives a peel that it admits; holds no secret."""

    id: str
    site: str
    root: bytes
    jwt: str
    nats_url: str
    cas: tuple[str, ...]
    bundles: tuple[SignedBundle, ...]
