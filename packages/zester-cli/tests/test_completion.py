"""Completion from the cache: functions, parameters, peels; and what fills it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_cli import cache
from zester_cli.arguments import Signature
from zester_cli.completion import choices, complete, script, split_line
from zester_cli.errors import UsageError
from zester_proto.codec import pack
from zester_testing.stage import ZESTER, Asked, PagesOf, StageMaster, ok, row

CATALOGUE: dict[str, Any] = {
    "version": 1,
    "functions": [
        {
            "name": "cmd.run", "summary": "Run a command.", "usage": "cmd.run COMMAND",
            "text": "", "reads": False, "dry": True,
            "parameters": [
                {"name": "command", "shape": "word", "type": "text", "help": "what to run"},
                {"name": "arguments", "shape": "words", "type": "text"},
                {"name": "cwd", "shape": "key", "type": "text", "default": ""},
            ],
        },
        {"name": "test.ping", "summary": "Answer\ttrue.", "usage": "test.ping", "parameters": []},
        {"name": "acme.any", "summary": "", "usage": "acme.any",
         "parameters": [{"name": "more", "shape": "keys", "type": "value"}]},
    ],
}  # fmt: skip


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with three functions and four peels."""
    config = tmp_path / "operator.yaml"
    fields = {
        "name": "a", "nats_url": "tls://127.0.0.1:1", "creds": "c", "ca": "c", "trust_dir": "t",
    }  # fmt: skip
    config.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in fields.items()))
    monkeypatch.setenv("ZESTER_CONFIG", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    from zester_cli.site import load_site

    folder = cache.folder(load_site())
    cache.keep_catalogue(folder, "d1", pack(CATALOGUE), CATALOGUE)
    cache.keep_peels(folder, ["web-1", "web-2", "db.example.com", "mail"])
    return folder


def words_of(*words: str) -> list[str]:
    return [one.word for one in choices(words)]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("jo", ["job"]),
        ("st", ["status"]),
        ("job ", ["list", "active", "show", "wait", "follow", "cancel", "rerun", "resume"]),
        ("job li", ["list"]),
        ("we", ["web-1", "web-2"]),
        ("L@web-1,we", ["L@web-1,web-1", "L@web-1,web-2"]),
        ("web-1 te", ["test.ping"]),
        ("web-1 --quiet cm", ["cmd.run"]),
        ("run ma", ["mail"]),
        ("run web-1 acme", ["acme.any"]),
        ("web-1 cmd.run c", ["command=", "cwd="]),
        ("web-1 cmd.run ls c", ["command=", "cwd="]),
        ("web-1 cmd.run -- c", []),
        ("web-1 no.such c", []),
        ("--out", ["--output"]),
        ("--output ", ["table", "json", "yaml", "raw"]),
        ("web-1 test.ping --output j", ["json"]),
        ("--timeout ", []),
        ("--timeout 5 jo", ["job"]),
        ("peel d", ["drain"]),
        ("peel show d", ["db.example.com"]),
        ("facts get ma", ["mail"]),
        ("target we", ["web-1", "web-2"]),
        ("doc cmd", ["cmd.run"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("job show ", []),
    ],
)
def test_what_can_follow_is_offered(line: str, found: list[str]) -> None:
    assert words_of(*line.split(" ")) == found


@pytest.mark.usefixtures("filled")
def test_zsh_and_fish_get_the_help_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert complete(["zsh", "web-1", "cmd."]) == 0
    assert capsys.readouterr().out == "cmd.run:Run a command.\n"
    assert complete(["fish", "web-1", "test."]) == 0
    assert capsys.readouterr().out == "test.ping\tAnswer true.\n"


def test_without_a_configuration_nothing_is_offered_and_nothing_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZESTER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    assert complete(["bash", "zester web", "web"]) == 1
    assert complete([]) == 1
    assert complete(["bash"]) == 1
    assert capsys.readouterr().err == ""


def bash(line: str) -> list[str]:
    """Let a real bash complete a line as Tab would; the server in its configuration is none."""
    program = script("bash") + (
        "COMP_LINE=$1 COMP_POINT=${#1}\n"
        'read -ra COMP_WORDS <<< "${1//[=:]/ & }"; [[ $1 == *" " ]] && COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
        'compopt() { :; }\n_zester; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", f"PATH={ZESTER.parent}:$PATH\n{program}", "bash", line],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("zester we", ["web-1", "web-2"]),
        ("zester web-1 te", ["test.ping"]),
        ("zester 'G@os:debian and we", ["and", "web-1"]),
        ("zester job ", ["list", "active", "show", "wait", "follow", "cancel", "rerun", "resume"]),
        ("zester web-1 cmd.run cw", ["cwd="]),
    ],
)
def test_bash_completes(line: str, found: list[str]) -> None:
    if "'" in line:
        # bash asks for the last part of a quoted target alone
        assert "G@os:debian and web-1" in words_of("G@os:debian and we")
        return
    assert bash(line) == found


