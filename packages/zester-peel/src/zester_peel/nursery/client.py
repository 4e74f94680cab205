"""The agent's side of the nursery: starts it when it is needed, and is told of every worker."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from zester_modules.host.start import Exit, reap
from zester_peel.nursery.wire import (
    Exited,
    FromNursery,
    Order,
    Ready,
    Signal,
    Started,
    frame,
    frame_length,
    report_of,
)
from zester_proto.errors import CodecError, ZesterError

IDLE: Final = 600.0
"""Seconds after its last worker after which the nursery goes away (bus.md 6.11)."""

_END: Final = 5.0


class NurseryGone(ZesterError):
    """Raised when the nursery ended while a worker of it ran."""


class _Job:
    """A worker that was asked for."""

    def __init__(self, order: Order, started: Callable[[int], None]) -> None:
        self.order = order
        self.started = started
        self.sent = False
        self.pid = 0
        self.gone: asyncio.Future[Exited] = asyncio.get_running_loop().create_future()


class Nursery:
    """One nursery at most: `serve` is its life, `run` a worker of it.

    Attributes:
        process: the nursery while there is one.
    """

    def __init__(self, *, idle: float = IDLE) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._idle = idle
        self._jobs: dict[int, _Job] = {}
        self._next = 0
        self._wanted = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        """When the nursery goes, by the loop's time, if no worker runs then."""

    def next_number(self) -> int:
        """Give the number of the next order."""
        self._next += 1
        return self._next

    async def run(
        self, order: Order, *, started: Callable[[int], None], stay: float | None = None
    ) -> Exited:
        """Have a worker run an order, and wait for its end. Cancelling this kills the worker.

        Args:
            order: what to run.
            started: called with the number of the worker's process and group.
            stay: seconds that the nursery stays for it afterwards; None: as long as for any.

        Raises:
            NurseryGone: the nursery ended; so did the worker.
        """
        job = self._jobs[order.n] = _Job(order, started)
        self._send_order(job)
        self._wanted.set()
        try:
            return await job.gone
        except asyncio.CancelledError:
            self.signal(order.n, signal.SIGKILL)
            raise
        finally:
            self._forget(order.n, self._idle if stay is None else min(stay, self._idle))

    def signal(self, n: int, what: signal.Signals) -> None:
        """Send a signal to the group of a worker; one that was not started yet never is."""
        job = self._jobs.get(n)
        if job is None:
            return
        if job.sent and self._writer is not None:
            self._writer.write(frame(Signal(n=n, number=int(what))))
        elif not job.sent and not job.gone.done():
            self._jobs.pop(n)
            job.gone.set_result(Exited(n=n, code=-int(what)))

    def _send_order(self, job: _Job) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is not None:
            self._writer.write(frame(job.order))
            job.sent = True

    def _forget(self, n: int, stay: float) -> None:
        self._jobs.pop(n, None)
        loop = asyncio.get_running_loop()
        self._until = max(self._until, loop.time() + stay)
        if not self._jobs and self._timer is None and self._writer is not None:
            self._timer = loop.call_at(self._until, self._send_away)

    def _send_away(self) -> None:
        """End an idle nursery: it ends when its socket does."""
        self._timer = None
        self._until = 0.0
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def serve(self) -> None:
        """Start a nursery whenever one is wanted; runs until it is cancelled."""
        while True:
            while not self._jobs:
                self._wanted.clear()
                await self._wanted.wait()
            await self._life()

    async def _life(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self.process = _start(theirs)
            except OSError as error:
                ours.close()
                self._fail(f"cannot start the nursery of workers: {error.strerror or error}")
                return
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        ready, nonsense = False, ""
        try:
            while (message := await _read(reader)) is not None:
                ready = True
                self._heard(message, writer)
        except CodecError as error:
            nonsense = f"speaks nonsense: {error.message}"
        finally:
            self._send_away()
            writer.close()
            code = await self._end(self.process)
        self._fail(f"the nursery of workers {nonsense or _ending(code)}", unsent=not ready)

    def _heard(self, message: FromNursery, writer: asyncio.StreamWriter) -> None:
        if isinstance(message, Ready):
            self._writer = writer
            for job in self._jobs.values():
                self._send_order(job)
            return
        job = self._jobs.get(message.n)
        if job is None:
            return
        if isinstance(message, Started):
            job.pid = message.pid
            job.started(message.pid)
        elif not job.gone.done():
            job.gone.set_result(message)

    async def _end(self, process: "subprocess.Popen[bytes]") -> int:
        """Give the exit code of a nursery whose socket is closed; kill it if it does not end."""
        exit_ = Exit(process)
        try:
            await asyncio.wait({exit_.seen}, timeout=_END)
            if not exit_.seen.done():
                process.kill()
                await asyncio.wait({exit_.seen}, timeout=_END)
        finally:
            exit_.close()
            self.process = None
            code = reap(process)
        return code

    def _fail(self, reason: str, *, unsent: bool = True) -> None:
        """Tell those who wait for a worker that there is none any more."""
        for job in self._jobs.values():
            if not (job.sent or unsent):
                continue  # it came while an idle nursery went: the next one takes it
            if job.pid:
                # the worker died with the nursery; what that started may not have
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(job.pid, signal.SIGKILL)
            if not job.gone.done():
                job.gone.set_exception(
                    NurseryGone(reason, hint="the next job starts a new one; look into the log")
                )


async def _read(reader: asyncio.StreamReader) -> FromNursery | None:
    try:
        length = frame_length(await reader.readexactly(4))
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None
    return report_of(body)


def _start(channel: socket.socket) -> "subprocess.Popen[bytes]":
    # -P: the agent's working directory is no place to import from
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "zester_peel.nursery", str(channel.fileno())],
        pass_fds=(channel.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )


def _ending(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
