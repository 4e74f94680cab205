"""What this peel read of others' values: asked of a master, and kept for when none answers."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from zester_peel.answers import BadAnswer, answer_of
from zester_peel.trust import TrustWalk
from zester_proto.codec import digest, encode
from zester_proto.errors import ZesterError
from zester_proto.files import make_private_folder, write_atomic
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.signing import BadSignature
from zester_proto.link import LinkError, NatsLink
from zester_proto.logs import Log
from zester_proto.messages.basket import BasketAnswer, BasketAsk, BasketRow, BasketView, check_name
from zester_proto.subjects import peel_asks

FRESH: Final = 3.0
"""Seconds for which an answer serves all who ask the same."""

SILENT: Final = 15.0
"""Seconds for which nobody is asked after no master answered."""

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of one answer."""

KEPT: Final = 256
"""Answers that are kept; the oldest go."""

_TARGET: Final = 4096
_TRIES: Final = 3
_SECONDS: Final = 2.0


class BasketRefused(ZesterError):
    """Raised when a master says no."""


class BadView(ZesterError):
    """Raised when what came is not a master's answer to what was asked."""


class Seen(NamedTuple):
    """Where an answer lies."""

    path: Path
    asked: bool
    """A master has just given it; else it is what was kept."""


class Views:
    """Asks the masters, and keeps what they said in a folder of this peel alone."""

    def __init__(
        self,
        peel_id: str,
        folder: Path,
        *,
        link: NatsLink,
        trust: TrustWalk,
        log: Log,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._peel_id = peel_id
        self._folder = folder
        self._link = link
        self._trust = trust
        self._log = log
        self._random = random
        self._lock = asyncio.Lock()
        self._fresh: dict[Path, float] = {}
        self._silent_until = 0.0

    async def get(self, target: str, name: str) -> Seen:
        """Give what peels that a target means share under a name.

        Raises:
            ZesterError: it may not be read, or no master answers and nothing is kept.
        """
        check_name(name)
        if len(target) > _TARGET:
            raise BasketRefused(f"the target has {len(target)} characters, at most {_TARGET}")
        path = self._folder / digest(f"{target}\0{name}".encode()).hex()[:32]
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._fresh.get(path, 0.0) > now and path.exists():
                return Seen(path, asked=True)
            try:
                answer = await self._ask(target, name)
            except BasketRefused:
                path.unlink(missing_ok=True)
                raise
            except ZesterError as error:
                return self._kept(path, target, name, error)
            self._save(path, answer)
            self._fresh[path] = asyncio.get_running_loop().time() + FRESH
            return Seen(path, asked=True)

    def _kept(self, path: Path, target: str, name: str, error: ZesterError) -> Seen:
        if not path.exists():
            raise BasketRefused(
                f"what {target} shares as {name} is not known: {error.message}",
                hint="nothing is kept of it on this host; is a master there? zester-peel status",
            )
        self._log.info("a basket is read as it was kept", name=name, error=error.message)
        return Seen(path, asked=False)

    def _save(self, path: Path, answer: BasketAnswer) -> None:
        make_private_folder(self._folder)
        write_atomic(path, encode(answer))
        kept = sorted(self._folder.iterdir(), key=lambda one: one.stat().st_mtime)
        for one in kept[: max(0, len(kept) - KEPT)]:
            one.unlink(missing_ok=True)
            self._fresh.pop(one, None)

    async def _ask(self, target: str, name: str) -> BasketAnswer:
        now = asyncio.get_running_loop().time()
        if not self._link.connected:
            raise BadView("there is no bus")
        if now < self._silent_until:
            raise BadView("no master answered a moment ago")
        rows: list[BasketRow] = []
        size, time, after = 0, 0.0, ""
        while True:
            view = await self._page(target, name, after)
            if view.problem:
                raise BasketRefused(view.problem, hint=view.hint)
            size += sum(len(row.value) + len(row.peel) for row in view.rows)
            ids = [row.peel for row in view.rows]
            if size > LARGEST or ids != sorted(set(ids)) or (ids and ids[0] <= after):
                raise BadView(f"the answer about {name} is too large, or out of order")
            rows += view.rows
            time = time or view.time
            if not view.more or not ids:
                return BasketAnswer(target=target, name=name, time=time, rows=tuple(rows))
            after = ids[-1]

    async def _page(self, target: str, name: str, after: str) -> BasketView:
        problem: ZesterError = BadView("no master answers")
        for _ in range(_TRIES):
            ask = BasketAsk(nonce=self._random(16), target=target, name=name, after=after)
            try:
                answer = await self._link.request(
                    peel_asks(self._peel_id, "basket"), encode(ask), seconds=_SECONDS
                )
                return await self._verify(answer.data, ask)
            except (LinkError, BadAnswer, BadView, TrustError, BadSignature) as error:
                problem = error
        self._silent_until = asyncio.get_running_loop().time() + SILENT
        raise problem

    async def _verify(self, data: bytes, ask: BasketAsk) -> BasketView:
        view = await answer_of(
            data, "basket", BasketView, trust=self._trust, peel_id=self._peel_id, nonce=ask.nonce
        )
        if (view.target, view.name) != (ask.target, ask.name):
            raise BadView(f"the answer about {ask.name} is that to another question")
        return view
