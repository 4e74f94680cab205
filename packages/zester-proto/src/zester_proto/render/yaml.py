"""Reads YAML text to a tree that keeps texts and places; both dialects.

`load(text, file, dialect, lines)` gives `Loaded(root, problems)`. There is either one syntax error
and no root, or a root and every other problem of the text: all duplicate keys, unknown tags, keys
that are no words. What a text means is `values.plain`'s to say.

Built from the events of PyYAML's C parser and not by its composer, which calls itself at each
level: 20,000 brackets would end the process.
"""

import re
from typing import Any, Final

import msgspec
import yaml

from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Mapping, Node, Problem, Scalar
from zester_proto.render.yaml_builder import Builder, Refused

_yaml: Final[Any] = yaml  # its types say nothing of events
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ODD_BREAKS: Final = re.compile("[\r\x85\u2028\u2029]")
_LONGEST_KEY: Final = 1024
"""Letters before a colon that YAML looks at."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Loaded(msgspec.Struct, frozen=True):
    """What a text says, and what is wrong with it."""

    root: Node | None
    """None for an empty document, and where the text is no YAML."""
    problems: tuple[Problem, ...] = ()


def load(text: str, file: str, dialect: Dialect, lines: LineMap | None = None) -> Loaded:
    """Read one document.

    Args:
        text: the document, rendered if it was a template.
        file: how places name it where `lines` says nothing.
        dialect: whose words make two keys the same (`yes` and `true` in a `.sls`).
        lines: where the lines came from, for a rendered text.
    """
    lines = LineMap.plain(file, text) if lines is None else lines
    breaks = _odd_breaks(text)
    if (bad := _SURROGATE.search(text)) is not None:
        return _unreadable(text, lines, bad.start(), f"the character {bad[0]!a}")
    builder = Builder(lines, dialect, breaks)
    try:
        parser = _LOADER(text)
        try:
            while (event := parser.get_event()) is not None:
                builder.take(event)
        finally:
            parser.dispose()
    except yaml.YAMLError as error:
        return Loaded(None, (_not_yaml(error, text, lines, breaks),))
    except Refused as refused:
        return Loaded(None, (refused.problem,))
    root = builder.root
    if isinstance(root, Scalar) and root.plain and not root.text and not root.tag:
        root = None
    return Loaded(root, tuple(builder.problems))


def mapping(loaded: Loaded) -> Mapping | None:
    """Return the root where it is a mapping."""
    return loaded.root if isinstance(loaded.root, Mapping) else None


def _odd_breaks(text: str) -> list[int] | None:
    """Return the line of an editor for each line of libyaml, which knows more line breaks."""
    if _ODD_BREAKS.search(text) is None:
        return None
    lines = [1]
    for found in _BREAK.finditer(text):
        lines.append(lines[-1] + (found[0][-1] == "\n"))
    return lines


def _unreadable(text: str, lines: LineMap, at: int, what: str) -> Loaded:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    message = f"not YAML: {what} is not allowed"
    return Loaded(None, (lines.problem(line, column, message, "write it as an escape"),))


def _not_yaml(error: Any, text: str, lines: LineMap, breaks: list[int] | None) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        at = _first_unprintable(text)
        return _unreadable(text, lines, at, f"the character {text[at : at + 1]!a}").problems[0]
    mark = error.problem_mark or error.context_mark
    line, column = mark.line + 1, mark.column + 1
    shown = _line_of(text, line) if breaks is None else ""
    problem = str(error.problem or error)
    context = str(error.context or "")
    message = f"not YAML: {problem}"
    if context.startswith("while") and "next token" not in context:
        message += f" {context}"
    if (start := error.context_mark) is not None and start.line + 1 != line:
        message += f" that began in line {lines.origin(_edited(start.line, breaks)).line}"
    return lines.problem(
        _edited(line - 1, breaks), column, message, _hint(f"{problem} {context}", shown, column)
    )


def _edited(line: int, breaks: list[int] | None) -> int:
    """Return the editor's line for libyaml's, which counts from 0."""
    return line + 1 if breaks is None else breaks[min(line, len(breaks) - 1)]


def _line_of(text: str, line: int) -> str:
    lines = text.split("\n", line)
    return lines[line - 1] if line <= len(lines) else ""


def _first_unprintable(text: str) -> int:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return found.start() if found is not None else 0


def _hint(problem: str, shown: str, column: int) -> str:
    lead = shown[: len(shown) - len(shown.lstrip())]
    if "\\t" in problem or "tab character" in problem or "\t" in lead:
        return "indent with spaces, YAML allows no tabs"
    if "mapping values are not allowed" in problem and column > _LONGEST_KEY:
        return f"a key has at most {_LONGEST_KEY} letters"
    if "mapping values are not allowed" in problem:
        return "put quotes around a value that holds ': '"
    if shown[column - 1 : column] in {"%", "@", "`"}:
        return "put quotes around a value that begins so"
    if "anchor" in problem or "alias" in problem:
        return "put quotes around a value that begins with * or &"
    if "while parsing a block" in problem or "could not find expected ':'" in problem:
        return "look at the indentation of this line and the one before"
    if "unexpected end of stream" in problem:
        return "a quote or bracket is not closed"
    return ""
