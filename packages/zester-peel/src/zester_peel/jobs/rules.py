"""Which of the orders that masters signed for us a peel runs (bus.md 6.3 and 6.4)."""

from typing import Final, Literal, NamedTuple

from zester_peel.jobs.memory import JobMemory
from zester_proto.messages.jobs import Job
from zester_proto.secrets.references import CAPABILITY

CAPABILITIES: Final = frozenset({"jobs-1", "test", "max-return", CAPABILITY})
"""What this peel can do that an order may insist on in `needs`."""

EARLY: Final = 5.0
"""Seconds by which a job may have been issued before our welcome (bus.md 6.3)."""

LIFE: Final = 120.0
"""Seconds that a job may have between its issue and `start_before` (bus.md 6.3)."""

FORGOTTEN: Final = 600.0
"""Seconds after `start_before` from which on a stale job is not even answered: whoever replays
old orders gets nothing out of us."""

Verdict = Literal["run", "known", "refuse", "drop"]


class Judgement(NamedTuple):
    """What becomes of an order to run a function."""

    verdict: Verdict
    reason: str = ""
    """A word for the metric."""
    text: str = ""
    hint: str = ""


def judge(job: Job, memory: JobMemory, *, now: float, welcomed: float) -> Judgement:
    """Say whether a job is run.

    Args:
        job: an order that a master signed, and that is meant for us.
        memory: what ran here before.
        now: site time.
        welcomed: site time of the first welcome over this connection.
    """
    if memory.knows(job.jid):
        if job.epoch < memory.epoch(job.jid):
            return Judgement("drop", "old-epoch")
        return Judgement("known", "known")
    stale = _stale(job, memory, now, welcomed)
    if stale is not None:
        return stale
    missing = sorted(set(job.needs) - CAPABILITIES)
    if missing:
        return Judgement(
            "refuse", "needs", f"this peel cannot do what the job needs: {', '.join(missing)}",
            "upgrade zester-peel on this host",
        )  # fmt: skip
    if memory.drain.on:
        return Judgement("refuse", "drained", "this peel is drained", "zester peel undrain")
    if not memory.has_room(now):
        return Judgement(
            "refuse", "busy", "this peel remembers as many jobs as it can, and takes no new one",
            "raise max_remembered on this host, or ask again later",
        )  # fmt: skip
    return Judgement("run")


def _stale(job: Job, memory: JobMemory, now: float, welcomed: float) -> Judgement | None:
    last = min(job.start_before, job.issued + LIFE)
    if now > last + FORGOTTEN:
        return Judgement("drop", "stale")
    if now > last or now > job.deadline:
        return _refused(f"it came {now - min(last, job.deadline):.0f} s after it had to begin")
    if job.issued < welcomed - EARLY:
        return _refused("it was issued before this peel came onto the bus")
    if memory.birth is None or job.first_issued < memory.birth:
        return _refused(
            "it was first sent before this peel's memory of jobs began, and may have run here"
        )
    return None


def _refused(text: str) -> Judgement:
    return Judgement("refuse", "stale", f"the job is stale: {text}", "ask again: zester job rerun")
