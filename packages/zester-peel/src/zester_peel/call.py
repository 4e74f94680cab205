"""`zester-peel call`: one function on this host, with no agent and no bus."""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Final, cast

from zester_modules.call import call
from zester_modules.entrypoints import scan
from zester_modules.errors import Refused
from zester_modules.registry import Registry
from zester_modules.returns import Outcome, Return
from zester_modules.states.trees import with_modules
from zester_peel import __version__, tests_text, tree_text
from zester_peel.breaking_off import BrokenOff, Ending, break_off_after, may_break_off
from zester_peel.call_settings import with_kept
from zester_peel.call_trees import facts_of, id_of, trees_of
from zester_peel.locks import wait_for_lock
from zester_peel.states_text import is_result, shown
from zester_proto.codec import normalise
from zester_proto.logs import setup
from zester_proto.messages.jobs import SUCCESSES
from zester_proto.secrets.masker import Masker
from zester_proto.secrets.printed import Printed
from zester_proto.terminal import escaped_json
from zester_proto.units import parse_duration

_VALUED: Final = (
    "--facts", "--output", "--timeout", "--id", "--tree", "--settings", "--env",
    "--state-dir", "--auth-dir",
)  # fmt: skip
_OF_A_RUN: Final = (*SUCCESSES, Outcome.FAILED, Outcome.REFUSED)
"""Of these a run of states tells all in its own lines."""

STATE_DIR: Final = Path("/var/lib/zester")
"""Where an agent keeps its state unless it is told otherwise."""

_NAME: Final = set("abcdefghijklmnopqrstuvwxyz0123456789_")


def run_call(words: list[str]) -> int:
    """Run a function and print its return; give the exit code."""
    options, called, plain = _split(words)
    given = _parser().parse_args(options)
    if not called:
        called, plain = plain[:1], plain[1:]
    if not called:
        sys.stderr.write("usage: zester-peel call FUNCTION [ARG...] [KEY=VALUE...]\n")
        return 2
    function, *rest = called
    if given.host:
        rest.append("host=true")
    masker = Masker()
    with Printed(sys.stderr, masker) as printed, contextlib.redirect_stderr(printed):
        setup("info", "text", masker=masker)
        with may_break_off() as ending:
            try:
                answer = _answer(given, function, rest, plain, masker)
            except BrokenOff:
                answer = Return(None)
    if ending.why:
        answer = _broken_off(function, answer, ending)
    _show(answer, given.output)
    return ending.exit_code or (0 if Outcome(answer.outcome) in SUCCESSES else 1)


def _broken_off(function: str, answer: Return, ending: Ending) -> Return:
    """Give an answer that says so, with what a run of states had done by then."""
    outcome = Outcome.TIMED_OUT if ending.timed_out else Outcome.CANCELLED
    return Return(
        answer.value, outcome, error=f"{function} was broken off {ending.why}",
        hint="--timeout gives it more time" if ending.timed_out else "",
    )  # fmt: skip


def _answer(
    given: argparse.Namespace, function: str, rest: list[str], plain: list[str], masker: Masker
) -> Return:
    trees = trees_of(given.tree, given.settings, given.env, modules=given.tree_modules)
    registry = with_modules(Registry(scan), trees)
    timeout = parse_duration(given.timeout) if given.timeout else None
    if timeout is not None and not _ends_itself(registry, function):
        break_off_after(timeout)
    with contextlib.redirect_stdout(sys.stderr):  # modules may print while they are imported
        args, kwargs = _arguments(registry, function, rest)
        _lock(registry, function, given.state_dir)
    auth = given.auth_dir or given.state_dir / "auth"
    facts_dir, facts = facts_of(given.facts, given.id)
    if not given.settings:
        trees = with_kept(trees, given.state_dir, auth)
    return call(
        function,
        [*args, *plain],
        kwargs,
        facts_dir=facts_dir,
        facts=facts,
        trees=trees,
        peel_id=id_of(given.id, facts, auth),
        version=__version__,
        test=given.test,
        timeout=timeout,
        registry=registry,
        masker=masker,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zester-peel call",
        usage="zester-peel call [OPTIONS] FUNCTION [ARG...] [KEY=VALUE...]",
        description="Run a function on this host, with no agent and no bus.",
        epilog="After FUNCTION a word with one dash is an argument; after -- every word is.",
    )
    parser.add_argument("--facts", type=Path,
                        metavar="DIR|FILE",
                        help="custom facts, or a file of all facts")  # fmt: skip
    parser.add_argument("--tree", action="append", default=[], metavar="[ENV=]DIR",
                        help="state tree; of several the first that has a file wins")  # fmt: skip
    parser.add_argument("--tree-modules", action="store_true",
                        help="run the code in _modules/ and _states/ of that tree")  # fmt: skip
    parser.add_argument("--settings", action="append", default=[], metavar="[ENV=]DIR",
                        help="settings tree; else what this host's agent keeps, for those who "
                        "may read its keys")  # fmt: skip
    parser.add_argument("--env", default="", help="environment; else base")
    parser.add_argument("--state-dir", type=Path, default=STATE_DIR, metavar="DIR",
                        help="of this host's agent, whose runs this one waits for")  # fmt: skip
    parser.add_argument("--auth-dir", type=Path, metavar="DIR",
                        help="where that agent's keys lie; else auth in its state")  # fmt: skip
    parser.add_argument("--output", choices=("text", "json", "yaml"), default="text")
    parser.add_argument("--timeout", help="how long it may take: 30, 30s, 5m")
    parser.add_argument("--test", action="store_true", help="say what would change")
    parser.add_argument("--host", action="store_true",
                        help="with state.test: converge on a throw-away root, too")  # fmt: skip
    parser.add_argument("--id", default="",
                        help="the id that the function sees; else as this host joined, or its "
                        "name")  # fmt: skip
    return parser


