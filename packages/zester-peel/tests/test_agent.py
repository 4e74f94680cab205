"""The life of an agent: how it starts, what it shows, what it survives, how it ends."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zester_testing.peels import PEEL, Peel, eventually, group_of, has_gone, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

FORBIDDEN = {
    "typer", "rich", "yaml", "jinja2", "psutil", "cryptography", "prometheus_client",
    "importlib.metadata", "nats.js.client", "email", "starlette", "uvicorn", "ctypes.util",
    "zester_master", "zester_cli", "zester_modules.facts.collect", "zester_modules.catalogue",
}  # fmt: skip


async def test_a_peel_comes_beats_and_puts_its_facts(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "life-1.example.com", tmp_path) as peel:
        instance = await master.here(peel.id)
        facts = await master.wait_facts(peel.identity)

        assert facts["id"] == peel.id
        beats = await master.until(
            lambda: [beat for who, beat in master.beats if who == peel.id], "a heartbeat"
        )
        assert {beat.instance for beat in beats} == {instance}
        assert (await master.run(peel.identity, "facts.get", "id")).value == peel.id


async def test_readyz_says_what_is_well(peel: Peel) -> None:
    async def is_ready() -> bool:
        return (await asyncio.to_thread(peel.get, "/readyz"))[0] == 200

    await eventually(is_ready, "the peel is ready")
    ready = await asyncio.to_thread(peel.ready)
    assert ready["status"] == "ok"
    assert set(ready["checks"]) == {"nats", "welcome", "facts", "heartbeat", "state_dir"}
    assert (await asyncio.to_thread(peel.get, "/healthz"))[0] == 200


async def test_the_runbooks_series_are_there_and_move(master: RawMaster, peel: Peel) -> None:
    await master.wait_facts(peel.identity)
    text = (await asyncio.to_thread(peel.get, "/metrics"))[1].decode()

    for series in (
        "zester_peel_connected 1",
        "zester_peel_uptime_seconds ",
        "zester_peel_facts_collect_duration_seconds_count 1",
    ):
        assert series in text


async def test_fact_set_by_a_job_reach_the_masters(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "facts-1", tmp_path) as peel:
        await master.here(peel.id)
        await master.wait_facts(peel.identity)

        returned = await master.run(peel.identity, "facts.set", "role", "web")
        assert returned.outcome == "changed", returned.error
        assert (await master.run(peel.identity, "facts.get", "role")).value == "web"
        await master.wait_facts(peel.identity, lambda facts: facts.get("role") == "web")

        words, given = ("state.single", "grains.list_present", "roles"), {"value": "db"}
        dry = await master.run(peel.identity, *words, kwargs={**given, "test": True})
        assert dry.outcome == "would-change", dry.error
        returned = await master.run(peel.identity, *words, kwargs=given)
        assert returned.outcome == "changed", returned.error
        assert (await master.run(peel.identity, "grains.get", "roles")).value == ["db"]
        await master.wait_facts(peel.identity, lambda facts: facts.get("roles") == ["db"])


async def test_sigterm_lets_a_short_job_end_and_sends_its_return(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "stop-1", tmp_path, drain_time="20s") as peel:
        await master.here(peel.id)
        jid = await master.order(peel.id, "test.sleep", "700ms")
        await master.acked(jid)

        assert await asyncio.to_thread(peel.stop) == 0

        assert (await master.returned(jid, peel.identity)).outcome == "ok"
        assert peel.lines("zester-peel has stopped")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_long_job_in_bounded_time(
    bus: Bus, master: RawMaster, tmp_path: Path, number: signal.Signals
) -> None:
    with Peel.up(bus, f"stop-{number.name.lower()}", tmp_path, drain_time="100ms") as peel:
        await master.here(peel.id)
        worker = await master.order(peel.id, "test.sleep", "300")
        command = await master.order(peel.id, "cmd.run", "sleep 300")
        await master.acked(command)

        peel.signal(number)
        assert await asyncio.to_thread(peel.wait) == 0

        for jid in (worker, command):
            returned = await master.returned(jid, peel.identity)
            assert returned.outcome == "failed"
            assert "the peel was stopped" in returned.error


async def test_a_killed_nursery_fails_its_jobs_and_the_next_one_comes_by_itself(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "nursery-1", tmp_path) as peel:
        await master.here(peel.id)
        assert (await master.run(peel.identity, "test.sleep", "0")).outcome == "ok"
        [nursery] = _nurseries(peel.pid)
        jid = await master.order(peel.id, "test.sleep", "300")
        worker = await group_of(peel, jid)

        signal_process(nursery, signal.SIGKILL)
        returned = await master.returned(jid, peel.identity)

        assert returned.outcome == "failed"
        assert "nursery" in returned.error
        assert "SIGKILL" in returned.error
        await has_gone(worker)
        assert (await master.run(peel.identity, "test.sleep", "0")).outcome == "ok"


async def test_an_idle_nursery_goes_and_leaves_no_zombie(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "nursery-2", tmp_path, nursery_idle="200ms") as peel:
        await master.here(peel.id)
        await master.wait_facts(peel.identity)
        assert (await master.run(peel.identity, "test.sleep", "0")).outcome == "ok"

        async def alone() -> bool:
            return not _children(peel.pid)

        await eventually(alone, "the nursery is gone")
        assert (await master.run(peel.identity, "test.sleep", "0")).outcome == "ok"


def signal_process(pid: int, number: signal.Signals) -> None:
    subprocess.run(["kill", f"-{int(number)}", str(pid)], check=True)


def _nurseries(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(one)
        for one in children
        if b"zester_peel.nursery" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_two_lives_of_one_id_are_told_apart_by_their_instance(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    with Peel.up(bus, "clone-1", tmp_path) as first:
        second = Peel(bus, "clone-1", tmp_path / "copy")
        with second.running():
            await master.here("clone-1", lives=2)
            job = master.job("clone-1", "test.ping")
            await master.send(job)
            acks = await master.acked(job.jid, 2)

            assert acks[0].instance != acks[1].instance
            assert first.alive
            assert second.alive


async def test_a_clock_an_hour_off_is_shown_and_stops_nothing(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    master.ahead = 3600.0
    with Peel.up(bus, "clock-1", tmp_path) as peel:
        await master.here(peel.id)

        assert (await master.run(peel.identity, "cmd.run", "true")).outcome == "changed"
        conditions = await asyncio.to_thread(peel.conditions)
        assert "3600 s behind" in conditions["clock-off"]
        assert (await asyncio.to_thread(peel.ready))["checks"]["welcome"]["status"] == "ok"


@pytest.mark.hosts("faketime")
async def test_a_host_whose_clock_is_an_hour_off_runs_jobs(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    peel = Peel(bus, "clock-2", tmp_path / "clock-2")
    peel.environment |= _an_hour_ahead()
    with peel.running():
        await master.here(peel.id)

        assert (await master.run(peel.identity, "cmd.run", "true")).outcome == "changed"
        assert "ahead of" in (await asyncio.to_thread(peel.conditions))["clock-off"]


def _an_hour_ahead() -> dict[str, str]:
    # what the command itself would set; it would stand between us and the peel's process
    faked = subprocess.run(
        ["faketime", "-f", "+1h", "env"], capture_output=True, text=True, check=True
    )
    wanted = ("LD_PRELOAD=", "FAKETIME")
    lines = [line for line in faked.stdout.splitlines() if line.startswith(wanted)]
    return dict(line.split("=", 1) for line in lines)


async def test_the_agent_holds_none_of_what_it_must_not(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    peel = Peel(bus, "modules-1", tmp_path / "modules-1")
    config = tmp_path / "peel.yaml"
    config.write_text("max_jobs: 3\n")
    peel.flags["config"] = config
    peel.wrapper = [sys.executable, "-c", _TELL_MODULES]
    with peel.running():
        await master.here(peel.id)
        await master.wait_facts(peel.identity)
        assert (await master.run(peel.identity, "test.sleep", "0")).outcome == "ok"
        assert (await master.run(peel.identity, "cmd.run", "true")).outcome == "changed"
        assert await asyncio.to_thread(peel.stop) == 0

    [line] = [line for line in peel.log.read_text().splitlines() if line.startswith("MODULES ")]
    modules = set(line.split()[1:])
    assert "zester_peel.agent" in modules
    assert not modules & FORBIDDEN
    # each Python has more of its own
    ours = [one for one in modules if one.partition(".")[0] not in sys.stdlib_module_names]
    assert len(ours) < 200


_TELL_MODULES = """
import sys
from zester_peel.main import main
code = main(sys.argv[2:])
print("MODULES", *sys.modules)
sys.exit(code)
"""


async def test_one_state_folder_serves_one_agent(bus: Bus, peel: Peel) -> None:
    words = [
        f"--auth-dir={bus.site.peel_folder(peel.id)}", f"--state-dir={peel.state}",
        "--config=/dev/null",
    ]  # fmt: skip
    done = await asyncio.to_thread(
        subprocess.run, [PEEL, *words], capture_output=True, text=True, check=False
    )

    assert done.returncode == 3
    assert "another zester-peel runs" in done.stderr
    assert peel.alive


async def test_a_peel_waits_for_a_server_that_is_not_there(
    bus: Bus, site_peel_url: str, tmp_path: Path
) -> None:
    peel = Peel(bus, "early-1", tmp_path / "early-1", nats_url=site_peel_url)
    with peel.running():

        async def says_so() -> bool:
            return "bus" in await asyncio.to_thread(peel.conditions)

        await eventually(says_so, "the condition bus")
        text = (await asyncio.to_thread(peel.conditions))["bus"]
        assert "cannot reach the NATS server" in text
        assert await asyncio.to_thread(peel.stop) == 0


@pytest.fixture
def site_peel_url() -> str:
    """An address where nobody listens."""
    return "tls://127.0.0.1:1"


async def test_a_health_address_that_is_taken_stops_nothing(
    bus: Bus, master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    port = (peel.state / "health-port").read_text().strip()
    with Peel.up(bus, "port-1", tmp_path, health_addr=f"127.0.0.1:{port}") as second:
        await master.here(second.id)

        assert (await master.run(second.identity, "test.ping")).value is True
        assert any("health-server" in line["msg"] for line in second.lines())


async def test_a_restarted_server_gets_its_peel_back(own_bus: Bus, tmp_path: Path) -> None:
    with Peel.up(own_bus, "back-1", tmp_path) as peel:
        async with RawMaster.up(own_bus) as master:
            await master.here(peel.id)
        own_bus.server.kill()
        own_bus.server.start_again()
        async with RawMaster.up(own_bus) as master:
            await master.here(peel.id)
            await is_welcome(peel)
            assert (await master.run(peel.identity, "test.ping")).value is True
