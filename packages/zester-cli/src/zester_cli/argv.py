"""What a command line means, as a pure function of its words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from zester_cli.duration import read_span
from zester_cli.errors import UsageError
from zester_cli.options import (
    COMMANDS,
    OPTIONS,
    OUTPUTS,
    Option,
    Options,
    find_command,
    find_subcommand,
)
from zester_cli.suggest import closest, did_you_mean

_FUNCTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)
_SHARE: Final = re.compile(r"[0-9]{1,6}%?", re.ASCII)
_BY_NAME: Final[Mapping[str, Option]] = {one.name: one for one in OPTIONS}
_EXAMPLE: Final = "zester '*' test.ping"


class RunCall(NamedTuple):
    """`TARGET FUNCTION [ARGS]`."""

    options: Options
    target: str
    function: str
    words: tuple[str, ...] = ()
    """The arguments as typed."""
    literal: int = 0
    """How many of them, the last ones, stood after `--`."""


class CommandCall(NamedTuple):
    """A named command; the words begin with it and hold none of the global options."""

    options: Options
    words: tuple[str, ...]


class HelpCall(NamedTuple):
    """A wish for help, about a function where one is named."""

    function: str = ""
    asked: bool = True
    """False where no word was given at all."""


class VersionCall(NamedTuple):
    """A wish for the version."""


Call = RunCall | CommandCall | HelpCall | VersionCall


def parse(argv: Sequence[str]) -> Call:
    """Read the words after `zester`.

    Raises:
        UsageError: they are no command; the hint says what was probably meant.
    """
    for word in argv:
        _check_text(word)
    line = _Line(argv)
    dashes = line.words.index("--") if "--" in line.words else len(line.words)
    if "--help" in line.words[:dashes] or line.words[:1] == ["-h"]:
        return _help(line)
    first = line.plain()
    if line.version:
        return VersionCall()
    if first is None:
        return HelpCall(asked=False)
    command = find_command(first) if not line.literal else None
    if command is None:
        return _run(line, first)
    return _run(line, line.plain()) if command.name == "run" else _command(line, command.name)


def _check_text(word: str) -> None:
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the word {word!r} is not UTF-8 text",
            hint="put the bytes into a file and hand it over as KEY=@FILE",
        ) from error


class _Line:
    """The words of one command line, read from left to right."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.words = list(argv)
        self.given: dict[str, Any] = {}
        self.literal = False
        """`--` was read: no word that follows is an option."""
        self.version = False

    def options(self) -> Options:
        return Options(**self.given)

    def plain(self) -> str | None:
        """Give the next word that is no option, and heed the options before it."""
        while self.words:
            word = self.words.pop(0)
            if self.literal:
                return word
            if word == "--":
                self.literal = True
            elif word == "--version":
                self.version = True
            elif word.startswith("--"):
                self.option(word)
            elif word.startswith("-") and word != "-":
                raise _no_short_option(word)
            else:
                return word
        return None

    def option(self, word: str) -> None:
        """Heed an option of ours, whose value may be the next word."""
        name, has_value, value = word.partition("=")
        option = _BY_NAME.get(name)
        if option is None:
            raise _unknown_option(name)
        if not option.metavar:
            if has_value:
                raise UsageError(f"{name} takes no value", hint=f"write {name} alone")
            self.given[option.field] = True
            return
        if not has_value:
            if not self.words or self.words[0].startswith("--"):
                raise UsageError(f"{name} needs a value: {name} {option.metavar}")
            value = self.words.pop(0)
        self.given[option.field] = _value(option, value)


def _value(option: Option, text: str) -> Any:
    if option.metavar == "TIME":
        return read_span(option.name, text)
    if option.metavar == "N":
        return _number(option, text)
    if option.metavar == "N|N%" and not _SHARE.fullmatch(text):
        raise UsageError(f"{option.name}: {text!r} is neither a number nor a share such as 10%")
    if option.field == "output" and text not in OUTPUTS:
        hint = did_you_mean(closest(text, OUTPUTS)) or f"write one of {', '.join(OUTPUTS)}"
        raise UsageError(f"--output: there is no form {text!r}", hint=hint)
    if not text:
        raise UsageError(f"{option.name} needs a value: {option.name} {option.metavar}")
    return text