def _split(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Part our options, the function with its words, and what stands after `--`."""
    options: list[str] = []
    plain: list[str] = []
    called: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            plain += rest
        elif word.startswith("--") or (word.startswith("-") and not called):
            options.append(word)
            if word in _VALUED:
                options += [value for value in [next(rest, None)] if value is not None]
        else:
            called.append(word)
    return options, called, plain


def _arguments(
    registry: Registry, function: str, words: list[str]
) -> tuple[list[str], dict[str, str]]:
    """Part words from `KEY=VALUE`, which it is only if KEY is a parameter of the function."""
    try:
        parameters = registry.find(function).parameters
    except Refused:
        return words, {}  # the call itself says what is wrong
    names = {one.name for one in parameters if one.shape in {"word", "key"}}
    any_name = any(one.shape == "keys" for one in parameters)
    args: list[str] = []
    kwargs: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        is_name = bool(name) and set(name) <= _NAME and not name[0].isdigit()
        if sign and is_name and (name in names or any_name):
            kwargs[name] = value
        else:
            args.append(word)
    return args, kwargs


def _ends_itself(registry: Registry, function: str) -> bool:
    """Say whether a function is a command: that one is ended alone, and what it printed is told."""
    try:
        return registry.find(function).runs == "command"
    except Refused:
        return True


def _lock(registry: Registry, function: str, state_dir: Path) -> None:
    """Wait for runs of this host's agent, if there is one that we may wait for."""
    try:
        name = registry.find(function).lock
    except Refused:
        return
    if name and os.access(state_dir, os.W_OK):
        wait_for_lock(state_dir / "locks", name, waits=_say_that_it_waits)


def _say_that_it_waits() -> None:
    sys.stderr.write("waits for another run of states on this host\n")


def _show(answer: Return, form: str) -> None:
    if form == "json":
        text = json.dumps(_document(answer), indent=2, ensure_ascii=False, default=_bytes)
        sys.stdout.write(escaped_json(text) + "\n")
    elif form == "yaml":
        import yaml  # noqa: PLC0415  # only who asks pays

        sys.stdout.write(yaml.safe_dump(_document(answer), sort_keys=False, allow_unicode=True))
    else:
        _show_text(answer)
    is_run = is_result(answer.value) and Outcome(answer.outcome) in _OF_A_RUN
    is_told = is_run or tree_text.is_tree(answer.value)  # by its last line
    if answer.error and form == "text" and not is_told:
        sys.stderr.write(f"{answer.outcome}: {answer.error}\n")
        sys.stderr.write(f"{answer.hint}\n" if answer.hint else "")


def _document(answer: Return) -> dict[str, Any]:
    document = {"outcome": str(answer.outcome), "return": normalise(answer.value)}
    if answer.error:
        document |= {"error": answer.error, "hint": answer.hint}
    return document


def _show_text(answer: Return) -> None:
    if is_result(answer.value):  # of 10,000 states; a function's answer is normal already
        sys.stdout.write(shown(answer.value, colour=sys.stdout.isatty()))
        return
    value = normalise(answer.value)
    if tree_text.is_tree(value):
        sys.stdout.write(tree_text.shown(value, colour=sys.stdout.isatty()))
    elif tests_text.is_tests(value):
        sys.stdout.write(tests_text.shown(value, colour=sys.stdout.isatty()))
    elif isinstance(value, dict) and {"stdout", "stderr", "exit_code"} <= value.keys():
        output = cast("dict[str, str]", value)
        sys.stdout.write(output["stdout"])
        sys.stderr.write(output["stderr"])
    elif isinstance(value, str):
        sys.stdout.write(value + "\n")
    elif value is not None:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=_bytes)
        sys.stdout.write(escaped_json(text) + "\n")


def _bytes(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
