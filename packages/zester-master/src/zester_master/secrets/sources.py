"""Where values of secrets come from besides the store: commands, files, the environment.

    secret_sources:
      vault/: [command, vault, kv, get, -field=value, "secret/{name}"]
      run/: [file, /run/secrets]
      env/: [environment, ZESTER_SECRET_]

A source serves all names that begin as it is called, and the store none of them.
"""

import asyncio
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from zester_master.secrets.command import CommandFailed, output_of
from zester_master.secrets.record import MAX_VALUE, BadSecret, SecretRecord, check_name, check_value
from zester_proto.config_convert import BadValue
from zester_proto.errors import ZesterError
from zester_proto.health import Condition, Health
from zester_proto.units import did_you_mean, few

PERIOD: Final = 300.0
"""Seconds between two looks at a source."""

AGAIN: Final = 15.0
"""Seconds until what was never given is asked for again."""

KINDS: Final = ("command", "environment", "file")
_CONDITION: Final = "secret-source"


class SourceFailed(ZesterError):
    """Raised when a source gives no value; the text never says what it gave."""


class Source(NamedTuple):
    """One source."""

    prefix: str
    """How the names begin that it serves."""
    kind: str
    words: tuple[str, ...]

    def read(self, name: str) -> str:
        """Give the value of a secret; blocks as long as the source does.

        Raises:
            SourceFailed: there is none.
        """
        rest = name.removeprefix(self.prefix)
        try:
            data = _READERS[self.kind](self.words, rest)
            # what a source gives was not chosen here: a short one is masked too
            return check_value(name, data, short=True)
        except BadSecret as error:
            raise SourceFailed(error.message, hint=error.hint) from None


def sources_of(table: Mapping[str, tuple[str, ...]]) -> tuple[Source, ...]:
    """Read the key `secret_sources` of the configuration; the longest prefixes come first.

    Raises:
        BadValue: it says nothing that can be done.
    """
    found: list[Source] = []
    for prefix, words in table.items():
        key = f"secret_sources.{prefix}"
        kind, rest = (words[0], words[1:]) if words else ("", ())
        if kind not in KINDS:
            raise BadValue(
                f"{kind!r} is no kind of source", hint=did_you_mean(kind, KINDS), key=key
            )
        if not rest or (kind != "command" and len(rest) != 1):
            wanted = {"command": "a command", "file": "a folder", "environment": "a prefix"}[kind]
            raise BadValue(f"behind {kind} stands {wanted}", key=key)
        try:
            check_name(prefix)
        except BadSecret as error:
            raise BadValue(error.message, hint=error.hint, key=key) from error
        found.append(Source(prefix, kind, tuple(rest)))
    return tuple(sorted(found, key=lambda one: -len(one.prefix)))


