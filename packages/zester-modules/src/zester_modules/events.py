"""Events that jobs tell: they wait in a folder until the agent has sent them."""

import errno
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from zester_modules.context import Context
from zester_proto import codec
from zester_proto.errors import ZesterError
from zester_proto.files import write_atomic
from zester_proto.ids import new_jid
from zester_proto.messages.events import LARGEST, Told, read_tag

WAKE: Final = ".wake"
"""A FIFO in that folder; the agent looks when something comes through it."""

ROOM: Final = 1000
"""Events that wait at most."""


class EventProblem(ZesterError):
    """Raised when an event cannot be told."""


def tell(context: Context, tag: str, data: Mapping[str, Any]) -> None:
    """Tell an event, without what is secret; without an agent it is only logged.

    Raises:
        BadTag: its tag cannot be one.
        EventProblem: its tag holds a secret, it is too large, or too many wait already.
        ZesterError: it cannot be kept.
    """
    if context.masker.is_in(tag):
        raise EventProblem(
            f"the tag {context.masker.text(tag)} of an event holds a secret",
            hint="tags are names on the bus, which whoever runs a server reads",
        )
    told = Told(
        id=new_jid(), tag=read_tag(tag), time=time.time(), jid=context.jid,
        data=context.masker.data(codec.normalise(dict(data))),
    )  # fmt: skip
    packed = codec.encode(told)
    if len(packed) > LARGEST:
        raise EventProblem(
            f"the event {told.tag} has {len(packed)} bytes, at most {LARGEST} are taken",
            hint="say where to look in place of what is there",
        )
    if context.events is None:
        context.log.info("event %s: %s", told.tag, told.data)
        return
    if len(waiting(context.events)) >= ROOM:
        raise EventProblem(
            f"{ROOM} events wait already for the bus to take them",
            hint="is the peel connected? zester status",
        )
    # ids of one second are in no order
    write_atomic(context.events / f"{time.time_ns():020d}.{told.id}", packed)
    _wake(context.events / WAKE)


def waiting(folder: Path) -> list[Path]:
    """Give the events that wait, the oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _wake(fifo: Path) -> None:
    try:
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ENXIO, errno.ENOENT}:
            return  # the agent is not there; it looks when it starts
        raise EventProblem(f"cannot tell the agent of an event: {error.strerror}") from error
    try:
        os.write(descriptor, b"!")
    except BlockingIOError:
        return  # it is full, so the agent will look
    finally:
        os.close(descriptor)
