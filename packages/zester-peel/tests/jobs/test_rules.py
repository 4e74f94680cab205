"""Which orders are run: one row a rule of bus.md 6.3 and 6.4."""

from pathlib import Path

import msgspec
import pytest

from zester_peel.jobs.memory import JobMemory
from zester_peel.jobs.rules import judge
from zester_proto.codec import Raw
from zester_proto.ids import new_jid
from zester_proto.messages.jobs import Job, ToOne

NOW = 1_000_000.0
NOTHING = Raw(b"\xc0")


@pytest.fixture
def memory(tmp_path: Path) -> JobMemory:
    made = JobMemory(tmp_path / "jobs", limit=100)
    made.open()
    made.welcome(NOW - 1000)
    return made


def a_job(**changes: object) -> Job:
    job = Job(
        site="s", jid=new_jid(), epoch=2, first_issued=NOW, issued=NOW, start_before=NOW + 60,
        deadline=NOW + 600, function="cmd.run", args=NOTHING, kwargs=NOTHING, to=ToOne(id="a"),
    )  # fmt: skip
    return msgspec.structs.replace(job, **changes)


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({}, "run", ""),
        ({"issued": NOW - 104, "start_before": NOW + 10}, "run", ""),
        ({"issued": NOW - 106, "start_before": NOW + 10}, "refuse", "stale"),
        ({"issued": NOW - 130, "start_before": NOW + 900}, "refuse", "stale"),
        ({"start_before": NOW - 1}, "refuse", "stale"),
        ({"start_before": NOW - 601}, "drop", "stale"),
        ({"deadline": NOW - 1}, "refuse", "stale"),
        ({"first_issued": NOW - 1000}, "run", ""),
        ({"first_issued": NOW - 1001}, "refuse", "stale"),
        ({"issued": NOW + 30, "first_issued": NOW + 30}, "run", ""),
        ({"needs": ("jobs-1",)}, "run", ""),
        ({"needs": ("flight",)}, "refuse", "needs"),
    ],
)
def test_a_job_is_judged_by_the_sites_time(
    memory: JobMemory, changes: dict[str, object], verdict: str, reason: str
) -> None:
    judgement = judge(a_job(**changes), memory, now=NOW, welcomed=NOW - 100)

    assert (judgement.verdict, judgement.reason) == (verdict, reason)
    assert bool(judgement.text) == (verdict == "refuse")


def test_a_known_job_is_known_even_when_it_is_stale(memory: JobMemory) -> None:
    job = a_job()
    memory.take(job, keep=True)
    late = msgspec.structs.replace(job, start_before=NOW - 1000, epoch=3)

    assert judge(late, memory, now=NOW, welcomed=NOW).verdict == "known"
    lower = msgspec.structs.replace(job, epoch=1)
    assert judge(lower, memory, now=NOW, welcomed=NOW).reason == "old-epoch"


def test_a_drained_or_full_peel_refuses(memory: JobMemory) -> None:
    memory.set_drain(1, on=True)
    assert judge(a_job(), memory, now=NOW, welcomed=NOW).reason == "drained"

    memory.set_drain(2, on=False)
    for _ in range(100):
        memory.take(a_job(), keep=False)
    assert judge(a_job(), memory, now=NOW, welcomed=NOW).reason == "busy"
