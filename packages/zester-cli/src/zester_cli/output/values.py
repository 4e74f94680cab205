"""What a function answered, as lines that a person reads."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, cast

from zester_proto.terminal import harmless, harmless_line, tabs_out

LINES: Final = 2000
"""Lines of one value that are shown; the rest is counted."""
LETTERS: Final = 512 * 1024
"""Letters of one text that are looked at."""
_BYTES_SHOWN: Final = 16
_INDENT: Final = "    "
_LOOKS_LIKE_ELSE: Final = re.compile(
    r"|null|true|false|~|[-+]?[0-9][0-9_.eE+-]*|.*[:#]( .*)?|[-?&*!|>'\"%@`{}\[\],#].*|\s.*|.*\s",
    re.IGNORECASE | re.DOTALL,
)


def value_lines(value: Any, rest: str = "--output raw") -> list[str]:
    """Give a value as harmless lines, not more than a person looks through.

    Args:
        value: any value.
        rest: what shows all of a value that is too long; the last line says it.
    """
    lines = list(islice(_lines(value), LINES + 1))
    cut = len(lines) > LINES or _is_long(value)
    return [*lines[:LINES], f"… there is more, all of it by {rest}"] if cut else lines


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LETTERS


def command_lines(value: dict[str, Any], rest: str = "--output raw") -> list[str]:
    """Give what a command wrote: its stdout as it is, its stderr below a line that says so."""
    lines = value_lines(str(value["stdout"]).rstrip("\n"), rest) if value["stdout"] else []
    if value["stderr"]:
        lines += ["stderr:", *value_lines(str(value["stderr"]).rstrip("\n"), rest)]
    if value.get("truncated") is True:
        lines.append("… the output was too large: only its beginning and its end were kept")
    return lines


def as_command(value: Any) -> dict[str, Any] | None:
    """Give the value if it is what `cmd.run` answers."""
    if not isinstance(value, dict):
        return None
    found = cast("dict[str, Any]", value)
    texts = isinstance(found.get("stdout"), str) and isinstance(found.get("stderr"), str)
    return found if texts and isinstance(found.get("exit_code"), int) else None


def shown_bytes(data: bytes) -> str:
    """Give bytes as how many there are and the first of them."""
    more = " …" if len(data) > _BYTES_SHOWN else ""
    return f"<{len(data)} bytes: {data[:_BYTES_SHOWN].hex(' ')}{more}>"


def scalar(value: Any) -> str:
    """Give a value that is no list and no map as one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return shown_bytes(value)
    return harmless_line(str(value))


def flat(value: Any, letters: int = 200) -> str:
    """Give any value as one line, as in a column of a table."""
    if not isinstance(value, (dict, list)):
        return scalar(value)
    pieces: list[str] = []
    for piece in json.JSONEncoder(ensure_ascii=False, default=_packed_text).iterencode(value):
        pieces.append(piece)
        if sum(map(len, pieces)) > letters:
            return harmless_line("".join(pieces)[:letters]) + "…"
    return harmless_line("".join(pieces))


def _packed_text(value: Any) -> str:
    return shown_bytes(value) if isinstance(value, bytes) else str(value)


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text(value)
    elif isinstance(value, dict) and value:
        yield from _map(cast("dict[str, Any]", value), 0)
    elif isinstance(value, list) and value:
        yield from _list(cast("list[Any]", value), 0)
    else:
        yield flat(value)


def _text(value: str) -> Iterator[str]:
    for line in harmless(value[:LETTERS]).split("\n"):
        yield tabs_out(line)


def _map(value: dict[str, Any], depth: int) -> Iterator[str]:
    for key, item in value.items():
        yield from _item(f"{_word(key)}:", item, depth)


def _list(value: list[Any], depth: int) -> Iterator[str]:
    for item in value:
        yield from _item("-", item, depth)


def _item(head: str, item: Any, depth: int) -> Iterator[str]:
    space = _INDENT * depth
    if isinstance(item, dict) and item:
        yield f"{space}{head}"
        yield from _map(cast("dict[str, Any]", item), depth + 1)
    elif isinstance(item, list) and item:
        yield f"{space}{head}"
        yield from _list(cast("list[Any]", item), depth + 1)
    elif isinstance(item, str) and "\n" in item.rstrip("\n"):
        yield f"{space}{head} |"
        for line in _text(item.rstrip("\n")):
            yield f"{space}{_INDENT}{line}"
    elif isinstance(item, str):
        yield f"{space}{head} {_word(item)}"
    else:
        yield f"{space}{head} {flat(item)}"


def _word(text: str) -> str:
    """Give a text within a structure, in quotes where it would be taken for something else."""
    line = harmless_line(text[:LETTERS])
    return json.dumps(line, ensure_ascii=False) if _LOOKS_LIKE_ELSE.fullmatch(text) else line
