"""The whole process: what it imports, what it says when it is not let, and how it ends."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zester_cli import __version__
from zester_cli.main import main
from zester_cli.options import COMMANDS, OPTIONS
from zester_testing.stage import ZESTER, StageMaster, ok

REPOSITORY = Path(__file__).resolve().parents[3]


def zester(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    return subprocess.run([ZESTER, *words], env=known, capture_output=True, text=True, check=False)


def imported(*words: str, environment: dict[str, str] | None = None) -> set[str]:
    """Give the modules that a command line loads; the interpreter's own ones are no news."""
    code = (
        "import sys; from zester_cli.main import main; code = main(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stderr.split())


def test_the_version_is_said_without_importing_anything() -> None:
    assert zester("--version").stdout == f"zester {__version__}\n"
    loaded = imported("--version")
    assert not loaded & {"typing", "re", "zester_proto", "zester_cli.argv", "typer", "rich"}


def test_help_is_said_without_typer() -> None:
    loaded = imported("--help")
    assert not loaded & {"typer", "rich", "nats", "msgspec", "asyncio", "yaml"}


def test_help_names_every_command_and_option() -> None:
    text = zester("--help").stdout
    for one in COMMANDS:
        for name in [f"{one.name} {sub.name}" for sub in one.subcommands] or [one.name]:
            assert re.search(rf"^  {name} ", text, re.MULTILINE), name
    for option in OPTIONS:
        assert option.name in text
    assert max(map(len, text.split("\n"))) <= 100


def test_every_command_has_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    for one in COMMANDS:
        for path in [[one.name, sub.name] for sub in one.subcommands] or [[one.name]]:
            assert main([*path, "--help"]) == 0
            assert "Usage: zester" in capsys.readouterr().out


async def test_a_job_needs_neither_typer_nor_rich_nor_yaml(master: StageMaster) -> None:
    master.runs(ok("a"))
    for form in ("table", "json", "raw"):
        loaded = await asyncio.to_thread(
            imported, "*", "test.ping", "--output", form, environment=master.environment()
        )
        assert not loaded & {"typer", "rich", "yaml", "importlib.metadata", "nats.js"}, form


def test_no_words_are_a_usage_error_with_the_help() -> None:
    done = zester()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: zester" in done.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["jbo", "list"], "did you mean zester job list?"),
        (["job", "list", "--lmit", "5"], "--lmit"),
        (["job", "list", "--limit", "many"], "--limit"),
        (["job", "show"], "JID"),
        (["job", "show", "nonsense"], "is not a job id"),
        (["job", "list", "--since", "yesterday"], "--since"),
        (["completion", "csh"], "bash, zsh, fish"),
        (["whoami"], "ZESTER_CONFIG"),
        (["*", "test.ping"], "ZESTER_CONFIG"),
        (["target", "web*", "--groups", "x"], "--fleet"),
    ],
)
def test_usage_errors_are_one_clear_text_and_code_2(words: list[str], text: str) -> None:
    done = zester(*words)
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")


def test_a_reader_that_goes_away_is_no_error() -> None:
    line = f"{ZESTER} --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() in {"0", "141"}


async def test_a_long_result_into_a_closed_pipe_is_quiet(master: StageMaster) -> None:
    master.runs(ok("a", "x\n" * 200_000))
    line = f"{ZESTER} '*' test.echo --output raw | head -n 1; echo ${{PIPESTATUS[0]}}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line, env=master.environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert out == b"x\n141\n"
    assert err == b""


def test_an_error_of_our_own_making_shows_no_traceback_without_debug(tmp_path: Path) -> None:
    broken = tmp_path / "zester_cli"
    broken.mkdir()
    code = (
        "import sys, zester_cli.running as r\n"
        "r.parse = lambda words: 1 / 0\n"
        "sys.exit(r.run_words(sys.argv[1:]))"
    )
    for words in ([], ["--debug"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
        )
        assert ("Traceback" in done.stderr) == bool(words)
        assert "division by zero" in done.stderr
        assert done.returncode == 1


KNOWN = (
    "job list peel facts get target --fleet doc whoami run * test.ping --output json -- --help "
    "--timeout 5 -l a=@/x a=b --async --explain --limit completion bash --config /nonexistent"
)
WORDS = st.one_of(
    st.sampled_from(KNOWN.split()),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(WORDS, max_size=6))
def test_no_command_line_ends_in_a_traceback(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("ZESTER_CONFIG", raising=False)
    code = main(words)
    text = capsys.readouterr()
    assert code in {0, 1, 2, 3}
    assert "Traceback" not in text.err
    assert "inside zester" not in text.err


CODES = re.compile(r"^\| (\d+) \| ([^|]+) \|", re.MULTILINE)


def test_the_exit_codes_of_the_docs_are_those_of_the_code() -> None:
    from zester_cli.commands.run import WOULD_CHANGE
    from zester_cli.errors import CliError
    from zester_cli.running import BROKEN_PIPE, INTERRUPTED
    from zester_proto.messages.jobs import Outcome, exit_code

    kinds: list[type[CliError]] = [CliError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    used = {kind.exit_code for kind in kinds} | {exit_code({one}) for one in Outcome}
    used |= {WOULD_CHANGE, BROKEN_PIPE, INTERRUPTED}
    documented = {int(code) for code, _ in CODES.findall((REPOSITORY / "docs/cli.md").read_text())}
    assert documented == used


def test_the_docs_name_every_command_and_option() -> None:
    text = (REPOSITORY / "docs/cli.md").read_text()
    for one in COMMANDS:
        for name in [f"{one.name} {sub.name}" for sub in one.subcommands] or [one.name]:
            assert f"`zester {name}" in text, name
    for option in OPTIONS:
        assert f"| `{option.name}" in text, option.name
