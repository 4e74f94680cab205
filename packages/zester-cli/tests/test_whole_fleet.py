"""The command against a real fleet: server, master and peels as `zester-master dev` starts them."""

import json
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from zester_testing.fleet import PATIENCE, Done, Fleet, eventually


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """Three peels that all tests of this file share."""
    folder = tmp_path_factory.mktemp("fleet")
    with Fleet.up(folder, peels=3) as one:
        one.environment["XDG_CACHE_HOME"] = str(folder / "cache")
        yield one


def outcomes(done: Done) -> dict[str, str]:
    return {peel_id: one["outcome"] for peel_id, one in done.json["peels"].items()}


def test_every_peel_answers(fleet: Fleet) -> None:
    done = fleet.zester("*", "test.ping", "--output", "json")
    assert outcomes(done) == dict.fromkeys(("peel-1", "peel-2", "peel-3"), "ok")
    assert done.code == 0
    table = fleet.zester("*", "test.ping")
    assert [line.split()[0] for line in table.out.splitlines()[1:]] == [
        "peel-1",
        "peel-2",
        "peel-3",
    ]


def test_commands_give_their_output_and_exit_code(fleet: Fleet) -> None:
    done = fleet.zester("peel-[12]", "cmd.run", "echo out; echo err >&2", "--output", "json")
    assert [one["return"] for one in done.json["peels"].values()] == [
        {"exit_code": 0, "stderr": "err\n", "stdout": "out\n"}
    ] * 2
    assert "bin" in fleet.zester("*", "cmd.run", "ls", "-l", "/").out
    failed = fleet.zester("*", "cmd.run", "false")
    assert "exit code 1" in failed.out
    assert failed.code == 1


def test_secrets_come_from_files_and_standard_input(fleet: Fleet) -> None:
    done = fleet.zester(
        "peel-1", "cmd.run", "cat", "stdin=-", "--output", "raw", stdin="s3cret\nline\n"
    )
    assert done.out == "s3cret\nline\n"


def test_a_big_return_comes_whole(fleet: Fleet) -> None:
    done = fleet.zester("peel-1", "cmd.run", "seq 300000", "--output", "raw")
    assert done.out == "".join(f"{n}\n" for n in range(1, 300_001))


def test_nobody_and_nonsense_have_codes_of_their_own(fleet: Fleet) -> None:
    assert fleet.zester("nobody", "test.ping").code == 3
    wrong = fleet.zester("G@os:debian and", "test.ping")
    assert (wrong.code, wrong.out) == (2, "")
    assert any(line.strip() == "^" for line in wrong.err.splitlines())
    unknown = fleet.zester("*", "tset.ping")
    assert "test.ping" in unknown.out + unknown.err
    assert unknown.code in {1, 2}


def test_jobs_can_be_found_again(fleet: Fleet) -> None:
    ran = fleet.zester("*", "test.echo", "again", "--output", "json")
    jid = ran.json["jid"]
    assert jid in fleet.zester("job", "list", "--output", "raw").out.split()
    shown = fleet.zester("job", "show", jid, "--output", "json")
    assert ran.json.items() <= shown.json.items()
    assert ran.json.items() <= fleet.zester("job", "wait", jid, "--output", "json").json.items()
    one = fleet.zester("job", "show", jid, "--peel", "peel-2", "--output", "raw")
    assert one.out == "again\n"


def test_a_job_is_followed_and_cancelled(fleet: Fleet) -> None:
    jid = fleet.zester("*", "cmd.run", "exec sleep 299", "--async").out.strip()
    assert jid in fleet.zester("job", "active", "--output", "raw").out.split()
    assert fleet.zester("job", "cancel", jid).code == 0
    done = fleet.zester("job", "wait", jid, "--output", "json")
    assert outcomes(done) == dict.fromkeys(("peel-1", "peel-2", "peel-3"), "cancelled")
    assert done.code == 1
    assert jid not in fleet.zester("job", "active", "--output", "raw").out.split()


def test_ctrl_c_leaves_the_job_alone(fleet: Fleet) -> None:
    process = fleet.start_zester("*", "test.sleep", "2")

    def active() -> str:
        return fleet.zester("job", "active", "--output", "raw").out.strip()

    jid = eventually(active, "the job is active")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert jid in err
    assert process.returncode == 130
    done = fleet.zester("job", "follow", jid, "--output", "json")
    assert set(outcomes(done).values()) == {"ok"}


def test_facts_come_from_the_index_without_a_job(fleet: Fleet) -> None:
    before = fleet.zester("job", "list", "--output", "raw").out
    done = fleet.zester("facts", "query", "*", "kernel", "--output", "json")
    assert done.json[0]["count"] == 3
    assert fleet.zester("facts", "get", "peel-1", "id", "--output", "raw").out == "peel-1\n"
    assert fleet.zester("job", "list", "--output", "raw").out == before


def test_targets_peels_and_ourselves_are_told(fleet: Fleet) -> None:
    assert fleet.zester("target", "* and not peel-1").out == "peel-2\npeel-3\n"
    explained = fleet.zester("target", "* and not peel-1", "--explain", "--output", "json").json
    assert explained["explain"][0]["count"] == 2
    assert fleet.zester("peel", "list", "--output", "raw").out == "peel-1\npeel-2\npeel-3\n"
    assert "present" in fleet.zester("peel", "show", "peel-1").out
    assert fleet.zester("whoami", "--output", "json").json["role"] == "admin"


def test_typing_help_comes_with_the_first_run(fleet: Fleet) -> None:
    def functions() -> str:
        fleet.zester("*", "test.ping")
        return fleet.zester("--complete", "fish", "peel-1", "cmd.r").out

    assert "\ncmd.run\t" in eventually(functions, "the catalogue is in the cache")
    assert fleet.zester("--complete", "fish", "peel-").out == "peel-1\npeel-2\npeel-3\n"
    # a parameter that cmd.run does not have is an argument
    done = fleet.zester("peel-1", "cmd.run", "echo", "prefix=/usr", "--output", "raw")
    assert done.out == "prefix=/usr\n"


def test_no_daemon_leaves_a_core_file(fleet: Fleet) -> None:
    for name in ("master-1", "peel-1"):
        limits = Path(f"/proc/{fleet.pid(name)}/limits").read_text()
        found = next(one.split() for one in limits.splitlines() if one.startswith("Max core file"))
        assert found[4] == "0", name


def test_a_peel_that_was_killed_is_offline_and_nobody_waits(fleet: Fleet) -> None:
    os.kill(fleet.pid("peel-3"), signal.SIGKILL)

    def states() -> bool:
        peels = json.loads(fleet.zester("peel", "list", "--output", "json").out)
        return any(one["id"] == "peel-3" and one["state"] == "absent" for one in peels)

    eventually(states, "the master knows that peel-3 is gone")
    done = fleet.zester("*", "test.ping", "--output", "json")
    assert outcomes(done) == {"peel-1": "ok", "peel-2": "ok", "peel-3": "offline"}
    assert done.json["peels"]["peel-3"]["error"]
    assert done.code == 4
