"""States that run in a process of their own beside the others."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Final

import msgspec

from zester_modules.resource import Leaf
from zester_modules.states.run.outcome import Ran
from zester_modules.states.run.results import plain
from zester_proto import codec
from zester_proto.errors import CodecError

_LIMIT: Final = 64 * 1024 * 1024
_PATIENCE: Final = 8.0
"""Seconds in which a state ends its commands; those get five of them before SIGKILL."""


class Child(msgspec.Struct, frozen=True):
    """A state under way."""

    pid: int
    pipe: int


def start(work: Callable[[], Ran]) -> Child:
    """Run a state's turn in a fork of this process, which is the worker and has one thread."""
    read, write = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid:
        os.close(write)
        return Child(pid, read)
    code = 1
    try:
        os.close(read)
        with open(write, "wb") as pipe:  # noqa: PTH123  # a descriptor
            pipe.write(_pack(work()))
        code = 0
    finally:
        os._exit(code)  # what this process would do at its end is its parent's to do


def wait(child: Child) -> Ran:
    """Wait for a state's end, and give what became of it."""
    with open(child.pipe, "rb", closefd=False) as pipe:  # a descriptor
        data = pipe.read()
    _, status = os.waitpid(child.pid, 0)
    os.close(child.pipe)
    try:
        return codec.decode(data, Ran, limit=_LIMIT)
    except CodecError:
        code = os.waitstatus_to_exitcode(status)
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return Ran(result="failed", comment=f"its own process ended {how} and without a result")


def end(children: list[Child]) -> None:
    """Take states away that nobody waits for any more; what they have started ends with them."""
    end_at = time.monotonic() + _PATIENCE
    for child in children:
        _signal(child, signal.SIGTERM)
    for child in children:
        # its end of the pipe closes with it
        select.select([child.pipe], [], [], max(0.0, end_at - time.monotonic()))
        _signal(child, signal.SIGKILL)
        os.close(child.pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child.pid, 0)


def _signal(child: Child, number: signal.Signals) -> None:
    # nobody but `wait` and `end` reaps it: until then the number is its own
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, number)


def _pack(ran: Ran) -> bytes:
    leaves = tuple(
        Leaf(path=one.path, before=plain(one.before), after=plain(one.after)) for one in ran.leaves
    )
    return codec.encode(msgspec.structs.replace(ran, leaves=leaves, output=plain(ran.output)))
