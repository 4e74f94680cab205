"""The command line as operators and systemd use it: real processes, real files."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from zester_master.site.peels import Admission
from zester_proto.identity.joined import SITE_FILE, PeelSite, write_joined
from zester_proto.identity.joining import bundle_text, load_identity, read_line
from zester_testing.nats import die_with_parent
from zester_testing.peels import PEEL
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus, Site


def run(*words: object, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PEEL, *map(str, words)], input=stdin, capture_output=True, text=True, check=False,
        timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


def test_the_version_is_one_line() -> None:
    done = run("--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"zester-peel \d+\.\d+\.\d+\n", done.stdout)


def test_help_names_commands_and_exit_codes() -> None:
    text = run("--help").stdout

    for word in ("run", "keys", "join FILE", "call FUNCTION", "config check", "exit codes"):
        assert word in text


def test_every_key_of_the_configuration_is_a_flag() -> None:
    text = run("run", "--help").stdout

    for flag in ("--id", "--nats-url", "--nats-ca", "--auth-dir", "--max-jobs", "--health-addr"):
        assert flag in text


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["cal"], 2, "did you mean call?"),
        (["run", "--max-job", "3", "--nonsense"], 2, "--nonsense"),
        (["run", "--max-jobs", "many"], 3, "--max-jobs: 'many'"),
        (["--config", "/nonexistent/peel.yaml"], 3, "/nonexistent/peel.yaml"),
        (["config"], 2, "usage"),
        (["call"], 2, "usage"),
        (["call", "test.ping", "--outputt", "json"], 2, "--outputt"),
    ],
)
def test_a_wrong_command_line_is_one_clear_error(words: list[str], code: int, text: str) -> None:
    done = run(*words)

    assert done.returncode == code
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_host_that_has_not_joined_is_told_how_to(tmp_path: Path) -> None:
    done = run("run", "--auth-dir", tmp_path, "--state-dir", tmp_path, "--config", "/dev/null")

    assert done.returncode == 3
    assert "has not joined" in done.stderr
    assert "zester-peel keys" in done.stderr


# -- joining ---------------------------------------------------------------------------------------


def test_keys_prints_one_signed_line_and_keeps_its_keys(tmp_path: Path) -> None:
    words = ["keys", "--id", "web-1", "--auth-dir", tmp_path / "auth", "--config", "/dev/null"]
    first, second = run(*words), run(*words)

    assert first.returncode == 0, first.stderr
    assert first.stdout.count("\n") == 1
    assert read_line(first.stdout).id == "web-1"
    assert read_line(first.stdout).nkey == read_line(second.stdout).nkey
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "auth").iterdir()}
    assert files == {"peel.seed": 0o600, "box.key": 0o600}
    assert (tmp_path / "auth").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("bad", ["*", ">", "a b", "a\nb", "web..1", "Web-1", "x" * 300, "all"])
def test_keys_refuses_a_bad_id(tmp_path: Path, bad: str) -> None:
    done = run("keys", "--id", bad, "--auth-dir", tmp_path / "auth", "--config", "/dev/null")

    assert done.returncode == 3
    assert "is not a valid peel id" in done.stderr
    assert not (tmp_path / "auth").exists()


async def test_a_host_joins_by_one_line_and_one_file_and_runs(bus: Bus, tmp_path: Path) -> None:
    auth = tmp_path / "auth"
    words = ["--auth-dir", auth, "--config", "/dev/null"]
    line = run("keys", "--id", "joiner-1", *words).stdout
    file = tmp_path / "join"
    file.write_text(_admitted(bus.site, line))

    joined = run("join", file, *words)

    assert joined.returncode == 0, joined.stderr
    assert "joiner-1 joined the site" in joined.stdout
    assert load_identity(auth).id == "joiner-1"
    async with RawMaster.up(bus) as master:
        # as the runbook's unit has it: flags alone
        flags = ["--id", "joiner-1", "--nats-url", bus.url.replace("tls:", "nats:")]
        folders = [*map(str, words), "--state-dir", str(tmp_path / "state"), "--health-addr", ""]
        with _running(*flags, *folders):
            await master.here("joiner-1")
            returned = await master.run(load_identity(auth), "test.ping")
            assert returned.value is True


@contextlib.contextmanager
def _running(*words: str) -> Generator[None]:
    process = subprocess.Popen(
        [PEEL, *words],
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # nothing else runs in the child
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _admitted(site: Site, line: str) -> str:
    """Do what `zester-master peel add` does."""
    admission = Admission.load(site.paths.master)
    return bundle_text(admission.admit(line, now=time.time()))


def test_a_join_file_of_another_host_is_refused(site: Site, tmp_path: Path) -> None:
    words = ["--config", "/dev/null", "--auth-dir"]
    other = run("keys", "--id", "web-1", *words, tmp_path / "other").stdout
    run("keys", "--id", "web-2", *words, tmp_path / "own")

    done = run("join", "-", *words, tmp_path / "own", stdin=_admitted(site, other))

    assert done.returncode == 3
    assert "is for another host's keys" in done.stderr


def test_a_join_file_without_keys_is_refused(tmp_path: Path, site: Site) -> None:
    words = ["--config", "/dev/null", "--auth-dir"]
    line = run("keys", "--id", "web-1", *words, tmp_path / "other").stdout

    done = run("join", "-", *words, tmp_path / "none", stdin=_admitted(site, line))

    assert done.returncode == 3
    assert "holds no keys" in done.stderr


@pytest.mark.parametrize("name", ["peel.creds", "box.key"])
def test_a_key_that_others_can_read_is_refused_with_the_remedy(
    site: Site, tmp_path: Path, name: str
) -> None:
    site.peel("open-1")
    folder = site.peel_folder("open-1")
    (folder / name).chmod(0o644)

    done = run("run", "--auth-dir", folder, "--state-dir", tmp_path, "--config", "/dev/null")

    assert done.returncode == 3
    assert "others may read it" in done.stderr
    assert f"chmod 600 {folder / name}" in done.stderr


@pytest.mark.parametrize(
    ("given", "text"),
    [("Wrong-1", "upper-case"), ("wrong-2", "joined as 'wrong-1'"), ("wrong_*", "'*'")],
)
def test_a_peel_does_not_run_under_a_wrong_id(
    site: Site, tmp_path: Path, given: str, text: str
) -> None:
    site.peel("wrong-1")
    words = ["--auth-dir", site.peel_folder("wrong-1"), "--config", "/dev/null"]

    done = run("--id", given, *words, "--state-dir", tmp_path)

    assert done.returncode == 3
    assert text in done.stderr


def test_a_url_that_is_none_is_one_clear_error(site: Site, tmp_path: Path) -> None:
    site.peel("url-1")
    words = ["--auth-dir", site.peel_folder("url-1"), "--config", "/dev/null"]

    done = run("--nats-url", "http://nats", *words, "--state-dir", tmp_path)

    assert done.returncode == 3
    assert "is not the URL of a NATS server" in done.stderr


# -- configuration ---------------------------------------------------------------------------------


def test_config_check_shows_what_holds_and_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "peel.yaml"
    file.write_text("# mine\nmax_jobs: 3\n")

    done = run("config", "check", "--config", file, "--log-level", "debug")

    assert done.returncode == 0
    assert f"max_jobs = 3  ({file}:2)" in done.stdout
    assert "log_level = debug  (--log-level)" in done.stdout
    assert "state_dir = /var/lib/zester  (default)" in done.stdout


def test_config_check_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "peel.yaml"
    file.write_text("id: web-1\n\nmax_job: 3\n")

    done = run("config", "check", "--config", file)

    assert done.returncode == 3
    assert f"{file}:3: there is no key 'max_job'" in done.stderr
    assert "did you mean max_jobs?" in done.stderr


# -- call ------------------------------------------------------------------------------------------


def test_call_runs_a_function_with_no_network() -> None:
    done = run("call", "test.ping")

    assert (done.returncode, done.stdout) == (0, "true\n")


def test_call_takes_words_keywords_and_our_options_anywhere() -> None:
    done = run("call", "cmd.run", "--output", "json", "printf", "%s", "-5", "a=b", "umask=077")

    assert json.loads(done.stdout)["return"]["stdout"] == "-5a=b"


def test_call_after_two_dashes_takes_every_word_as_it_is() -> None:
    done = run("call", "cmd.run", "--", "echo", "--output", "shell=x")

    assert done.stdout == "--output shell=x\n"


def test_call_shows_a_commands_output_as_itself_and_its_failure() -> None:
    done = run("call", "cmd.run", "echo out; echo err >&2; exit 3")

    assert done.returncode == 1
    assert done.stdout == "out\n"
    assert done.stderr.startswith("err\n")
    assert "exit code 3" in done.stderr


def test_call_of_an_unknown_function_suggests_one() -> None:
    done = run("call", "test.pign", "--output", "json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["hint"] == "did you mean test.ping?"


def test_call_sees_custom_facts(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("rack: r12\n")

    done = run("call", "facts.get", "rack", "--facts", tmp_path, "--output", "yaml")

    assert "return: r12" in done.stdout


def test_call_has_the_id_that_was_given_or_joined_or_the_hosts_name(tmp_path: Path) -> None:
    def told(*words: object) -> str:
        return run("call", "facts.get", "id", *words).stdout.strip()

    write_joined(tmp_path, PeelSite(id="web-7", site="s", nats_url="tls://n"))
    (tmp_path / "facts.json").write_text('{"id": "db-7"}')

    assert told("--auth-dir", tmp_path) == "web-7"
    assert told("--auth-dir", tmp_path, "--id", "10") == "10"
    assert told("--auth-dir", tmp_path, "--facts", tmp_path / "facts.json") == "db-7"
    (tmp_path / SITE_FILE).write_text('{"id": "web-7"')
    assert told("--auth-dir", tmp_path) == socket.gethostname().lower()
    assert told("--auth-dir", tmp_path / "none") == socket.gethostname().lower()
    assert "'Web 7' is not a valid peel id" in run("call", "--id", "Web 7", "test.ping").stderr


def test_call_never_loads_the_bus(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom zester_peel.main import main\ncode = main(['call', 'test.ping'])\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'nats'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert done.stdout == "true\n[]\n"
