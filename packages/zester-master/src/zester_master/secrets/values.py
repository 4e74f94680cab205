"""All secrets of the site, as this master last read them from the store and from sources."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from zester_master.context import Context
from zester_master.secrets.record import (
    BUCKET,
    PREFIX,
    BadSecret,
    SecretRecord,
    opened_record,
)
from zester_master.secrets.sources import Sources
from zester_proto.link.jsapi import Entry
from zester_proto.link.watch import watch
from zester_proto.logs import Log
from zester_proto.units import did_you_mean

PATIENCE: Final = 5.0
"""Seconds that who wants a secret waits for the store to have been read."""

_log: Final = Log("zester.secrets")


class SecretValues:
    """The values of secrets.

    Attributes:
        changes: rises with each that changed.
        read: set when all that was stored is known.
    """

    def __init__(self, context: Context, sources: Sources) -> None:
        self.changes = 0
        self.read = asyncio.Event()
        self._context = context
        self._sources = sources
        self._records: dict[str, SecretRecord] = {}

    async def run(self) -> None:
        """Follow the store and the sources, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="secret store")
            group.create_task(self._sources.run(self._changed), name="secret sources")

    async def _follow(self) -> None:
        async with watch(self._context.link, BUCKET, f"{PREFIX}*") as batches:
            async for batch in batches:
                if batch.restarted:
                    self._records.clear()
                for entry in batch.entries:
                    self._take(entry)
                self._learn(self._records.values())
                if batch.caught_up:
                    self.read.set()

    def _changed(self) -> None:
        self.changes += 1
        self._learn(filter(None, map(self._sources.find, self._sources.names())))

    def _learn(self, records: Iterable[SecretRecord]) -> None:
        """Have what this master says be without them: also what a template's error quotes."""
        known = list(records)
        short = [one.value for one in known if one.short]
        self._context.masker.learn((one.value for one in known), short)

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
            keys = self._context.keys
            record = opened_record(keys.settings, entry.key, entry.value, keys.also)
        except BadSecret as error:
            _log.error("a secret is not believed", error=error.message)
            return
        self._records[name] = record

    async def want(self, names: Iterable[str]) -> None:
        """See to it that `find` gives those of these secrets that are to be had."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.read.wait()
        if await self._sources.want(names):
            self._changed()

    def find(self, name: str) -> SecretRecord | None:
        """Give a secret, or None."""
        if self._sources.serves(name):
            return self._sources.find(name)
        return self._records.get(name)

    def names(self) -> list[str]:
        """Give all names that are known, sorted."""
        return sorted({*self._records, *self._sources.names()})

    def value(self, name: str) -> str:
        """Give a value.

        Raises:
            KeyError: there is no such secret.
        """
        record = self.find(name)
        if record is None:
            raise KeyError(name)
        return record.value

    def lacking(self, name: str, known: Iterable[str]) -> BadSecret:
        """Give what to say of a secret that is not to be had.

        Args:
            name: for which `find` gives nothing.
            known: names that may be told instead.
        """
        why = self._sources.failure(name)
        if why:
            hint = "see to that source; secret_sources in the master's configuration names it"
            return BadSecret(f"there is no secret {name!r}: {why}", hint=hint)
        hint = did_you_mean(name, known) or f"on a master: zester-master secret set {name}"
        return BadSecret(f"there is no secret {name!r}", hint=hint)

    def is_short(self, name: str) -> bool:
        """Say whether a secret is masked though it is short."""
        record = self.find(name)
        return record is not None and record.short
