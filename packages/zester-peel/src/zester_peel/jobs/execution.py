"""How one job is run: in the agent, as a command, or in a worker; and how it is ended early."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast

import msgspec

from zester_modules.bind import BoundCall, bind
from zester_modules.call import failure, prepare, run_inline
from zester_modules.context import Context, LazyFacts
from zester_modules.errors import Refused
from zester_modules.facts.collected import Collected
from zester_modules.function import AnyFunction
from zester_modules.host.process import Command
from zester_modules.output import Output, output_of
from zester_modules.registry import Registry
from zester_modules.returns import Return, masked, shorten
from zester_modules.states.trees import Trees
from zester_peel.jobs.letter import NOTHING
from zester_peel.nursery.client import Nursery, NurseryGone
from zester_peel.nursery.wire import VALUE_FILE, Exited, Order, Status, read_status
from zester_proto.codec import ENVELOPE_LIMIT, pack, unpack
from zester_proto.errors import ZesterError
from zester_proto.logs import Log
from zester_proto.messages.jobs import RETURN_CHUNK, Job, Outcome
from zester_proto.secrets.masker import Masker

T = TypeVar("T")

Why = Literal["cancelled", "timed-out", "stopped"]
"""Who ends a job before its own end: an operator, the clock, or this agent's own end."""

GRACE: Final = 5.0
"""Seconds between SIGTERM and SIGKILL."""

_TURN: Final = 4 * 1024 * 1024
"""Bytes that are copied before others get a turn."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended."""

    outcome: Outcome
    value: bytes = NOTHING
    """Packed; unless it lies in a file."""
    file: Path | None = None
    size: int = 0
    error: str = ""
    hint: str = ""
    truncated: bool = False
    facts: Collected | None = None
    """The host's facts, where the job found them anew."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What jobs on this host have in common."""

    registry: Registry
    peel_id: str
    version: str
    facts: Callable[[], dict[str, Any]]
    facts_file: Path
    locks: Path
    facts_dir: Path
    events: Path
    """Where events wait until they are sent."""
    worker_memory: int
    """Bytes of address space of a worker; 0 is no limit."""
    masker: Masker
    """Knows this peel's secrets."""
    auth: Path
    """Folder of this peel's keys, for workers that open secrets."""
    trees: Callable[[Job], Awaitable[Trees]]
    """Gives where the trees lie when a job begins; raises ZesterError where they cannot be had."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One job under way."""

    job: Job
    function: AnyFunction | None
    """None where a worker has to find it."""
    folder: Path
    seconds: float
    stop: "asyncio.Future[Why]"
    """Set to end it."""
    started: Callable[[int], None]
    """Told the process group in which it runs, where it has one of its own."""
    stay: float | None = None
    """Seconds that the nursery stays for it; None: as long as it does for any job."""


async def execute(run: Run, around: Surroundings, nursery: Nursery, log: Log) -> Ending:
    """Run a job to its end. Cancelling this kills it at once."""
    try:
        if run.function is None or run.function.runs == "worker":
            return await _in_worker(run, around, nursery, log)
        call = bind(run.function, *_arguments(run.job))
        context = _context(run, around)
        if run.function.runs == "inline":
            return await _inline(run, run_inline(call, context), context, log)
        return await _command(run, call, context, log)
    except ZesterError as error:
        answer = failure(run.job.function, error, around.masker)
        return _ending_of(answer, run, around.masker, log)
    except OSError as error:
        return _no_room(error)


def _no_room(error: OSError) -> Ending:
    return Ending(
        outcome=Outcome.FAILED,
        error=f"the peel cannot keep what a job needs or returns: {error.strerror or error}",
        hint="make room on the disk of state_dir",
    )


def _arguments(job: Job) -> tuple[list[Any], dict[str, Any]]:
    args = unpack(bytes(job.args), limit=ENVELOPE_LIMIT)
    kwargs = unpack(bytes(job.kwargs), limit=ENVELOPE_LIMIT)
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Refused("the arguments of the job are no list and no map")
    return cast("list[Any]", args), cast("dict[str, Any]", kwargs)


def _context(run: Run, around: Surroundings) -> Context:
    return Context(
        registry=around.registry,
        peel_id=around.peel_id,
        facts=LazyFacts(around.facts),
        jid=run.job.jid,
        test=run.job.test,
        tmp=run.folder,
        facts_dir=around.facts_dir,
        events=around.events,
        version=around.version,
        deadline=time.monotonic() + run.seconds,
        masker=around.masker,
    )