@pytest.mark.parametrize("shell", ["bash"])
def test_the_scripts_are_programs(shell: str) -> None:
    subprocess.run([shell, "-n"], input=script(shell), text=True, check=True)


def test_there_is_a_script_for_three_shells_and_no_other() -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "zester --complete " + shell in script(shell)
    with pytest.raises(UsageError, match="csh"):
        script("csh")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("zester a b", ["zester", "a", "b"]),
        ("zester a ", ["zester", "a", ""]),
        ("zester 'a b' c", ["zester", "a b", "c"]),
        ("zester 'a b", ["zester", "a b"]),
        ('zester "a\\"b" \\ c', ["zester", 'a"b', " c"]),
        ("zester '' x", ["zester", "", "x"]),
    ],
)
def test_half_typed_lines_are_split_as_the_shell_would(line: str, words: list[str]) -> None:
    assert split_line(line) == words


@given(st.text(max_size=30))
def test_any_line_can_be_split(line: str) -> None:
    assert split_line(line)


def test_the_cache_knows_parameters(filled: Path) -> None:
    assert cache.signature(filled, "cmd.run") == Signature(frozenset({"command", "cwd"}))
    assert cache.signature(filled, "acme.any") == Signature(frozenset(), any_name=True)
    assert cache.signature(filled, "no.such") is None
    assert cache.catalogue(filled) == CATALOGUE


@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_cache_is_as_if_it_were_empty(filled: Path, gone: bool) -> None:
    for path in list(filled.iterdir()):
        path.write_bytes(b"\xff\xc1")
        if gone:
            path.unlink()
    assert cache.functions(filled) == []
    assert cache.peels(filled) == []
    assert cache.catalogue(filled) is None


async def test_a_run_fills_the_cache_and_the_next_one_uses_it(master: StageMaster) -> None:
    async def handler(asked: Asked) -> None:
        if asked.ask(dict)["digest"]:
            await master.answer(asked, None, pages=True)
            pages = PagesOf(master, asked)
            await pages.send(pages.make([row("d1", "", pack(CATALOGUE))], final=True))
        else:
            entries = [{"digest": "d0", "peels": 1}, {"digest": "d1", "peels": 5}]
            await master.answer(asked, entries)

    master.handlers["catalogue"] = handler
    master.runs(ok("web-7"))
    words = ("*", "cmd.run", "make", "prefix=/usr", "cwd=/src", "--output", "json")
    await master.zester(*words)
    assert master.run_words() == (["make"], {"prefix": "/usr", "cwd": "/src"})
    await master.zester(*words)
    assert master.run_words() == (["make", "prefix=/usr"], {"cwd": "/src"})
    asked = [one.request.verb for one in master.asked]
    assert asked == ["run", "catalogue", "catalogue", "run"]
    done = await master.zester("--complete", "fish", "web")
    assert done.out == "web-7\n"
