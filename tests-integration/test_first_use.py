"""What a new user does first: issue 3, Shows."""

import json
import os
import platform
import signal
import socket
import ssl
from pathlib import Path

import pytest

from zester_testing.fleet import (
    SCRIPTS,
    Fleet,
    eventually,
    processes_of,
    read_export,
    run,
    start_dev,
    stop,
)

PEELS = ["peel-1", "peel-2", "peel-3"]


def test_every_peel_answers_a_ping(fleet: Fleet):
    done = fleet.zester("*", "test.ping")

    assert done.code == 0, done.err
    assert all(peel in done.out for peel in PEELS)


def test_json_on_stdout_is_the_whole_result_and_nothing_else(fleet: Fleet):
    done = fleet.zester("peel-[12]", "cmd.run", "uname -r", "--output", "json")

    result = json.loads(done.out)
    assert done.code == 0
    assert result["target"] == "peel-[12]"
    assert result["function"] == "cmd.run"
    assert result["counts"] == {"changed": 2}
    assert sorted(result["peels"]) == ["peel-1", "peel-2"]
    for peel in result["peels"].values():
        assert peel["outcome"] == "changed"
        assert peel["return"]["stdout"].strip() == platform.release()
        assert peel["return"]["exit_code"] == 0
        assert peel["seconds"] >= 0


def test_words_with_one_dash_are_the_functions(fleet: Fleet):
    done = fleet.zester("peel-1", "cmd.run", "ls", "-l", "/")

    assert done.code == 0, done.err
    assert "proc" in done.out


def test_a_failing_command_gives_exit_code_1(fleet: Fleet):
    done = fleet.zester("*", "cmd.run", "false", "--output", "json")

    assert done.code == 1
    assert done.json["counts"] == {"failed": 3}


def test_nobody_matched_gives_exit_code_3(fleet: Fleet):
    done = fleet.zester("nobody", "test.ping")

    assert done.code == 3
    assert "nobody" in done.err
    assert not done.out


def test_a_job_is_listed_and_shown_afterwards(fleet: Fleet):
    jid = fleet.zester("*", "test.echo", "remember me", "--output", "json").json["jid"]

    listed = fleet.zester("job", "list")
    shown = fleet.zester("job", "show", jid, "--output", "json")

    assert jid in listed.out
    assert shown.code == 0, shown.err
    assert {p: r["return"] for p, r in shown.json["peels"].items()} == dict.fromkeys(
        PEELS, "remember me"
    )


def test_facts_come_from_the_index_without_a_job(fleet: Fleet):
    before = fleet.zester("job", "list", "--output", "json").out

    done = fleet.zester("facts", "get", "*", "kernel", "--output", "json")

    assert done.code == 0, done.err
    assert all(peel in done.out for peel in PEELS)
    assert "linux" in done.out.lower()
    assert fleet.zester("job", "list", "--output", "json").out == before


def test_a_compound_target_picks_by_facts_and_names(fleet: Fleet):
    done = fleet.zester("G@kernel:linux and not peel-2", "test.ping", "--output", "json")

    assert sorted(done.json["peels"]) == ["peel-1", "peel-3"]


def test_a_target_that_is_no_target_shows_a_caret_and_ends_with_2(fleet: Fleet):
    done = fleet.zester("peel-1 and (", "test.ping")

    assert done.code == 2
    assert "^" in done.err
    assert "Traceback" not in done.err


def test_a_typed_command_that_is_none_gets_a_suggestion(fleet: Fleet):
    done = fleet.zester("jbo", "list")

    assert done.code == 2
    assert "job list" in done.err


def test_an_unknown_function_is_refused_with_a_suggestion(fleet: Fleet):
    done = fleet.zester("peel-1", "test.pong")

    assert done.code == 1
    assert "refused" in done.out
    assert "did you mean test.ping?" in done.out


def test_async_prints_the_jid_and_wait_gives_the_result(fleet: Fleet):
    jid = fleet.zester("*", "test.echo", "later", "--async").out.strip().split()[-1]

    done = fleet.zester("job", "wait", jid, "--output", "json")

    assert done.code == 0, done.err
    assert done.json["counts"] == {"ok": 3}


