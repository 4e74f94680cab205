"""The secret store: values in the bucket `site`, sealed under the settings key (settings.md 2).

| key | value |
| --- | --- |
| `store.secret.<name in hexadecimal digits>` | a sealed `SecretRecord` |
"""

import asyncio
from typing import Final

import msgspec

from zester_master.context import Context
from zester_proto.codec import decode, encode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.identity.sealing import SealError, open_with, seal_with
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import watch
from zester_proto.logs import Log

BUCKET: Final = "site"
PREFIX: Final = "store.secret."
MAX_VALUE: Final = 64 * 1024
"""Bytes of one secret."""

_NAME_MAX: Final = 64
_log: Final = Log("zester.secrets")


class BadSecret(ZesterError):
    """Raised for a name or value that cannot be a secret's."""


class SecretRecord(msgspec.Struct, frozen=True, kw_only=True, tag="secret", tag_field="t"):
    """One secret."""

    name: str
    value: str
    changed: float
    """Unix time."""
    by: str = ""
    """Who set it."""
    short: bool = False
    """It is masked though it is shorter than six bytes."""
    role: str = "admin"
    """The least role that may hand it to a function (`key=secret:NAME`)."""


def secret_key(name: str) -> str:
    """Give the key of a secret in the bucket.

    Raises:
        BadSecret: it is no name.
    """
    sound = name.isascii() and all(sign.isalnum() or sign in "_./-" for sign in name)
    if not sound or not 0 < len(name) <= _NAME_MAX:
        raise BadSecret(
            f"{name[:80]!r} is no name of a secret",
            hint=f"use 1 to {_NAME_MAX} of A-Z a-z 0-9 _ . / -",
        )
    return PREFIX + name.encode().hex()


def sealed_record(settings_key: bytes, record: SecretRecord) -> bytes:
    """Seal a record for the store."""
    return seal_with(settings_key, _aad(secret_key(record.name)), encode(record))


def opened_record(settings_key: bytes, key: str, data: bytes) -> SecretRecord:
    """Open a record from the store.

    Raises:
        BadSecret: it was not sealed by a master of this site, or for another name.
    """
    try:
        record = decode(open_with(settings_key, _aad(key), data), SecretRecord)
    except (SealError, CodecError) as error:
        raise BadSecret(f"the stored secret {key} cannot be read: {error}") from error
    if secret_key(record.name) != key:
        raise BadSecret(f"the stored secret {key} is that of another name")
    return record


def _aad(key: str) -> bytes:
    return f"zester/secret/v1/{key}".encode()


class SecretValues:
    """All secrets, as this master last read them.

    Attributes:
        changes: rises with each that changed.
        read: set when all that was stored is known.
    """

    def __init__(self, context: Context) -> None:
        self.changes = 0
        self.read = asyncio.Event()
        self._context = context
        self._records: dict[str, SecretRecord] = {}

    async def run(self) -> None:
        """Follow the store, until cancelled."""
        async with watch(self._context.link, BUCKET, f"{PREFIX}*") as batches:
            async for batch in batches:
                for entry in batch.entries:
                    self._take(entry)
                if batch.caught_up:
                    self.read.set()

    def _take(self, entry: Entry) -> None:
        self.changes += 1
        try:
            name = bytes.fromhex(entry.key.removeprefix(PREFIX)).decode()
        except ValueError:
            return
        if entry.operation != "put":
            self._records.pop(name, None)
            return
        try:
            record = opened_record(self._context.keys.settings, entry.key, entry.value)
        except BadSecret as error:
            _log.error("a secret is not believed", error=error.message)
            return
        self._records[name] = record

    def find(self, name: str) -> SecretRecord | None:
        """Give a secret, or None."""
        return self._records.get(name)

    def names(self) -> list[str]:
        """Give all names, sorted."""
        return sorted(self._records)

    def value(self, name: str) -> str:
        """Give a value.

        Raises:
            KeyError: there is no such secret.
        """
        return self._records[name].value

    def is_short(self, name: str) -> bool:
        """Say whether a secret is masked though it is short."""
        record = self._records.get(name)
        return record is not None and record.short