def _number(option: Option, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise UsageError(f"{option.name}: {text!r} is no number")
    return int(text)


def _unknown_option(name: str, after: str = "") -> UsageError:
    near = did_you_mean(closest(name, [*_BY_NAME, "--help", "--version"], most=1))
    if after:
        return UsageError(f"zester has no option {name}", hint=f"{near} {after}".strip())
    return UsageError(f"zester has no option {name}", hint=near or "zester --help lists them")


def _no_short_option(word: str) -> UsageError:
    return UsageError(
        f"zester has no option {word}: none of its options has one dash",
        hint="zester --help lists them; arguments with a dash stand after the function",
    )


def _help(line: _Line) -> Call:
    """Find out what the help is to be about; whatever else is wrong with the line waits."""
    plain: list[str] = []
    while line.words:
        word = line.words.pop(0)
        option = _BY_NAME.get(word)
        if option is not None and option.metavar:
            del line.words[:1]
        elif not word.startswith("-"):
            plain.append(word)
    if plain[:1] == ["run"]:
        plain.pop(0)
    elif plain and find_command(plain[0]):
        known = find_subcommand(tuple(plain[:2]))
        return CommandCall(Options(), (*plain[: 2 if known else 1], "--help"))
    named = len(plain) > 1 and _FUNCTION.fullmatch(plain[1])
    return HelpCall(plain[1] if named else "")


def _run(line: _Line, target: str | None) -> RunCall:
    if target is None:
        raise UsageError("run needs a target and a function", hint=f"for example {_EXAMPLE}")
    function = line.plain()
    if function is None:
        raise _no_function(target)
    if not _FUNCTION.fullmatch(function):
        raise _bad_function(target, function)
    literal = len(line.words) if line.literal else 0
    words = list(line.words) if line.literal else []
    closed = ""
    while line.words and not line.literal:
        word = line.words.pop(0)
        if word == "--":
            line.literal = True
            literal = len(line.words)
            words += line.words
            if closed and line.words:
                raise _between(closed, line.words[0])
        elif word.startswith("--"):
            if word.partition("=")[0] not in _BY_NAME:
                raise _unknown_option(word.partition("=")[0], _after_dashes(target, function, word))
            line.option(word)
            closed = word if words else ""
        elif closed:
            raise _between(closed, word)
        else:
            words.append(word)
    return RunCall(line.options(), target, function, tuple(words), literal)


def _after_dashes(target: str, function: str, word: str) -> str:
    import shlex  # noqa: PLC0415  # only mistakes pay for it

    line = f"zester {shlex.quote(target)} {function} -- ... {shlex.quote(word)}"
    return f"for an argument of {function} write -- before the arguments: {line}"


def _between(option: str, word: str) -> UsageError:
    return UsageError(
        f"{option} stands between the arguments: {word!r} comes after it",
        hint="options stand before the first argument or after the last; "
        "if it is an argument itself, write -- before the arguments",
    )


def _no_function(target: str) -> UsageError:
    near = closest(target, [one.name for one in COMMANDS])
    if near:
        return UsageError(
            f"there is no command {target!r}", hint=did_you_mean([f"zester {one}" for one in near])
        )
    return UsageError(
        f"what should {target!r} do? A function is missing", hint=f"for example {_EXAMPLE}"
    )


def _bad_function(target: str, function: str) -> UsageError:
    """Tell a misspelt command from a misspelt function."""
    for name in closest(target, [one.name for one in COMMANDS]):
        below = [one.name for one in (find_command(name) or COMMANDS[0]).subcommands]
        for word in [function] if function in below else closest(function, below, most=1):
            return UsageError(
                f"there is no command {target!r}", hint=did_you_mean([f"zester {name} {word}"])
            )
        if not below:
            return UsageError(
                f"there is no command {target!r}", hint=did_you_mean([f"zester {name}"])
            )
    return UsageError(
        f"{function!r} is no function: a function is written module.function",
        hint=f"for example {_EXAMPLE}; zester doc lists them",
    )


def _command(line: _Line, name: str) -> CommandCall:
    """Take the global options out of a command's words; the rest is the command's own."""
    words = [name]
    while line.words:
        word = line.words.pop(0)
        if word == "--":
            words += [word, *line.words]
            break
        if word.partition("=")[0] in _BY_NAME:
            line.option(word)
        else:
            words.append(word)
    _check_subcommand(tuple(words))
    _check_job_options(tuple(words), line.given)
    return CommandCall(line.options(), tuple(words))


def _check_subcommand(words: tuple[str, ...]) -> None:
    command = find_command(words[0])
    if command is None or not command.subcommands or find_subcommand(words):
        return
    names = [one.name for one in command.subcommands]
    if len(words) == 1:
        raise UsageError(
            f"zester {command.name} needs one of {', '.join(names)}",
            hint=f"zester {command.name} --help says more",
        )
    near = [f"zester {command.name} {one}" for one in closest(words[1], names)]
    raise UsageError(
        f"zester {command.name} has no {words[1]!r}: it has {', '.join(names)}",
        hint=did_you_mean(near),
    )


def _check_job_options(words: tuple[str, ...], given: Mapping[str, Any]) -> None:
    subcommand = find_subcommand(words)
    takes = subcommand.takes if subcommand else frozenset[str]()
    for option in OPTIONS:
        if option.job_only and option.field in given and option.field not in takes:
            raise UsageError(
                f"{option.name} says how a job runs; zester {' '.join(words[:2])} does not take it",
                hint="leave it out",
            )
