"""What `zester-master secret` does to the store: put, take away, list, and tell the audit."""

from collections.abc import Callable
from typing import Final, NamedTuple

from zester_master.journal import STREAM
from zester_master.secrets.record import (
    BUCKET,
    PREFIX,
    BadSecret,
    SecretRecord,
    opened_record,
    sealed_record,
    secret_key,
)
from zester_proto.codec import encode
from zester_proto.link import NatsLink, WrongRevision, kv
from zester_proto.link.kv import store
from zester_proto.messages.records import Audit
from zester_proto.subjects import audit

_AREA: Final = "secret"


class Kept(NamedTuple):
    """A secret and the revision under which it lies."""

    record: SecretRecord
    revision: int


class SecretStore:
    """The store, for one who may read a master's keys.

    Attributes:
        link: a connection in account ZESTER.

    Args:
        link: a connection in account ZESTER.
        settings_key: the masters'.
        master: whose connection that is.
        wall: Unix time.
        also: other keys that may have sealed what lies there.
    """

    def __init__(
        self,
        link: NatsLink,
        settings_key: bytes,
        master: str,
        wall: Callable[[], float],
        also: tuple[bytes, ...] = (),
    ) -> None:
        self.link = link
        self._key = settings_key
        self._also = also
        self._master = master
        self._wall = wall

    async def get(self, name: str) -> Kept | None:
        """Give a secret, or None.

        Raises:
            BadSecret: it is no name, or what lies there is no secret of this site.
            LinkError: it cannot be read.
        """
        entry = await kv.get(self.link, BUCKET, secret_key(name), fresh=True)
        if entry is None:
            return None
        return Kept(opened_record(self._key, entry.key, entry.value, self._also), entry.revision)

    async def all(self) -> list[SecretRecord]:
        """Give all secrets, by name.

        Raises:
            BadSecret: one is none of this site.
            LinkError: they cannot be read.
        """
        found = await kv.get_many(self.link, BUCKET, f"{PREFIX}*")
        records = [
            opened_record(self._key, key, entry.value, self._also) for key, entry in found.items()
        ]
        return sorted(records, key=lambda one: one.name)

    async def put(self, record: SecretRecord, before: Kept | None) -> None:
        """Keep a secret in the place of what was there.

        Raises:
            BadSecret: somebody else was faster.
            LinkError: it may or may not be stored.
        """
        key, value = secret_key(record.name), sealed_record(self._key, record)
        try:
            if before is None:
                await kv.create(self.link, BUCKET, key, value)
            else:
                await kv.update(self.link, BUCKET, key, value, before.revision)
        except WrongRevision as error:
            raise BadSecret(
                f"the secret {record.name} was changed by somebody else meanwhile",
                hint="look at it with zester-master secret list, and do it again",
            ) from error
        await self._forget_old(key)
        await self._tell("set" if before is None else "changed", record)

    async def remove(self, kept: Kept) -> None:
        """Take a secret away.

        Raises:
            LinkError: it may or may not be gone.
        """
        key = secret_key(kept.record.name)
        await kv.delete(self.link, BUCKET, key)
        await self._forget_old(key)
        await self._tell("removed", kept.record)

    async def _forget_old(self, key: str) -> None:
        """Keep no value that was replaced: the bucket has a history, and a leak of it a use."""
        await kv.purge(self.link, BUCKET, key, keep=1)

    async def _tell(self, what: str, record: SecretRecord) -> None:
        entry = Audit(
            area=_AREA, what=what, time=self._wall(), master=self._master,
            data={"name": record.name, "by": record.by, "role": record.role},
        )  # fmt: skip
        await store(self.link, STREAM, audit(_AREA, what), encode(entry))
