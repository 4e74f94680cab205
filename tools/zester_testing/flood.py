"""A peel that writes as fast as it can to each subject that its credentials let it write to."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from zester_proto.ids import new_jid, token
from zester_proto.permissions import Role, scoped_template
from zester_testing.field import Field
from zester_testing.raw import Raw, Refused
from zester_testing.site import tls_context

BURST = 50
"""Messages between two looks at what the server says."""


class Flood(NamedTuple):
    """What a flood came to."""

    subjects: int
    messages: int
    seconds: float
    least: int
    """Messages on the subject that had the fewest."""
    cut: int
    """How often the server ended the connection."""

    def __str__(self) -> str:
        rate = self.messages / self.seconds
        return (
            f"{self.messages:,} messages on {self.subjects} subjects in {self.seconds:.0f} s"
            f" ({rate:,.0f} a second, at least {self.least:,} on each, {self.cut} times cut off)"
        )


def subjects_of(peel_id: str) -> list[str]:
    """Give every pattern of subjects that a peel may write to."""
    patterns = scoped_template(Role.PEEL).publish
    return [one.replace("{{name()}}", token(peel_id)) for one in patterns]


def filled(pattern: str) -> str:
    """Give a subject of a pattern, a new one each time where it leaves a choice."""
    words = [new_jid() if word in {"*", ">"} else word for word in pattern.split(".")]
    return ".".join(words)


async def flood(field: Field, peel_id: str, seconds: float) -> Flood:
    """Flood each subject in turn, for `seconds` in all, with messages of 1 KiB of noise."""
    patterns = subjects_of(peel_id)
    sent = dict.fromkeys(patterns, 0)
    noise, cut = os.urandom(1024), 0
    began = time.monotonic()
    for number, pattern in enumerate(patterns, 1):
        until = began + seconds * number / len(patterns)
        while time.monotonic() < until:
            with contextlib.suppress(Refused, ConnectionError):
                async with await _connect(field, peel_id) as raw:
                    for _ in _until(until):
                        for _ in range(BURST):
                            raw.publish(filled(pattern), noise)
                        await raw.settle()
                        sent[pattern] += BURST
                    continue
            cut += 1
            await asyncio.sleep(0.05)
    took = time.monotonic() - began
    return Flood(len(patterns), sum(sent.values()), took, min(sent.values()), cut)


def _until(end: float) -> Iterator[None]:
    while time.monotonic() < end:
        yield


async def _connect(field: Field, peel_id: str) -> Raw:
    server = next(iter(field.servers.values()))
    credentials = field.site.peel(peel_id).credentials
    return await Raw.connect(server.port, tls_context(field.site.ca), credentials)
