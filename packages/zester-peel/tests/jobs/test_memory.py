"""What a peel remembers of jobs, over restarts and for as long as it matters."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from zester_peel.jobs.memory import CANCELS, MARGIN, JobMemory
from zester_proto.codec import Raw
from zester_proto.ids import new_jid
from zester_proto.messages.jobs import Job, ToOne

NOTHING = Raw(b"\xc0")
NOW = 1_000_000.0


def a_job(**changes: object) -> Job:
    job = Job(
        site="s", jid=new_jid(), epoch=1, first_issued=NOW, issued=NOW, start_before=NOW + 60,
        deadline=NOW + 60, function="cmd.run", args=NOTHING, kwargs=NOTHING, to=ToOne(id="a"),
    )  # fmt: skip
    return msgspec.structs.replace(job, **changes)


def opened(folder: Path, limit: int = 1000, steady: Callable[[], float] = lambda: 7.0) -> JobMemory:
    memory = JobMemory(folder / "jobs", limit=limit, steady=steady)
    memory.open()
    return memory


@pytest.fixture
def memory(tmp_path: Path) -> JobMemory:
    made = opened(tmp_path)
    made.welcome(NOW)
    return made


def test_a_new_memory_is_born_at_its_first_welcome(tmp_path: Path) -> None:
    memory = opened(tmp_path)
    assert memory.birth is None

    memory.welcome(NOW)
    memory.welcome(NOW + 50)

    assert memory.birth == NOW
    assert opened(tmp_path).birth == NOW


def test_what_came_between_its_opening_and_the_first_welcome_is_not_too_old(tmp_path: Path) -> None:
    clock = iter((100.0, 103.0))
    memory = opened(tmp_path, steady=lambda: next(clock))

    memory.welcome(NOW)

    assert memory.birth == NOW - 3


async def test_a_job_that_was_live_is_interrupted_after_a_restart(
    tmp_path: Path, memory: JobMemory
) -> None:
    kept, light, over = a_job(epoch=3), a_job(), a_job()
    memory.take(kept, keep=True)
    memory.take(light, keep=False)
    memory.take(over, keep=True)
    memory.raise_epoch(kept.jid, 9)
    await memory.sync()
    memory.over(over.jid, "ok")

    again = opened(tmp_path)

    assert list(again.interrupted) == [kept.jid]
    assert again.epoch(kept.jid) == 9
    assert again.knows(over.jid)
    assert not again.is_live(over.jid)
    assert not again.knows(light.jid)


def test_a_job_is_forgotten_only_after_its_deadline_and_its_end(memory: JobMemory) -> None:
    ended, live = a_job(), a_job()
    memory.take(ended, keep=True)
    memory.take(live, keep=True)
    memory.over(ended.jid, "ok")

    memory.welcome(NOW + 60 + MARGIN - 1)
    assert memory.knows(ended.jid)
    memory.welcome(NOW + 60 + MARGIN + 120)

    assert not memory.knows(ended.jid)
    assert memory.knows(live.jid)


def test_a_full_memory_says_so_and_forgets_nothing(tmp_path: Path) -> None:
    memory = opened(tmp_path, limit=3)
    memory.welcome(NOW)
    jobs = [a_job() for _ in range(3)]
    for job in jobs:
        assert memory.has_room(NOW)
        memory.take(job, keep=True)
    memory.over(jobs[0].jid, "ok")

    assert not memory.has_room(NOW)
    assert all(memory.knows(job.jid) for job in jobs)
    assert memory.has_room(NOW + 60 + MARGIN + 120)
    assert not memory.knows(jobs[0].jid)


def test_a_damaged_memory_is_born_again(tmp_path: Path, memory: JobMemory) -> None:
    job = a_job()
    memory.take(job, keep=True)
    with (tmp_path / "jobs" / "memory").open("ab") as file:
        file.write(b"torn")

    again = opened(tmp_path)

    assert again.birth is None
    assert again.knows(job.jid)
    again.welcome(NOW + 100)
    assert again.birth == NOW + 100


def test_a_cancel_that_came_first_is_remembered_for_a_while(
    tmp_path: Path, memory: JobMemory
) -> None:
    jid = new_jid()
    memory.stop(jid, NOW)

    assert opened(tmp_path).was_stopped(jid)
    memory.welcome(NOW + 3601)
    assert not memory.was_stopped(jid)


def test_cancels_take_bounded_room(memory: JobMemory) -> None:
    first = new_jid()
    memory.stop(first, NOW)
    for _ in range(CANCELS):
        memory.stop(new_jid(), NOW)

    assert not memory.was_stopped(first)


def test_drain_numbers_only_rise(tmp_path: Path, memory: JobMemory) -> None:
    assert memory.set_drain(5, on=True)
    assert not memory.set_drain(5, on=False)
    assert not memory.set_drain(4, on=False)

    again = opened(tmp_path)
    assert (again.drain.number, again.drain.on) == (5, True)


def test_ten_thousand_jobs_leave_a_small_file_and_are_all_known(
    tmp_path: Path, memory: JobMemory
) -> None:
    memory = opened(tmp_path, limit=20_000)
    jobs = [a_job() for _ in range(10_000)]
    for job in jobs:
        memory.take(job, keep=True)
        memory.over(job.jid, "ok")
    live = a_job(epoch=4)
    memory.take(live, keep=True)
    memory.set_drain(3, on=True)
    memory.welcome(NOW + 1)

    assert (tmp_path / "jobs" / "memory").stat().st_size < 400_000
    again = opened(tmp_path)
    assert all(again.knows(job.jid) for job in jobs)
    assert list(again.interrupted) == [live.jid]
    assert again.epoch(live.jid) == 4
    assert again.drain.number == 3


def test_an_answered_job_is_known_and_not_interrupted(tmp_path: Path, memory: JobMemory) -> None:
    job = a_job()
    memory.answered(job)

    assert memory.knows(job.jid)
    assert opened(tmp_path).interrupted == {}
