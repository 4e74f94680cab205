"""The command line's rules, as a table of words and what they mean."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_cli.argv import Call, CommandCall, HelpCall, RunCall, VersionCall, parse
from zester_cli.errors import UsageError
from zester_cli.options import COMMANDS, OPTIONS, Options

RUNS: list[tuple[str, str, str, str, int, dict[str, Any]]] = [
    ("* test.ping", "*", "test.ping", "", 0, {}),
    ("web* cmd.run uptime", "web*", "cmd.run", "uptime", 0, {}),
    ("--output json * test.ping", "*", "test.ping", "", 0, {"output": "json"}),
    ("* --output json test.ping", "*", "test.ping", "", 0, {"output": "json"}),
    ("* test.ping --output json", "*", "test.ping", "", 0, {"output": "json"}),
    ("* test.ping --output=yaml", "*", "test.ping", "", 0, {"output": "yaml"}),
    ("* cmd.run --timeout 5m ls -l", "*", "cmd.run", "ls -l", 0, {"timeout": 300.0}),
    ("* cmd.run ls -l --timeout 30", "*", "cmd.run", "ls -l", 0, {"timeout": 30.0}),
    ("* cmd.run ls -l /", "*", "cmd.run", "ls -l /", 0, {}),
    ("* cmd.run df -h", "*", "cmd.run", "df -h", 0, {}),
    ("* test.echo -5", "*", "test.echo", "-5", 0, {}),
    ("* test.echo -", "*", "test.echo", "-", 0, {}),
    ("* cmd.run -l", "*", "cmd.run", "-l", 0, {}),
    ("* cmd.run -- ls --color", "*", "cmd.run", "ls --color", 2, {}),
    ("* cmd.run ls -- --color", "*", "cmd.run", "ls --color", 1, {}),
    ("* cmd.run cwd=/tmp --quiet", "*", "cmd.run", "cwd=/tmp", 0, {"quiet": True}),
    ("* cmd.run --quiet -- ls --quiet", "*", "cmd.run", "ls --quiet", 2, {"quiet": True}),
    ("* cmd.run -- ls -- x", "*", "cmd.run", "ls -- x", 3, {}),
    ("* cmd.run ls --", "*", "cmd.run", "ls", 0, {}),
    ("* cmd.run ls --quiet --", "*", "cmd.run", "ls", 0, {"quiet": True}),
    ("* cmd.run --", "*", "cmd.run", "", 0, {}),
    ("-- * cmd.run ls --color", "*", "cmd.run", "ls --color", 2, {}),
    ("--quiet -- job cmd.run ls", "job", "cmd.run", "ls", 1, {"quiet": True}),
    ("* -- cmd.run ls --color", "*", "cmd.run", "ls --color", 2, {}),
    ("run * test.ping", "*", "test.ping", "", 0, {}),
    ("--quiet run * test.ping", "*", "test.ping", "", 0, {"quiet": True}),
    ("run --quiet * test.ping", "*", "test.ping", "", 0, {"quiet": True}),
    ("run job test.ping", "job", "test.ping", "", 0, {}),
    ("run run test.ping", "run", "test.ping", "", 0, {}),
    ("* test.ping --async --test", "*", "test.ping", "", 0, {"detach": True, "test": True}),
    ("* a.b --detailed-exit --no-color --debug --config f", "*", "a.b", "", 0,
     {"detailed_exit": True, "no_color": True, "debug": True, "config": "f"}),
    ("* test.ping --timeout 5 --timeout 7", "*", "test.ping", "", 0, {"timeout": 7.0}),
    ("* test.ping --config -x", "*", "test.ping", "", 0, {"config": "-x"}),
    ("* a.b --batch 10% --batch-wait 5s --canary 2 --max-fail 3", "*", "a.b", "", 0,
     {"batch": "10%", "batch_wait": 5.0, "canary": 2, "max_fail": "3"}),
    ("* sys.doc cmd.run", "*", "sys.doc", "cmd.run", 0, {}),
    ("db.example.com a.b.c", "db.example.com", "a.b.c", "", 0, {}),
    ("all test.ping", "all", "test.ping", "", 0, {}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "target", "function", "words", "literal", "options"), RUNS)
def test_a_target_and_a_function_are_read(
    line: str, target: str, function: str, words: str, literal: int, options: dict[str, Any]
) -> None:
    call = parse(line.split())
    assert call == RunCall(Options(**options), target, function, tuple(words.split()), literal)


COMMAND_LINES: list[tuple[str, str, dict[str, Any]]] = [
    ("job list", "job list", {}),
    ("job list --limit 5", "job list --limit 5", {}),
    ("--output json job list", "job list", {"output": "json"}),
    ("job --output json list", "job list", {"output": "json"}),
    ("job list --output json --limit 5", "job list --limit 5", {"output": "json"}),
    ("job list --limit 5 --output=raw", "job list --limit 5", {"output": "raw"}),
    ("job wait J --timeout 5m", "job wait J", {"timeout": 300.0}),
    ("job follow J --detailed-exit", "job follow J", {"detailed_exit": True}),
    ("peel ping * --async", "peel ping *", {"detach": True}),
    ("facts get * os -- --quiet", "facts get * os -- --quiet", {}),
    ("target web* --explain", "target web* --explain", {}),
    ("doc cmd.run", "doc cmd.run", {}),
    ("doc", "doc", {}),
    ("whoami --quiet", "whoami", {"quiet": True}),
    ("completion bash", "completion bash", {}),
    ("job --help", "job --help", {}),
    ("job list --help", "job list --help", {}),
    ("--quiet job show J --help", "job show --help", {}),
    ("target --help", "target --help", {}),
]


@pytest.mark.parametrize(("line", "words", "options"), COMMAND_LINES)
def test_a_first_word_that_is_a_command_is_that_command(
    line: str, words: str, options: dict[str, Any]
) -> None:
    assert parse(line.split()) == CommandCall(Options(**options), tuple(words.split()))


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("", HelpCall(asked=False)),
        ("--quiet", HelpCall(asked=False)),
        ("--help", HelpCall()),
        ("-h", HelpCall()),
        ("--output json --help", HelpCall()),
        ("* --help", HelpCall()),
        ("* cmd.run --help", HelpCall("cmd.run")),
        ("--config x.y * cmd.run ls --help", HelpCall("cmd.run")),
        ("run * cmd.run --help", HelpCall("cmd.run")),
        ("run --help", HelpCall()),
        ("--version", VersionCall()),
        ("--quiet --version", VersionCall()),
        ("--version whatever", VersionCall()),
    ],
)
def test_help_and_version_are_found_wherever_they_may_stand(line: str, call: Call) -> None:
    assert parse(line.split()) == call


def test_help_after_two_dashes_is_an_argument() -> None:
    call = parse(["*", "cmd.run", "--", "ls", "--help"])
    assert call == RunCall(Options(), "*", "cmd.run", ("ls", "--help"), 2)


def test_words_keep_their_spaces_and_line_ends() -> None:
    call = parse(["* and not db", "cmd.run", "a  b\nc", ""])
    assert isinstance(call, RunCall)
    assert call.target == "* and not db"
    assert call.words == ("a  b\nc", "")


WRONG = [
    ("jbo list", "no command 'jbo'", "zester job list"),
    ("jbo lst", "no command 'jbo'", "zester job list"),
    ("jobs active", "no command 'jobs'", "zester job active"),
    ("fact qery", "no command 'fact'", "zester facts query"),
    ("whomi now", "no command 'whomi'", "zester whoami"),
    ("jbo", "no command 'jbo'", "zester job"),
    ("*", "a function is missing", "zester '*' test.ping"),
    ("* ping", "'ping' is no function", "zester doc"),
    ("* test.", "'test.' is no function", ""),
    ("* .ping", "'.ping' is no function", ""),
    ("* test..ping", "'test..ping' is no function", ""),
    ("job lst", "zester job has no 'lst'", "zester job list"),
    ("job", "zester job needs one of", ""),
    ("job -x", "zester job has no '-x'", ""),
    ("run", "needs a target", ""),
    ("run *", "a function is missing", ""),
    ("-x * test.ping", "no option -x", "--help"),
    ("* -x test.ping", "no option -x", ""),
    ("--ouput json * test.ping", "no option --ouput", "--output"),
    ("* test.ping --ouput json", "no option --ouput", "--output"),
    ("* cmd.run ls --color", "no option --color", "-- ... --color"),
    ("* cmd.run ls --color=auto", "no option --color", "cmd.run -- ... --color=auto"),
    ("* cmd.run python3 --version", "no option --version", "-- ... --version"),
    ("* cmd.run ls --quiet -l", "--quiet stands between the arguments", "before the first"),
    ("* cmd.run ls --output json -l", "--output stands between", ""),
    ("* cmd.run ls --timeout 5 -- -l", "--timeout stands between", ""),
    ("* test.ping --output", "--output needs a value", ""),
    ("* test.ping --output --quiet", "--output needs a value", ""),
    ("* test.ping --config=", "--config needs a value", ""),
    ("* test.ping --output jsn", "no form 'jsn'", "json"),
    ("* test.ping --output xml", "no form 'xml'", "table, json, yaml, raw"),
    ("* test.ping --quiet=yes", "--quiet takes no value", ""),
    ("* test.ping --timeout soon", "'soon' is not a duration", ""),
    ("* test.ping --timeout 0", "not between", ""),
    ("* test.ping --timeout -5", "is not a duration", ""),
    ("* test.ping --timeout 30x", "is not a duration", ""),
    ("* test.ping --timeout 999d", "not between", ""),
    ("* test.ping --batch many", "neither a number nor a share", ""),
    ("* test.ping --max-fail 1.5", "neither a number nor a share", ""),
    ("* test.ping --canary -1", "'-1' is no number", ""),
    ("job list --async", "--async says how a job runs", ""),
    ("job list --timeout 5", "--timeout says how a job runs", ""),
    ("whoami --test", "--test says how a job runs", ""),
]


@pytest.mark.parametrize(("line", "message", "hint"), WRONG)
def test_a_wrong_line_says_what_is_wrong_and_what_was_meant(
    line: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    assert message.lower() in caught.value.message.lower()
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_word_that_is_no_text_is_refused() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        parse(["*", "cmd.run", "ls \udcff"])


WORDS = st.one_of(
    st.sampled_from(
        [one.name for one in OPTIONS]
        + [one.name for one in COMMANDS]
        + [sub.name for one in COMMANDS for sub in one.subcommands]
        + ["--", "-", "-h", "--help", "--version", "*", "test.ping", "-l", "--x=y", "json", "5m"]
    ),
    st.text(max_size=8),
)


@given(st.lists(WORDS, max_size=8))
def test_no_line_ends_in_anything_but_a_call_or_a_usage_error(argv: list[str]) -> None:
    with contextlib.suppress(UsageError):
        call = parse(argv)
        if isinstance(call, RunCall):
            assert 0 <= call.literal <= len(call.words)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=8), max_size=6))
def test_whatever_follows_two_dashes_is_handed_over_as_it_is(words: list[str]) -> None:
    call = parse(["*", "cmd.run", "--quiet", "--", *words])
    assert call == RunCall(Options(quiet=True), "*", "cmd.run", tuple(words), len(words))
