"""The words after a function: which are arguments by place, which by name, and what they hold."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from zester_cli.errors import UsageError

_KEY: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_DRY_RUN: Final = re.compile(r"test=(true|false)", re.ASCII | re.IGNORECASE)
LARGEST: Final = 384 * 1024
"""Bytes of a value from a file: with the rest of the request it must fit into one message."""


class Signature(NamedTuple):
    """What the catalogue says of a function's parameters."""

    names: frozenset[str]
    any_name: bool = False
    """It takes keywords of any name besides."""


class Source(NamedTuple):
    """A value that is not in the command line: a file's content, or that of standard input."""

    path: str
    """Empty for standard input."""


class Arguments(NamedTuple):
    """The arguments as they are known from the words alone."""

    args: tuple[str, ...]
    kwargs: dict[str, str | Source]
    test: bool = False
    """Salt's `test=True` was among them, for a function of which nothing is known here yet."""


def split(words: tuple[str, ...], literal: int, signature: Signature | None = None) -> Arguments:
    """Tell arguments by place from keywords.

    Args:
        words: as typed.
        literal: so many of the last ones stood after `--` and are arguments by place.
        signature: what the catalogue says, where it is at hand.

    Raises:
        UsageError: a keyword is there twice, or is one of Salt's that means an option here.
    """
    args: list[str] = []
    kwargs: dict[str, str | Source] = {}
    end = len(words) - literal
    test = False
    for word in words[:end]:
        if signature is None and (asked := _DRY_RUN.fullmatch(word)):
            # whatever the function takes, a dry run of it does nothing in earnest
            test = test or asked[1].lower() == "true"
            continue
        _check_salt(word, signature)
        key, has_value, text = word.partition("=")
        if not has_value or not _is_keyword(key, signature):
            args.append(word)
        elif key in kwargs:
            raise UsageError(f"the argument {key} is given twice")
        else:
            kwargs[key] = _source(text)
    if sum(value == Source("") for value in kwargs.values()) > 1:
        raise UsageError("standard input can be read for one argument only")
    return Arguments((*args, *words[end:]), kwargs, test)


def _is_keyword(key: str, signature: Signature | None) -> bool:
    if signature is not None and key in signature.names:
        return True
    return (signature is None or signature.any_name) and _KEY.fullmatch(key) is not None


def _check_salt(word: str, signature: Signature | None) -> None:
    """Refuse Salt's `test=True`: taken for an argument, the function would run in earnest."""
    if _DRY_RUN.fullmatch(word) and signature is not None and "test" not in signature.names:
        raise UsageError(
            f"{word} is no argument of this function",
            hint="a dry run is asked for by --test; to hand the word over, write -- before it",
        )


def _source(text: str) -> str | Source:
    if text == "-":
        return Source("")
    if text.startswith("@@"):
        return text[1:]
    return Source(text[1:]) if len(text) > 1 and text.startswith("@") else text


def read_values(
    kwargs: dict[str, str | Source], stdin: Callable[[], bytes] | None = None
) -> dict[str, str | bytes]:
    """Read what lies in files and in standard input: whole, with its last line's end.

    What is no UTF-8 text is handed over as bytes.

    Raises:
        UsageError: a file cannot be read, or is too large for a message.
    """
    return {
        key: _read(key, value, stdin or _standard_input) if isinstance(value, Source) else value
        for key, value in kwargs.items()
    }


def _standard_input() -> bytes:
    return sys.stdin.buffer.read(LARGEST + 1)


def _read(key: str, source: Source, stdin: Callable[[], bytes]) -> str | bytes:
    try:
        if source.path:
            with Path(source.path).expanduser().open("rb") as file:
                data = file.read(LARGEST + 1)
        else:
            data = stdin()
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        raise UsageError(
            f"{key}=@{source.path}: the file cannot be read: {reason}",
            hint=f"for a text that begins with @ write {key}=@@...",
        ) from error
    if len(data) > LARGEST:
        raise UsageError(
            f"the value of {key} has more than {LARGEST // 1024} KiB",
            hint="an argument travels in one message; put the file on the peels another way",
        )
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