def early(why: Why, seconds: float = 0) -> Ending:
    """Give the ending of a job that was stopped."""
    match why:
        case "cancelled":
            return Ending(outcome=Outcome.CANCELLED, error="it was cancelled")
        case "timed-out":
            after = f" after {seconds:.4g} s" if seconds else ""
            return Ending(outcome=Outcome.TIMED_OUT, error=f"its time was up{after}")
        case "stopped":
            return Ending(
                outcome=Outcome.FAILED,
                error="the peel was stopped while it ran",
                hint="run it again: zester job rerun JID --failed",
            )


# -- in the agent ----------------------------------------------------------------------------------


async def _unless_stopped(run: Run, work: Coroutine[Any, Any, T]) -> T | None:
    """Give what comes of the work, or None if the job was stopped before."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, run.stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def _inline(
    run: Run, work: Coroutine[Any, Any, Return], context: Context, log: Log
) -> Ending:
    answer = await _unless_stopped(run, work)
    if answer is None:
        return early(run.stop.result(), run.seconds)
    return _ending_of(answer, run, context.masker, log)


def _ending_of(answer: Return, run: Run, masker: Masker, log: Log) -> Ending:
    answer = masked(answer, masker)
    packed, truncated = shorten(pack(answer.value), run.job.max_return)
    if answer.debug:
        log.debug("a function raised", error=answer.error, traceback=answer.debug)
    ending = Ending(
        outcome=Outcome(answer.outcome),
        value=packed,
        error=answer.error,
        hint=answer.hint,
        truncated=truncated,
        facts=answer.facts,
    )
    if len(packed) <= RETURN_CHUNK:
        return ending
    file = run.folder / VALUE_FILE
    _write(file, [packed])
    return msgspec.structs.replace(ending, value=NOTHING, file=file, size=len(packed))


# -- as a command ----------------------------------------------------------------------------------


async def _command(run: Run, call: BoundCall, context: Context, log: Log) -> Ending:
    spec = await _unless_stopped(run, prepare(call, context))
    if spec is None:
        return early(run.stop.result(), run.seconds)
    if isinstance(spec, Return):
        return _ending_of(spec, run, context.masker, log)
    command = Command(spec, run.folder, limit=run.job.max_return, masker=context.masker)
    task = asyncio.ensure_future(command.run())
    tell = asyncio.get_running_loop().call_soon(_tell_group, command, run, task)
    try:
        await asyncio.wait({task, run.stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            command.stop("timed-out" if run.stop.result() == "timed-out" else "cancelled")
            await asyncio.wait({task})
    finally:
        tell.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    output = output_of(task.result(), timeout=spec.timeout, limit=run.job.max_return)
    try:
        return await _ending_of_command(run, output)
    finally:
        output.close()


def _tell_group(command: Command, run: Run, task: "asyncio.Future[Any]") -> None:
    if command.pid:
        run.started(command.pid)
    elif not task.done():
        asyncio.get_running_loop().call_later(0.01, _tell_group, command, run, task)


async def _ending_of_command(run: Run, output: Output) -> Ending:
    outcome, error, hint = output.outcome, output.error, ""
    finished = output.finished
    if run.stop.done() and run.stop.result() == "stopped" and finished.ended != "exited":
        stopped = early("stopped")
        outcome, error, hint = stopped.outcome, stopped.error, stopped.hint
    problem = finished.stdout.problem or finished.stderr.problem
    if problem and outcome is Outcome.CHANGED:
        outcome, error = Outcome.FAILED, problem
        hint = "the command itself ended well; make room on the disk of state_dir"
    ending = Ending(outcome=outcome, error=error, hint=hint, truncated=output.truncated)
    if output.size <= RETURN_CHUNK:
        return msgspec.structs.replace(ending, value=b"".join(output.parts()))
    file = run.folder / VALUE_FILE
    await _copy(file, output)
    return msgspec.structs.replace(ending, file=file, size=output.size)


async def _copy(file: Path, output: Output) -> None:
    since = 0
    parts = output.parts()
    with _create(file) as target:
        for part in parts:
            target.write(part)
            since += len(part)
            if since > _TURN:
                since = 0
                await asyncio.sleep(0)


def _create(file: Path) -> Any:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(file, flags, 0o600), "wb")


def _write(file: Path, parts: list[bytes]) -> None:
    with _create(file) as target:
        target.writelines(parts)


# -- in a worker -----------------------------------------------------------------------------------


async def _in_worker(run: Run, around: Surroundings, nursery: Nursery, log: Log) -> Ending:
    async def find() -> Trees:
        return await around.trees(run.job)

    trees = await _unless_stopped(run, find())
    if trees is None:
        return early(run.stop.result(), run.seconds)
    order = _order(run, around, trees, nursery.next_number())
    task = asyncio.ensure_future(nursery.run(order, started=run.started, stay=run.stay))
    try:
        await asyncio.wait({task, run.stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await _end_worker(order.n, nursery, task)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    try:
        exited = task.result()
    except (NurseryGone, asyncio.CancelledError) as error:
        if run.stop.done():
            return early(run.stop.result(), run.seconds)
        hint = error.hint if isinstance(error, NurseryGone) else ""
        return Ending(outcome=Outcome.FAILED, error=str(error), hint=hint)
    _log_printed(exited, run.job, around.masker, log)
    status = read_status(run.folder)
    if status is None:
        return _died(run, exited)
    return _ending_of_worker(run, status, log)


def _order(run: Run, around: Surroundings, trees: Trees, n: int) -> Order:
    job = run.job
    return Order(
        n=n,
        function=job.function,
        args=job.args,
        kwargs=job.kwargs,
        jid=job.jid,
        peel_id=around.peel_id,
        folder=str(run.folder),
        locks=str(around.locks),
        facts=str(around.facts_file),
        facts_dir=str(around.facts_dir),
        events=str(around.events),
        version=around.version,
        test=job.test,
        seconds=run.seconds,
        own_timeout=run.function is None and not job.timeout,
        max_return=job.max_return,
        memory=around.worker_memory,
        trees=trees,
        sealed=job.sealed,
        auth=str(around.auth),
    )


async def _end_worker(n: int, nursery: Nursery, task: "asyncio.Future[Exited]") -> None:
    nursery.signal(n, signal.SIGTERM)
    nursery.signal(n, signal.SIGCONT)
    await asyncio.wait({task}, timeout=GRACE)
    if not task.done():
        nursery.signal(n, signal.SIGKILL)
        await asyncio.wait({task}, timeout=GRACE)


def _log_printed(exited: Exited, job: Job, masker: Masker, log: Log) -> None:
    if exited.printed and job.sealed:
        # only its worker has seen these secrets, and it may be dead
        printed = len(exited.printed) + exited.lost
        log.info("a function with secret arguments printed", bytes_left_out=printed)
    elif exited.printed:
        mask = masker.cut if exited.lost else masker.raw
        text = mask(exited.printed).decode("utf-8", "replace")
        log.info("a function printed", text=text, bytes_left_out=exited.lost)


def _died(run: Run, exited: Exited) -> Ending:
    if run.stop.done():
        return early(run.stop.result(), run.seconds)
    if exited.error:
        return Ending(
            outcome=Outcome.FAILED,
            error=exited.error,
            hint="the host may be out of processes or memory",
        )
    if exited.code == -signal.SIGALRM:
        return early("timed-out")
    if exited.code < 0:
        hint = (
            "perhaps the host ran out of memory: look at `dmesg`"
            if exited.code == -signal.SIGKILL
            else "this is a fault in the function or in a library that it uses"
        )
        return Ending(
            outcome=Outcome.FAILED,
            error=f"its worker was killed by {_signal_name(-exited.code)}",
            hint=hint,
        )
    return Ending(
        outcome=Outcome.FAILED,
        error=f"its worker ended with exit code {exited.code} and without an answer",
        hint="this is a fault in the function: it may not end the process that it runs in",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _ending_of_worker(run: Run, status: Status, log: Log) -> Ending:
    if status.debug:
        log.debug("a function raised", error=status.error, traceback=status.debug)
    file = run.folder / VALUE_FILE
    ending = Ending(
        outcome=status.outcome,
        error=status.error,
        hint=status.hint,
        truncated=status.truncated,
        facts=status.facts,
    )
    if status.size < 0:
        return ending
    if status.size <= RETURN_CHUNK:
        return msgspec.structs.replace(ending, value=file.read_bytes())
    return msgspec.structs.replace(ending, file=file, size=status.size)
