"""A master that answers what a test says, on a real bus with the site's real keys."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, cast

from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from zester_proto import subjects
from zester_proto.codec import Raw, decode, digest, encode, pack, unpack
from zester_proto.identity.signing import SigningKey, sign
from zester_proto.messages.jobs import ReturnMeta, frame_return
from zester_proto.messages.operators import Answer, Page, PageRow, Problem, Request, RunAsk
from zester_proto.messages.trust import Signed
from zester_proto.permissions import Role
from zester_testing.site import Bus

ZESTER = Path(sys.executable).with_name("zester")
PATIENCE = 30.0


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Asked(NamedTuple):
    """A request as it came, verified by nobody: the command is on trial here, not the master."""

    message: Msg
    request: Request
    operator: str

    def ask(self, kind: type[Any]) -> Any:
        """Read its arguments."""
        return decode(bytes(self.request.arguments), kind)


Handler = Callable[[Asked], Awaitable[None]]


def plain(value: Any, *, seconds: float = 0.01, error: str = "", hint: str = "") -> bytes:
    """Give the plain text of a return."""
    meta = ReturnMeta(instance="i", started=1.0, seconds=seconds, error=error, hint=hint)
    return frame_return(encode(meta), pack(value))


def row(key: str, outcome: str, data: bytes = b"", late: str = "") -> PageRow:
    """Give a row that holds all of its value."""
    return PageRow(key=key, outcome=outcome, total=len(data), data=data, late=late)


def ok(key: str, value: Any = True, outcome: str = "ok") -> PageRow:
    """Give the row of a peel that did as it was told."""
    return row(key, outcome, plain(value))


class PagesOf:
    """Signs the pages of one request."""

    def __init__(self, master: "StageMaster", asked: Asked, jid: str = "", epoch: int = 1) -> None:
        self._master = master
        self._asked = asked
        self._jid = jid
        self.epoch = epoch
        self.n = 0
        self.previous = b""

    def make(
        self,
        rows: Iterable[PageRow] = (),
        counts: dict[str, int] | None = None,
        *,
        final: bool = False,
        info: Any = None,
    ) -> bytes:
        """Give the next page, signed."""
        body = encode(
            Page(
                request=self._asked.request.id,
                jid=self._jid,
                epoch=self.epoch,
                master=self._master.name,
                n=self.n,
                previous=self.previous,
                rows=tuple(rows),
                counts=counts or {},
                final=final,
                info=Raw(pack(info)),
            )
        )
        self.n += 1
        self.previous = digest(body)
        return self._master.signed("page", body)

    async def send(self, data: bytes) -> None:
        """Send what `make` gave, or anything else, to who asked."""
        subject = subjects.page(self._asked.operator, self._asked.request.id)
        await self._master.nats.publish(subject, data)


class StageMaster:
    """Answers requests as handlers say; its key is that of the site's `master-1`."""

    name = "master-1"

    def __init__(self, bus: Bus, nats: Nats) -> None:
        self.bus = bus
        self.nats = nats
        self.key: SigningKey = bus.site.master.keys.job
        self.site: str = bus.site.master.commons.trust.site
        self.handlers: dict[str, Handler] = {"catalogue": self.no_catalogue}
        self.asked: list[Asked] = []
        self.clock_off = 0.0

    def signed(self, kind: Any, body: bytes) -> bytes:
        """Give a body in the signed form."""
        return encode(sign(self.key, kind, self.site, body))

    async def hear(self, message: Msg) -> None:
        """Take a request from the bus."""
        operator, verb = subjects.parse_api(message.subject)
        request = decode(decode(message.data, Signed).body, Request)
        asked = Asked(message, request, operator)
        self.asked.append(asked)
        handler = self.handlers.get(verb)
        if handler is not None:
            await handler(asked)

    def verbs(self) -> list[str]:
        """Give what was asked, in order, but for what only feeds the cache."""
        return [one.request.verb for one in self.asked if one.request.verb != "catalogue"]

    async def answer(
        self,
        asked: Asked,
        value: Any = None,
        *,
        problem: Problem | None = None,
        pages: bool = False,
    ) -> None:
        """Answer a request."""
        body = encode(
            Answer(
                request=asked.request.id,
                time=time.time() + self.clock_off,
                master=self.name,
                problem=problem,
                value=Raw(pack(value)),
                pages=pages,
            )
        )
        await asked.message.respond(self.signed("answer", body))

    async def no_catalogue(self, asked: Asked) -> None:
        """Answer that no catalogue is known."""
        await self.answer(asked, [])

    def says(self, verb: str, value: Any) -> None:
        """Have a verb answered by a value."""

        async def handler(asked: Asked) -> None:
            await self.answer(asked, value)

        self.handlers[verb] = handler

    def refuses(self, verb: str, code: str, text: str, hint: str = "") -> None:
        """Have a verb refused."""

        async def handler(asked: Asked) -> None:
            await self.answer(asked, problem=Problem(code=code, text=text, hint=hint))

        self.handlers[verb] = handler

    def lists(self, verb: str, rows: Iterable[PageRow], value: Any = None) -> None:
        """Have a verb answered by one page of rows."""
        fixed = tuple(rows)

        async def handler(asked: Asked) -> None:
            await self.answer(asked, value, pages=True)
            pages = PagesOf(self, asked)
            await pages.send(pages.make(fixed, final=True))

        self.handlers[verb] = handler

    def runs(self, *rows: PageRow, verb: str = "run", **info: Any) -> None:
        """Have jobs end at once with these rows."""

        async def handler(asked: Asked) -> None:
            jid = unpack(bytes(asked.request.arguments))["jid"]
            await self.answer(asked, {"jid": jid, "count": len(rows), "epoch": 1}, pages=True)
            pages = PagesOf(self, asked, jid)
            told = {"jid": jid, "state": "complete", "count": len(rows), **info}
            await pages.send(pages.make(rows, counts_of(rows), final=True, info=told))

        self.handlers[verb] = handler

    def run_ask(self) -> RunAsk:
        """Give the last job that was asked for."""
        found = [one for one in self.asked if one.request.verb == "run"]
        return found[-1].ask(RunAsk)

    def run_words(self) -> tuple[list[Any], dict[str, Any]]:
        """Give the arguments of the last job that was asked for."""
        ask = self.run_ask()
        return unpack(bytes(ask.args)), unpack(bytes(ask.kwargs))

    async def zester(
        self, *words: str, role: Role = Role.ADMIN, stdin: bytes = b"", **environment: str
    ) -> Done:
        """Run the command to its end."""
        process = await self.start(*words, role=role, **environment)
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def start(
        self, *words: str, role: Role = Role.ADMIN, **environment: str
    ) -> asyncio.subprocess.Process:
        """Start the command."""
        return await asyncio.create_subprocess_exec(
            ZESTER,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment(role) | environment,
        )

    def environment(self, role: Role = Role.ADMIN) -> dict[str, str]:
        """Give what a command of an operator finds in its environment."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.bus.site.paths.root),
            "ZESTER_CONFIG": str(self.bus.site.operator_config(role)),
            "XDG_CACHE_HOME": str(self.cache),
        }

    @property
    def cache(self) -> Path:
        """Where commands keep what they know."""
        return self.bus.site.paths.root / "cache"


def counts_of(rows: Iterable[PageRow]) -> dict[str, int]:
    """Count the outcomes of rows."""
    counts: dict[str, int] = {}
    for one in rows:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return counts


@contextlib.asynccontextmanager
async def stage(bus: Bus) -> AsyncGenerator[StageMaster]:
    """Connect a master and have it hear requests."""
    nats = await bus.connect(bus.site.master.credentials)
    one = StageMaster(bus, nats)
    # nats-py leaves part of its type open
    await cast("Any", nats).subscribe(subjects.API_ALL, subjects.MASTERS, one.hear)
    await nats.flush()
    try:
        yield one
    finally:
        await nats.close()
