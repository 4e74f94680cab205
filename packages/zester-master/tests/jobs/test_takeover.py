"""The owner of a job is killed: another master carries it on, and the record names both."""

import os
import signal
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from zester_cli.client import Pages
from zester_master.jobs import store
from zester_master.jobs.pager import Reader
from zester_master.jobs.showing import Shows
from zester_proto.ids import new_request_id
from zester_testing.fleet import Fleet, eventually
from zester_testing.masters import Master, Operator
from zester_testing.raw_peel import RawPeel, silence
from zester_testing.site import Bus

PEELS = 4
SLEEP = 30
"""Seconds: a heartbeat is forgotten after 15, a takeover comes up to 6 later (bus.md 6.9)."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """Three masters and a few peels."""
    folder = tmp_path_factory.mktemp("takeover")
    with Fleet.up(folder, peels=PEELS, words=("--masters", "3")) as running:
        yield running


def active(fleet: Fleet) -> dict[str, Any]:
    """Wait for the only job that an operator runs, and give what is said of it."""

    def found() -> list[dict[str, Any]]:
        jobs = fleet.zester("job", "active", "--output", "json").json
        return [one for one in jobs if one["function"] == "cmd.run"]

    return eventually(found, "the job runs")[0]


def test_a_killed_owner_is_followed_by_another_and_nothing_runs_twice(fleet: Fleet, tmp_path: Path):
    # the first peel is done while nobody owns the job, the others run when it is taken over
    log, first = tmp_path / "log", tmp_path / "first"
    command = f"echo ran >> {log}; mkdir {first} 2>/dev/null && sleep 3 || sleep {SLEEP}"
    running = fleet.start_zester("*", "cmd.run", command, "--output", "json")
    job = active(fleet)
    owner = job["owners"][-1]
    followers = [fleet.start_zester("job", "follow", job["jid"]) for _ in range(3)]
    eventually(lambda: log.exists() and len(log.read_text().split()) == PEELS, "all of them run")

    os.kill(fleet.pid(owner), signal.SIGKILL)

    # every master that is left says so while the job runs, also one that showed it before
    eventually(lambda: all(len(owners(fleet, job["jid"])) == 2 for _ in range(4)), "both are named")
    assert running.poll() is None
    ended = [process.communicate(timeout=90) for process in (running, *followers)]
    assert [one.returncode for one in (running, *followers)] == [0] * 4, ended
    assert Counter(log.read_text().split()) == {"ran": PEELS}
    named = owners(fleet, job["jid"])
    assert named[0] == owner
    assert len(set(named)) == 2
    assert f"outcomes:  {PEELS} changed" in fleet.zester("job", "show", job["jid"]).out


def owners(fleet: Fleet, jid: str) -> list[str]:
    """Give the masters that `job show` names."""
    lines = fleet.zester("job", "show", jid).out.splitlines()
    named = next(line for line in lines if line.startswith("masters:"))
    return named.removeprefix("masters:").replace(" ", "").split(",")


async def test_a_master_that_shows_anothers_job_learns_of_the_takeover(bus: Bus):
    async with Master.up(bus) as owner, RawPeel.up(bus, "a", silence), Operator.up(bus) as operator:
        await owner.sees("a")
        jid = await operator.start("a", timeout=600)
        async with Master.up(bus) as other:
            shows = Shows(other.context, other.agent.desk)
            assert (await shows.view(jid)).info()["owners"] == ["master-1"]
            link = other.context.link
            found = await store.read(link, jid)
            assert found
            assert await store.take_over(
                link, found, msgspec.structs.replace(found.record, owners=("master-1", "master-2"))
            )

            view = await shows.view(jid)

            assert view is other.agent.desk.mirrors[jid]
            assert view.info()["owners"] == ["master-1", "master-2"]
            assert view.epoch > found.revision


async def test_a_single_look_at_a_job_that_changes_hands_gets_what_is_known(own_bus: Bus):
    bus = own_bus
    async with Master.up(bus) as master, RawPeel.up(bus, "a", silence), Operator.up(bus) as op:
        await master.sees("a")
        desk = master.agent.desk
        view = desk.live[await op.start("a", timeout=600)]
        request = new_request_id()
        pages = Pages(op.client, "job", request)
        await pages.open()
        await op.client.link.flush()
        view.abandon()  # as when the one who mirrored it stops to, or becomes its owner

        desk.show(view, Reader("admin", request, live=False))

        while not pages.reader.final:
            assert await pages.next(5)
        assert set(pages.reader.stages) == {"a"}
        await pages.close()
