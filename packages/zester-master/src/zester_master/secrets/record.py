"""One secret as it lies in the bucket `site`, sealed under the settings key (settings.md 2).

| key | value |
| --- | --- |
| `store.secret.<name in hexadecimal digits>` | a sealed `SecretRecord` |
"""

from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from zester_master.site.keyring import open_any
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.sealing import SealError, seal_with
from zester_proto.permissions import Role
from zester_proto.secrets.references import NAMES, is_name

BUCKET: Final = "site"
PREFIX: Final = "store.secret."
MAX_VALUE: Final = 64 * 1024
"""Bytes of one secret."""

SHORT: Final = 6
"""Bytes below which a value is masked only where it is said: it may stand anywhere by chance."""

ROLES: Final = (Role.OPERATOR, Role.ADMIN)
"""Who may hand secrets to functions, the lesser first."""


class BadSecret(ZesterError):
    """Raised for a name or value that cannot be a secret's."""


class SecretRecord(msgspec.Struct, frozen=True, kw_only=True, tag="secret", tag_field="t"):
    """One secret."""

    name: str
    value: str
    changed: float
    """Unix time."""
    by: str = ""
    """Who set it, or which source gave it."""
    short: bool = False
    """It is masked though it is shorter than six bytes."""
    role: str = Role.ADMIN
    """The least role that may hand it to a function (`key=secret:NAME`)."""

    def __repr__(self) -> str:
        """Give no value, wherever this comes to be printed."""
        return f"SecretRecord({self.name!r})"


class Secrets(Protocol):
    """What settings and jobs ask for the values of secrets."""

    async def want(self, names: Iterable[str]) -> None:
        """See to it that `find` gives those of these secrets that are to be had."""
        ...

    def find(self, name: str) -> SecretRecord | None:
        """Give a secret, or None."""
        ...

    def names(self) -> list[str]:
        """Give all names that are known, sorted."""
        ...

    def lacking(self, name: str, known: Iterable[str]) -> BadSecret:
        """Give what to say of a secret that is not to be had, where others are `known`."""
        ...


class NoSecrets:
    """A master that has none."""

    async def want(self, names: Iterable[str]) -> None:
        """There are none."""

    def find(self, name: str) -> SecretRecord | None:
        """There is none."""
        del name  # of the protocol

    def names(self) -> list[str]:
        """There are none."""
        return []

    def lacking(self, name: str, known: Iterable[str]) -> BadSecret:
        """There is none."""
        del known  # of the protocol
        return BadSecret(f"there is no secret {name!r}")


def check_name(name: str) -> str:
    """Give the name of a secret back.

    Raises:
        BadSecret: it is none.
    """
    if not is_name(name):
        raise BadSecret(f"{name[:80]!r} is no name of a secret", hint=NAMES)
    return name


def check_value(name: str, data: bytes, *, short: bool) -> str:
    """Give a value as a text, without the newline that `echo` and editors put behind one line.

    Args:
        name: the secret's.
        data: as it came.
        short: the value may have fewer than six bytes.

    Raises:
        BadSecret: it cannot be one; the text does not say what it is.
    """
    if len(data) > MAX_VALUE:
        raise BadSecret(f"the value of {name} has {len(data)} bytes, at most {MAX_VALUE} are kept")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadSecret(
            f"the value of {name} is no text",
            hint="write bytes in base64, and decode them where "
            "they are used: {{ secret('NAME') | base64_decode }}",
        ) from None  # the error behind it would say the value
    text = text.removesuffix("\n").removesuffix("\r") if text.count("\n") == 1 else text
    if not text or "\0" in text:
        raise BadSecret(f"the value of {name} is empty or holds a NUL")
    if len(text.encode()) < SHORT and not short:
        raise BadSecret(
            f"the value of {name} has fewer than {SHORT} bytes: masking it in all that peels say "
            "would hide much that is no secret",
            hint="take a longer one, or add --short",
        )
    return text


def secret_key(name: str) -> str:
    """Give the key of a secret in the bucket.

    Raises:
        BadSecret: it is no name.
    """
    return PREFIX + check_name(name).encode().hex()


def sealed_record(settings_key: bytes, record: SecretRecord) -> bytes:
    """Seal a record for the store."""
    return seal_with(settings_key, secret_aad(secret_key(record.name)), encode(record))


def opened_record(
    settings_key: bytes, key: str, data: bytes, also: Iterable[bytes] = ()
) -> SecretRecord:
    """Open a record from the store; `also` are other keys that may have sealed it.

    Raises:
        BadSecret: it was not sealed by a master of this site, or for another name.
    """
    try:
        record = decode(open_any(settings_key, also, secret_aad(key), data), SecretRecord)
    except (SealError, CodecError) as error:
        raise BadSecret(f"the stored secret {key} cannot be read: {error}") from error
    if secret_key(record.name) != key:
        raise BadSecret(f"the stored secret {key} is that of another name")
    return record


def secret_aad(key: str) -> bytes:
    """Give what binds a sealed record to its key in the bucket."""
    return f"zester/secret/v1/{key}".encode()