def test_cancel_ends_the_commands_of_a_job_on_every_peel(fleet: Fleet):
    jid = fleet.zester("*", "cmd.run", "sleep 3571", "--async").out.strip().split()[-1]
    eventually(lambda: len(processes_of("sleep 3571")) >= 3, "the commands run")

    cancelled = fleet.zester("job", "cancel", jid)
    done = fleet.zester("job", "wait", jid, "--output", "json")

    assert cancelled.code == 0, cancelled.err
    assert done.json["counts"] == {"cancelled": 3}
    assert done.code == 1
    eventually(lambda: not processes_of("sleep 3571"), "no command is left")


def test_ctrl_c_detaches_and_says_how_to_go_on(fleet: Fleet):
    process = fleet.start_zester("*", "test.sleep", "600")
    eventually(lambda: "test.sleep" in fleet.zester("job", "active").out, "the job runs")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    jid = fleet.zester("job", "active", "--output", "json").json[0]["jid"]
    assert process.returncode == 130
    assert f"job follow {jid}" in err
    assert f"job cancel {jid}" in err
    assert fleet.zester("job", "cancel", jid).code == 0
    assert fleet.zester("job", "wait", jid).code == 1


def test_secrets_stay_out_of_argv(fleet: Fleet, tmp_path: Path):
    (tmp_path / "text").write_text("from a file")

    done = fleet.zester("peel-1", "test.echo", f"text=@{tmp_path / 'text'}", "--output", "json")

    assert done.json["peels"]["peel-1"]["return"] == "from a file"


def test_whoami_names_the_operator_and_the_role(fleet: Fleet):
    done = fleet.zester("whoami")

    assert done.code == 0, done.err
    assert "admin" in done.out


def test_a_dead_peel_is_named_offline_and_nobody_waits_for_it(own_fleet: Fleet):
    os.kill(own_fleet.pid("peel-2"), signal.SIGKILL)
    eventually(
        lambda: "absent" in own_fleet.zester("peel", "list").out, "the masters know it is gone"
    )

    done = own_fleet.zester("*", "test.ping", "--output", "json", "--timeout", "50")

    assert done.code == 4
    assert done.json["counts"] == {"ok": 2, "offline": 1}
    assert done.json["peels"]["peel-2"]["outcome"] == "offline"


def test_nothing_outlives_dev_whose_folder_is_reused(tmp_path: Path):
    folder, log = tmp_path / "fleet-of-this-test", tmp_path / "log"
    for _ in range(2):
        process = start_dev(folder, log, peels=2)
        read_export(process, log)

        process.kill()
        process.communicate()

        eventually(lambda: not processes_of(str(folder)), "every process is gone", 1.0)


def test_dev_refuses_a_folder_that_it_did_not_make(tmp_path: Path):
    (tmp_path / "precious").write_text("mine")

    done = run([SCRIPTS / "zester-master", "dev", "--peels", "1", "--dir", tmp_path])

    assert done.code != 0
    assert str(tmp_path) in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_dev_stops_cleanly_on_sigterm(tmp_path: Path):
    folder, log = tmp_path / "another-fleet", tmp_path / "log"
    process = start_dev(folder, log, peels=1)
    read_export(process, log)

    code = stop(process)

    assert code == 0
    assert not processes_of(str(folder))


@pytest.fixture(scope="module")
def address(fleet: Fleet) -> tuple[str, int, Path]:
    """Where the fleet's nats-server listens, and the CA that it is known by."""
    url = fleet.child("nats-1")["url"]
    host, _, port = url.removeprefix("tls://").rpartition(":")
    return host, int(port), fleet.folder / "site" / "operators" / "admin" / "ca.crt"


def test_the_bus_speaks_tls_1_3_under_its_own_ca(address: tuple[str, int, Path]):
    host, port, ca = address
    context = ssl.create_default_context(cafile=str(ca))

    with (
        socket.create_connection((host, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_openssl_connects_with_1_3_and_is_told_off_with_1_2(address: tuple[str, int, Path]):
    host, port, ca = address
    base: list[str | Path] = ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", ca]

    newer = run([*base, "-tls1_3", "-verify_return_error"])
    older = run([*base, "-tls1_2"])

    assert "Verification: OK" in newer.out
    assert "TLSv1.3" in newer.out
    assert "alert protocol version" in older.err + older.out


def test_a_connection_without_credentials_is_refused(address: tuple[str, int, Path]):
    host, port, ca = address
    context = ssl.create_default_context(cafile=str(ca))

    with (
        socket.create_connection((host, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
        heard = b""
        while chunk := secure.recv(4096):
            heard += chunk

    assert b"-ERR 'Authorization Violation'" in heard
