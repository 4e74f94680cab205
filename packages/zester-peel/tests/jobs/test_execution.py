"""What a job's function may do, and what comes back of it."""

from pathlib import Path

import pytest

from zester_testing.peels import Peel, eventually, has_gone, number_in
from zester_testing.raw_master import RawMaster


async def test_an_inline_function_answers(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "test.echo", "hello")

    assert (returned.outcome, returned.value) == ("ok", "hello")
    assert returned.meta.started > 0


async def test_a_worker_answers(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "test.sleep", "10ms")

    assert (returned.outcome, returned.value) == ("ok", 0.01)


async def test_a_third_partys_function_says_its_outcome(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "tricks.changes")

    assert (returned.outcome, returned.value) == ("changed", {"a": 1})


async def test_a_command_answers_its_output(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "cmd.run", "echo out; echo err >&2")

    assert returned.outcome == "changed"
    assert returned.value == {"stdout": "out\n", "stderr": "err\n", "exit_code": 0}


async def test_a_failing_command_is_failed(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "cmd.run", "exit 3")

    assert (returned.outcome, returned.value["exit_code"]) == ("failed", 3)
    assert "3" in returned.error


@pytest.mark.parametrize(
    ("function", "args", "outcome", "error"),
    [
        ("tricks.raises", [], "failed", "RuntimeError: that went wrong"),
        ("tricks.kills_itself", ["9"], "failed", "killed by SIGKILL"),
        ("tricks.kills_itself", ["11"], "failed", "killed by SIGSEGV"),
        ("tricks.exits", [], "failed", "exit code 7"),
        ("tricks.says_goodbye", [], "failed", "exit code 3"),
        ("tricks.returns_odd", [], "failed", "cannot travel"),
        ("tricks.eats", [], "failed", "MemoryError"),
        ("tricks.spins", [], "timed-out", "its time was up"),
        ("tricks.nothing", [], "refused", "there is no function 'tricks.nothing'"),
        ("test.pong", [], "refused", "there is no function 'test.pong'"),
        ("nonsense", [], "refused", "there is no function 'nonsense'"),
        ("test.sleep", ["soon"], "refused", "'soon' is no duration"),
        ("test.echo", [], "refused", "this argument is missing"),
        ("test.echo", ["a", "b"], "refused", "2 were given"),
    ],
)
async def test_a_function_that_goes_wrong_has_one_clear_error(
    master: RawMaster, peel: Peel, function: str, args: list[str], outcome: str, error: str
) -> None:
    returned = await master.run(peel.identity, function, *args)

    assert returned.outcome == outcome
    assert error in returned.error
    assert peel.alive


async def test_a_wrong_function_is_answered_with_a_suggestion(
    master: RawMaster, peel: Peel
) -> None:
    returned = await master.run(peel.identity, "test.pign")

    assert returned.meta.hint == "did you mean test.ping?"


async def test_a_dry_run_of_what_has_none_is_refused(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "tricks.changes", test=True)

    assert returned.outcome == "refused"
    assert "cannot say what it would do" in returned.error


async def test_fifty_megabytes_on_stdout_do_no_harm(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "tricks.prints", str(50_000_000))

    assert (returned.outcome, returned.value) == ("ok", "printed")
    [line] = peel.lines("a function printed")
    assert len(line["text"]) == 4096
    assert line["bytes_left_out"] == 50_000_000 - 4096


async def test_a_return_of_megabytes_comes_whole_in_parts(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "tricks.returns", str(3_000_000))

    assert returned.head.parts == 12
    assert returned.value == "0123456789" * 300_000
    assert not returned.meta.truncated


async def test_a_return_of_200_megabytes_comes_as_its_edges(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "tricks.returns", str(200_000_000))

    assert (returned.outcome, returned.meta.truncated) == ("ok", True)
    assert returned.value["length"] == 200_000_000
    assert returned.value["head"] == ("0123456789" * 6554)[:65536]
    assert returned.value["truncated"] is True


async def test_a_commands_large_output_comes_whole_in_parts(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "cmd.run", "seq 1 400000")

    assert returned.outcome == "changed"
    assert returned.value["stdout"].split() == [str(n) for n in range(1, 400_001)]
    assert returned.head.parts > 1


async def test_a_commands_200_megabytes_come_as_edges(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "cmd.run", "yes | head -c 200000000")

    assert (returned.outcome, returned.meta.truncated) == ("changed", True)
    assert returned.value["length"]["stdout"] == 200_000_000
    assert len(returned.packed) < 300_000


async def test_the_masters_bound_of_a_return_holds(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "test.echo", "x" * 200_000, max_return=100_000)

    assert returned.meta.truncated
    assert returned.value["length"] == 200_000


async def test_a_jobs_timeout_ends_a_function_that_listens_to_nobody(
    master: RawMaster, peel: Peel
) -> None:
    returned = await master.run(peel.identity, "tricks.hangs", timeout=0.3)

    assert returned.outcome == "timed-out"
    assert "0.3 s" in returned.error


async def test_the_deadline_ends_a_command(master: RawMaster, peel: Peel) -> None:
    returned = await master.run(peel.identity, "cmd.run", "sleep 300", deadline=master.now() + 0.5)

    assert returned.outcome == "timed-out"


async def test_cancel_ends_a_command_and_what_it_started(
    master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    jid = await master.order(peel.id, "cmd.run", f"sleep 300 & echo $! > {file}; wait")
    child = await number_in(file)

    await master.cancel(jid, peel.id)
    returned = await master.returned(jid, peel.identity)

    assert returned.outcome == "cancelled"
    await has_gone(child)


async def test_cancel_ends_a_worker_and_what_it_started(
    master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    jid = await master.order(peel.id, "tricks.starts", str(file))
    child = await number_in(file)

    await master.cancel(jid, peel.id)
    returned = await master.returned(jid, peel.identity)

    assert returned.outcome == "cancelled"
    await has_gone(child)


async def test_functions_with_one_lock_never_run_together(
    master: RawMaster, peel: Peel, tmp_path: Path
) -> None:
    file = tmp_path / "times"
    jids = [await master.order(peel.id, "tricks.locked", str(file)) for _ in range(4)]

    for jid in jids:
        assert (await master.returned(jid, peel.identity)).outcome == "ok"

    assert file.read_text() == "in out " * 4


async def test_nothing_of_a_job_stays_behind(master: RawMaster, peel: Peel) -> None:
    await master.run(peel.identity, "cmd.run", "seq 1 100000")
    await master.run(peel.identity, "tricks.returns", "1000000")

    async def cleared() -> bool:
        work = [path.name for path in (peel.state / "work").iterdir() if path.name != "facts"]
        return work == [] and not list((peel.state / "spool").iterdir())

    # a master sees a return a moment before its peel hears that it is stored
    await eventually(cleared, "nothing is left on the disk")
    assert peel.descriptors < 24


async def test_the_metrics_count_jobs_by_outcome(master: RawMaster, peel: Peel) -> None:
    await master.run(peel.identity, "test.ping")

    assert peel.metric('zester_peel_jobs_total{outcome="ok"}') >= 1
    assert peel.metric("zester_peel_connected") == 1
    assert peel.metric("zester_peel_uptime_seconds") >= 0
    assert peel.metric("zester_peel_returns_stored_total") >= 1
