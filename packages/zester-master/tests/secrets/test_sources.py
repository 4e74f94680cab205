"""Secrets that come from commands, files and the environment of a master."""

import asyncio
import contextlib
import os
import select
from collections.abc import Callable
from pathlib import Path

import pytest

from zester_master.config import MasterConfig
from zester_master.secrets.command import CommandFailed, output_of
from zester_master.secrets.sources import Source, SourceFailed, Sources, sources_of
from zester_proto.config import ConfigError, load
from zester_proto.health import Health
from zester_proto.metrics import Registry
from zester_testing.masters import eventually

Configured = Callable[[str], MasterConfig]
CANARY = "canary-of-a-source"


def health() -> Health:
    return Health("0.1.0", Registry())


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def config(tmp_path: Path) -> Configured:
    def written(text: str) -> MasterConfig:
        path = tmp_path / "master.yaml"
        path.write_text(text)
        return load(MasterConfig, path, path).value

    return written


def test_a_command_gets_the_rest_of_the_name_as_one_argument(tmp_path: Path):
    tool = script(tmp_path / "tool", 'printf "%s|%s|%s" "$#" "$1" "$ZESTER_SECRET_NAME"')
    (source,) = sources_of({"vault/": ("command", tool, "kv/{name}")})
    assert source.read("vault/db/password") == "1|kv/db/password|db/password"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"echo {CANARY}; echo {CANARY} >&2; exit 3", "ended with 3"),
        ("true", "empty"),
        (f"printf '\\377{CANARY}'", "no text"),
        (f"head -c 70000 /dev/zero | tr '\\0' x; echo {CANARY}", "at most"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_said(tmp_path: Path, text: str, why: str):
    tool = script(tmp_path / "tool", text)
    with pytest.raises(SourceFailed, match=why) as failed:
        Source("v/", "command", (tool,)).read("v/x")
    assert CANARY not in f"{failed.value.message}{failed.value.hint}"


def test_a_command_that_never_ends_is_ended_with_all_that_it_started(tmp_path: Path):
    tool = script(tmp_path / "tool", f"sleep 1000 & echo $! > {tmp_path}/pid; wait")
    with pytest.raises(CommandFailed, match="took longer than"):
        output_of([tool], {}, limit=100, seconds=0.5)
    with contextlib.suppress(ProcessLookupError):  # it is gone already
        started = os.pidfd_open(int((tmp_path / "pid").read_text()))
        assert select.select([started], [], [], 10)[0]
        os.close(started)


def test_a_command_that_never_stops_printing_is_ended(tmp_path: Path):
    tool = script(tmp_path / "tool", "exec yes")
    assert len(output_of([tool], {}, limit=100_000)) == 100_000


def test_a_name_is_never_an_option_of_a_command(tmp_path: Path):
    tool = script(tmp_path / "tool", "echo never")
    with pytest.raises(SourceFailed, match="no argument"):
        Source("v/", "command", (tool, "{name}")).read("v/--all")


def test_files_are_those_of_the_folder_alone(tmp_path: Path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "outside").write_text("outside")
    (folder / "inside").write_text(f"{CANARY}\n")
    (folder / "link").symlink_to(tmp_path / "outside")
    (source,) = sources_of({"run/": ("file", str(folder))})
    assert source.read("run/inside") == CANARY
    for name in ("run/../outside", "run/link"):
        with pytest.raises(SourceFailed, match="outside of"):
            source.read(name)
    with pytest.raises(SourceFailed, match="No such file"):
        source.read("run/other")
    os.mkfifo(folder / "pipe")
    with pytest.raises(SourceFailed, match="is no file"):
        source.read("run/pipe")


def test_the_environment_is_asked_by_a_name_that_can_stand_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZS_DB_PASS_WORD", CANARY)
    (source,) = sources_of({"env/": ("environment", "ZS_")})
    assert source.read("env/db/pass-word") == CANARY
    with pytest.raises(SourceFailed, match="ZS_OTHER is not set"):
        source.read("env/other")


async def test_the_last_value_stays_while_a_source_fails_and_a_new_one_is_told(tmp_path: Path):
    (tmp_path / "a").write_text("first-value")
    changes, told = asyncio.Event(), health()
    sources = Sources(sources_of({"run/": ("file", str(tmp_path))}), told, period=0.01)
    assert await sources.want(["run/a", "elsewhere"])
    assert not await sources.want(["run/a"])
    found = sources.find("run/a")
    assert found is not None
    assert (found.value, found.by) == ("first-value", "source run/")

    task = asyncio.create_task(sources.run(changes.set))
    (tmp_path / "a").unlink()
    await eventually(told.conditions, "the failure is told")
    assert "run/a" in told.conditions()[0].text
    assert sources.find("run/a") == found

    (tmp_path / "a").write_text("second-value")
    await asyncio.wait_for(changes.wait(), 10)
    task.cancel()
    new = sources.find("run/a")
    assert new is not None
    assert new.value == "second-value"
    assert not told.conditions()


async def test_what_was_never_given_is_asked_for_again(tmp_path: Path):
    told, ask = health(), asyncio.Event()
    sources = Sources(sources_of({"run/": ("file", str(tmp_path))}), told, again=0.01)
    task = asyncio.create_task(sources.run(ask.set))
    assert not await sources.want(["run/a"])
    assert "No such file" in sources.failure("run/a")

    await asyncio.wait_for(ask.wait(), 10)
    (tmp_path / "a").write_text("first-value")
    assert await sources.want(["run/a"])
    assert sources.find("run/a") is not None
    assert not told.conditions()
    task.cancel()


async def test_a_failure_is_no_condition_once_nobody_asks_any_more(tmp_path: Path):
    told = health()
    sources = Sources(sources_of({"run/": ("file", str(tmp_path))}), told, again=0.01)
    await sources.want(["run/a"])
    assert told.conditions()
    task = asyncio.create_task(sources.run(lambda: None))
    await eventually(lambda: not told.conditions(), "the condition is over")
    task.cancel()


def test_sources_are_written_in_the_configuration_and_mistakes_told_there(config: Configured):
    text = "secret_sources:\n  a/: [command, tool, '{name}']\n  a/b/: [file, /run/secrets]\n"
    sources = sources_of(config(text).secret_sources)
    assert [one.prefix for one in sources] == ["a/b/", "a/"]
    with pytest.raises(ConfigError, match="'shell'"):
        config("secret_sources:\n  a/: [shell, tool]\n")
    with pytest.raises(ConfigError, match="behind file stands a folder"):
        config("secret_sources:\n  a/: [file]\n")
    with pytest.raises(ConfigError, match="no name of a secret"):
        config("secret_sources:\n  a b: [file, /x]\n")
