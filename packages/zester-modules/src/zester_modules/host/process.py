"""Commands in a session and process group of their own, run without blocking the agent."""

import asyncio
import signal
from pathlib import Path
from typing import Final, Literal

import msgspec

from zester_modules.errors import Refused
from zester_modules.host import start
from zester_modules.host.spool import CHUNK, Spool
from zester_modules.host.start import CommandSpec, Started
from zester_modules.host.threads import in_daemon_thread
from zester_proto.secrets.masker import Masker

__all__ = ["GRACE", "RETURN_LIMIT", "Command", "CommandSpec", "Ended", "Finished", "run_command"]

RETURN_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of output that are kept unless the job says otherwise (bus.md 6.6)."""

GRACE: Final = 5.0
"""Seconds between SIGTERM and SIGKILL."""

LINGER: Final = 0.25
"""Seconds that output is still read after the command's own end; a daemon that it left behind may
hold the pipe for ever."""

Ended = Literal["exited", "timed-out", "cancelled"]


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended; close it, and its spools' files are gone."""

    exit_code: int
    """As a shell counts: 128 and the signal's number for one that a signal killed."""
    ended: Ended
    stdout: Spool
    stderr: Spool
    signal: int = 0
    left_behind: bool = False
    """Something that it started still holds its output; what that writes is not read."""

    def close(self) -> None:
        """Take the spooled output away."""
        self.stdout.close()
        self.stderr.close()