class Sources:
    """All sources, and what they gave last.

    Args:
        sources: the longest prefixes first.
        health: told which of them fail.
        wall: Unix time.
        period: seconds between two looks.
        again: seconds until what was never given is asked for again.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        health: Health,
        wall: Callable[[], float] = time.time,
        period: float = PERIOD,
        again: float = AGAIN,
    ) -> None:
        self._sources = tuple(sources)
        self._health = health
        self._wall = wall
        self._period = period
        self._again = again
        self._records: dict[str, SecretRecord] = {}
        self._failed: dict[str, str] = {}
        self._reading: dict[str, asyncio.Task[bool]] = {}

    def serves(self, name: str) -> bool:
        """Say whether a secret is one of a source."""
        return self._source(name) is not None

    def _source(self, name: str) -> Source | None:
        return next((one for one in self._sources if name.startswith(one.prefix)), None)

    def find(self, name: str) -> SecretRecord | None:
        """Give what a source gave last."""
        return self._records.get(name)

    def names(self) -> list[str]:
        """Give the names of all that was ever asked for and given."""
        return list(self._records)

    async def want(self, names: Iterable[str]) -> bool:
        """Ask for what was never given; say whether something came."""
        missing = [one for one in names if one not in self._records and self.serves(one)]
        return await self._read(missing)

    def failure(self, name: str) -> str:
        """Say why a source does not give a secret; empty where no source serves it."""
        source = self._source(name)
        if source is None:
            return ""
        return f"the source {source.prefix}: {self._failed.get(name, 'it was not asked yet')}"

    async def run(self, changed: Callable[[], None]) -> None:
        """Look again from time to time, until cancelled.

        Args:
            changed: told when a value is another one, or when who needs one should ask again.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look(changed), name="values of sources")
            group.create_task(self._forget(changed), name="failures of sources")

    async def _look(self, changed: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(self._period)
            if await self._read(list(self._records)):
                changed()

    async def _forget(self, changed: Callable[[], None]) -> None:
        """Let what was never given be asked for again; what nobody needs any more is not."""
        while True:
            await asyncio.sleep(self._again)
            never = self._failed.keys() - self._records.keys()
            for name in never:
                del self._failed[name]
            if never:
                changed()
            else:
                self._say()

    async def _read(self, names: list[str]) -> bool:
        found = await asyncio.gather(*(self._once(name) for name in names))
        if names:
            self._say()
        return any(found)

    async def _once(self, name: str) -> bool:
        """Read one, at the same time never twice."""
        task = self._reading.get(name)
        if task is None:
            task = self._reading[name] = asyncio.create_task(self._take(name))
            task.add_done_callback(lambda _: self._reading.pop(name, None))
        return await asyncio.shield(task)

    async def _take(self, name: str) -> bool:
        source = self._source(name)
        assert source is not None  # only such names are asked for
        try:
            value = await asyncio.to_thread(source.read, name)
        except SourceFailed as error:
            self._failed[name] = error.message
            return False
        self._failed.pop(name, None)
        before = self._records.get(name)
        if before is not None and before.value == value:
            return False
        self._records[name] = SecretRecord(
            name=name, value=value, changed=self._wall(), by=f"source {source.prefix}", short=True
        )
        return True

    def _say(self) -> None:
        if not self._failed:
            self._health.clear(_CONDITION)
            return
        told = [f"{name}: {why}" for name, why in sorted(self._failed.items())]
        self._health.set(
            Condition(
                _CONDITION,
                "warning",
                f"secrets cannot be read from their source: {few(told, 3, between='; ')}",
                "the last values stay; look at secret_sources in the master's configuration",
            )
        )


# -- kinds -----------------------------------------------------------------------------------------


def _command(words: tuple[str, ...], rest: str) -> bytes:
    if rest.startswith("-"):
        raise SourceFailed("a name that begins with '-' is no argument of a command")
    argv = [word.replace("{name}", rest) for word in words]
    try:
        # one byte more tells that it is too large
        return output_of(argv, {"ZESTER_SECRET_NAME": rest}, limit=MAX_VALUE + 1)
    except CommandFailed as error:
        raise SourceFailed(error.message) from None


def _environment(words: tuple[str, ...], rest: str) -> bytes:
    name = words[0] + re.sub("[^A-Za-z0-9]", "_", rest).upper()
    value = os.environ.get(name)
    if value is None:
        raise SourceFailed(f"{name} is not set")
    return value.encode(errors="surrogateescape")


def _file(words: tuple[str, ...], rest: str) -> bytes:
    folder = Path(words[0])
    try:
        path = (folder / rest).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise SourceFailed(f"{folder / rest} lies outside of {folder}")
        # a pipe is no file: whoever opens it waits for who writes into it, perhaps for ever
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceFailed(f"{folder / rest} is no file")
            return file.read(MAX_VALUE + 1)
    except OSError as error:
        raise SourceFailed(f"{folder / rest}: {error.strerror}") from None


_READERS: Final[dict[str, Callable[[tuple[str, ...], str], bytes]]] = {
    "command": _command, "environment": _environment, "file": _file,
}  # fmt: skip
