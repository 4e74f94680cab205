"""How a job goes through its peels: the parts of a plan, and how operators write them."""

import math
import re
from typing import Final, NamedTuple

from zester_proto.errors import ZesterError
from zester_proto.messages.records import JobRecord

LONGEST: Final = 6 * 86_400.0
"""Seconds that a job may take: what is known of it is kept for seven days (runbook)."""

_SHARE: Final = re.compile(r"([0-9]{1,6})(%?)", re.ASCII)


class BadPlan(ZesterError):
    """Raised when `--batch`, `--max-fail` or `--canary` say nothing that can be done."""


class Plan(NamedTuple):
    """How many peels are asked at a time, and when to stop. Times are seconds."""

    deadline: float
    """On the owner's monotonic clock."""
    batch: int = 0
    """Peels that are asked and not done at any time; 0 is all."""
    batch_wait: float = 0.0
    """How long a place in the batch stays empty after a peel has its outcome."""
    canary: int = 0
    """Peels that go first: the rest is asked only when all of them succeeded."""
    max_fail: int = -1
    """The job stops when more than so many failed; -1 never."""
    peel_time: float = 0.0
    """How long one peel of a batch may take before its place is given to another; 0: until the
    deadline."""


def share(text: str, count: int, what: str) -> int:
    """Give what `N` or `N%` is of `count` peels, rounded down.

    Raises:
        BadPlan: it is neither.
    """
    match = _SHARE.fullmatch(text.strip())
    if match is None:
        raise BadPlan(f"{what} {text!r} is no number", hint=f"write {what} 10 or {what} 10%")
    number = int(match[1])
    if not match[2]:
        return number
    if number > 100:
        raise BadPlan(f"{what} {text!r} is more than all", hint=f"write {what} 10%")
    return count * number // 100


def plan_of(record: JobRecord, remaining: float, now: float) -> Plan:
    """Give the plan of a job.

    Args:
        record: the job.
        remaining: seconds until its deadline.
        now: the owner's monotonic clock.

    Raises:
        BadPlan: batch or max_fail are malformed.
    """
    batch = max(1, share(record.batch, record.count, "--batch")) if record.batch else 0
    max_fail = share(record.max_fail, record.count, "--max-fail") if record.max_fail else -1
    if record.canary < 0 or record.batch_wait < 0 or not math.isfinite(record.batch_wait):
        raise BadPlan("--canary and --batch-wait cannot be below 0")
    peel_time = record.timeout if batch or record.canary else 0.0
    return Plan(now + remaining, batch, record.batch_wait, record.canary, max_fail, peel_time)


def job_seconds(count: int, timeout: float, batch: str, batch_wait: float, canary: int) -> float:
    """Give how long a whole job may take of which each peel may take `timeout` seconds.

    Raises:
        BadPlan: the batch is malformed.
    """
    if not batch and not canary:
        return timeout
    size = max(1, share(batch, count, "--batch")) if batch else count
    waves = -(-count // size) + (1 if canary else 0)
    return min(waves * (timeout + batch_wait), LONGEST)