class Command:
    """One run of a command: `await run()` once; `stop()` at any time, from the same loop.

    Args:
        spec: what to run.
        folder: where output goes that is more than a little; it must exist.
        limit: bytes of each of stdout and stderr that are kept.
        text: keep output as valid UTF-8.
        masker: takes secrets out of the output; without it they are kept.
        grace: seconds between SIGTERM and SIGKILL.

    Attributes:
        pid: of the command and of its group, once it runs; else 0.
    """

    def __init__(
        self,
        spec: CommandSpec,
        folder: Path,
        *,
        limit: int = RETURN_LIMIT,
        text: bool = True,
        masker: Masker | None = None,
        grace: float = GRACE,
    ) -> None:
        self.pid = 0
        self._spec = spec
        self._grace = grace
        self._folder = folder
        self._stdout = Spool(folder / "stdout", limit=limit, text=text, masker=masker)
        self._stderr = Spool(folder / "stderr", limit=limit, text=text, masker=masker)
        self._interrupt: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()

    def stop(self, why: Ended = "cancelled") -> None:
        """End the command and all of its group: SIGTERM, then SIGKILL."""
        if not self._interrupt.done():
            self._interrupt.set_result(why)

    async def run(self) -> Finished:
        """Run the command to its end.

        Cancelling this ends the command's group as `stop` does; cancelling twice kills it at once.

        Raises:
            Refused: its folder cannot be entered, or this host cannot start processes.
        """
        loop = asyncio.get_running_loop()
        timer = None
        if self._spec.timeout is not None:
            timer = loop.call_later(self._spec.timeout, self.stop, "timed-out")
        try:
            return await self._run()
        except BaseException:
            self._stdout.close()
            self._stderr.close()
            raise
        finally:
            if timer is not None:
                timer.cancel()
            self._interrupt.cancel()

    async def _run(self) -> Finished:
        spec, folder = self._spec, self._folder
        # never in the loop: entering a folder on a dead network drive blocks until exec
        starting = in_daemon_thread(lambda: start.start(spec, folder), late=start.discard)
        try:
            await asyncio.wait({starting, self._interrupt}, return_when="FIRST_COMPLETED")
            # one that is just about to come up gets its SIGTERM first, as every other
            await asyncio.wait({starting}, timeout=self._grace)
        except asyncio.CancelledError:
            if not starting.cancel() and not starting.exception():
                start.discard(starting.result())
            raise
        if not starting.done():
            starting.cancel()
            return self._finished(-signal.SIGKILL, interrupted=True)
        try:
            started = starting.result()
        except OSError as error:
            return self._not_started(error)
        except ValueError as error:
            raise Refused(f"cannot start the command: {error}") from error
        self.pid = started.process.pid
        return await self._follow(started)

    async def _follow(self, started: Started) -> Finished:
        exit_ = start.Exit(started.process)
        readers = (
            _Reader(started.stdout, self._stdout),
            _Reader(started.stderr, self._stderr),
        )
        ends = [reader.ended for reader in readers]
        interrupted = False
        try:
            await asyncio.wait({exit_.seen, self._interrupt}, return_when="FIRST_COMPLETED")
            if not exit_.seen.done():
                interrupted = True
                await self._end_group(started, exit_, ends)
            await asyncio.wait(ends, timeout=LINGER)
        except asyncio.CancelledError:
            if not exit_.seen.done():
                await self._end_group(started, exit_, ends)
            raise
        finally:
            if not exit_.seen.done():
                start.signal_group(started.process, signal.SIGKILL)
            exit_.close()
            left_behind = not all([reader.close() for reader in readers])  # noqa: C419  # each
            # reaped only here: until now the group's number could not become somebody else's
            code = start.reap(started.process)
        return self._finished(code, interrupted=interrupted, left_behind=left_behind)

    async def _end_group(
        self, started: Started, exit_: start.Exit, ends: "list[asyncio.Future[None]]"
    ) -> None:
        start.signal_group(started.process, signal.SIGTERM)
        # one that was stopped handles SIGTERM only when it goes on
        start.signal_group(started.process, signal.SIGCONT)
        try:
            await asyncio.wait({exit_.seen}, timeout=self._grace)
            if exit_.seen.done():
                await asyncio.wait(ends, timeout=min(1.0, self._grace))
        finally:
            start.signal_group(started.process, signal.SIGKILL)
        await asyncio.wait({exit_.seen}, timeout=GRACE)

    def _finished(
        self, code: int, *, interrupted: bool = False, left_behind: bool = False
    ) -> Finished:
        self._stdout.end()
        self._stderr.end()
        return Finished(
            exit_code=128 - code if code < 0 else code,
            ended=self._interrupt.result() if interrupted else "exited",
            stdout=self._stdout,
            stderr=self._stderr,
            signal=max(0, -code),
            left_behind=left_behind,
        )

    def _not_started(self, error: OSError) -> Finished:
        name = self._spec.argv[0]
        code = start.shell_code(error)
        if error.filename == self._spec.cwd != name:
            raise Refused(
                f"cannot enter the folder {self._spec.cwd}: {error.strerror}",
                hint="give another folder with cwd=",
            ) from error
        if code is None:
            raise Refused(
                f"cannot start {name!r}: {error.strerror}",
                hint="the host may be out of processes or memory, or the arguments too long",
            ) from error
        problem = "not found" if code == start.NOT_FOUND else f"{error.strerror}"
        self._stderr.write(f"{name}: {problem}\n".encode(errors="replace"))
        return self._finished(code)


async def run_command(
    spec: CommandSpec,
    folder: Path,
    *,
    limit: int = RETURN_LIMIT,
    grace: float = GRACE,
    text: bool = True,
) -> Finished:
    """Run a command to its end; see `Command`.

    Raises:
        Refused: it cannot be started at all.
    """
    return await Command(spec, folder, limit=limit, grace=grace, text=text).run()


class _Reader:
    """Moves one pipe into its spool, a piece at each turn of the loop."""

    def __init__(self, pipe: int, spool: Spool) -> None:
        self._loop = asyncio.get_running_loop()
        self._pipe = pipe
        self._spool = spool
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(pipe, self._turn)

    def _turn(self) -> bool:
        data = start.read_some(self._pipe, CHUNK)
        if data:
            self._spool.write(data)
        elif data is not None and not self.ended.done():
            self._loop.remove_reader(self._pipe)
            self.ended.set_result(None)
        return bool(data)

    def close(self) -> bool:
        """Read what is left, and say whether that was all."""
        # what the command wrote before its end is in the pipe; 16 turns are a pipe of 1 MiB
        for _ in range(16):
            if self.ended.done() or not self._turn():
                break
        self._loop.remove_reader(self._pipe)
        start.close(self._pipe)
        return self.ended.done()
