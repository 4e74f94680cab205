"""States that run in a process of their own beside the others."""

import os
import signal
from collections.abc import Callable
from typing import Final

import msgspec

from zester_modules.resource import Leaf
from zester_modules.states.run.outcome import Ran
from zester_modules.states.run.results import plain
from zester_proto import codec
from zester_proto.errors import CodecError

_LIMIT: Final = 64 * 1024 * 1024


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
    with open(child.pipe, "rb") as pipe:  # noqa: PTH123  # a descriptor
        data = pipe.read()
    _, status = os.waitpid(child.pid, 0)
    try:
        return codec.decode(data, Ran, limit=_LIMIT)
    except CodecError:
        code = os.waitstatus_to_exitcode(status)
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return Ran(result="failed", comment=f"its own process ended {how} and without a result")


def end(children: list[Child]) -> None:
    """Take states away that nobody waits for any more."""
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
        os.close(child.pipe)
        os.waitpid(child.pid, 0)


def _pack(ran: Ran) -> bytes:
    leaves = tuple(
        Leaf(path=one.path, before=plain(one.before), after=plain(one.after)) for one in ran.leaves
    )
    return codec.encode(msgspec.structs.replace(ran, leaves=leaves, output=plain(ran.output)))
