"""The processes that render for a master: started when something is asked, ended when idle."""

import asyncio
import contextlib
import sys
import zlib
from collections.abc import Sequence
from typing import Final

from zester_master.known.wire import LIMIT, Answer, Batch, Peel, Question, Tree, answers_of, framed
from zester_proto.errors import CodecError, ZesterError
from zester_proto.logs import Log

COUNT: Final = 2
IDLE: Final = 600.0
PATIENCE: Final = 60.0
"""Seconds for a batch; a template that takes longer is ended with its process."""

BATCH: Final = 200
_HEADER: Final = 4
_log: Final = Log("zester.known")


class RendererGone(ZesterError):
    """Raised when a renderer ended before it answered."""


class _Renderer:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.root = b""
        self.process: asyncio.subprocess.Process | None = None
        self.used = 0.0

    async def ask(self, tree: Tree, batch: Batch) -> tuple[Answer, ...]:
        """Ask about a batch, after the tree is there.

        Raises:
            RendererGone: there is no answer.
        """
        async with self.lock:
            self.used = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._ask(tree, batch)
            except (OSError, EOFError, TimeoutError, CodecError) as error:
                await self.end()
                raise RendererGone(
                    f"a renderer of settings ended: {type(error).__name__} {error}".rstrip(),
                    hint="perhaps a template of the settings takes too long, or too much memory",
                ) from error
            except asyncio.CancelledError:
                await self.end()  # its answer would be taken for that to the next question
                raise

    async def _ask(self, tree: Tree, batch: Batch) -> tuple[Answer, ...]:
        if self.process is None:
            self.root = b""
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "zester_master.known.child",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LIMIT,
            )  # fmt: skip
        into, out = self.process.stdin, self.process.stdout
        assert into is not None
        assert out is not None
        if self.root != tree.root:
            into.write(framed(tree))
            self.root = tree.root
        into.write(framed(batch))
        await into.drain()
        header = await out.readexactly(_HEADER)
        body = await out.readexactly(int.from_bytes(header, "big"))
        return answers_of(body).answers

    async def end(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Renderers:
    """Some processes; a peel is always rendered by the same one, which keeps what it made."""

    def __init__(self, count: int = COUNT) -> None:
        self._all = [_Renderer() for _ in range(count)]

    async def ask(self, tree: Tree, question: Question, peels: Sequence[Peel]) -> dict[str, Answer]:
        """Ask about peels, in batches on all processes.

        Raises:
            RendererGone: one ended, and again at a second try.
        """
        shares: list[list[Peel]] = [[] for _ in self._all]
        for peel in peels:
            shares[zlib.crc32(peel.id.encode()) % len(shares)].append(peel)
        found: dict[str, Answer] = {}
        pairs = zip(self._all, shares, strict=True)
        try:
            async with asyncio.TaskGroup() as group:
                for renderer, share in pairs:
                    group.create_task(_share(renderer, tree, question, share, found))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several
        return found

    def processes(self) -> list[asyncio.subprocess.Process]:
        """Give those that run."""
        return [one.process for one in self._all if one.process is not None]

    async def tidy(self) -> None:
        """End those that nobody asked for a while."""
        now = asyncio.get_running_loop().time()
        for one in self._all:
            if one.process is not None and not one.lock.locked() and now - one.used > IDLE:
                await one.end()

    async def end(self) -> None:
        """End all."""
        for one in self._all:
            await one.end()


async def _share(
    renderer: _Renderer,
    tree: Tree,
    question: Question,
    peels: Sequence[Peel],
    found: dict[str, Answer],
) -> None:
    for at in range(0, len(peels), BATCH):
        batch = Batch(question=question, peels=tuple(peels[at : at + BATCH]))
        try:
            answers = await renderer.ask(tree, batch)
        except RendererGone as error:
            _log.warn("a renderer of settings is started again", error=error.message)
            answers = await renderer.ask(tree, batch)
        found.update({one.id: one for one in answers})
