"""The constant text of a settings file: what YAML sees whatever its template does.

Expressions are blanked to a mark of the same length and statements and comments to spaces, so that
places stay what they are.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

MADE: Final = "\x01"
"""Stands where an expression prints something."""

_REGION: Final = re.compile(
    r"\{%-?\s*raw\s*-?%\}(?P<raw>.*?)\{%-?\s*endraw\s*-?%\}|(?P<made>\{\{.*?\}\})|\{[%#].*?[%#]\}",
    re.DOTALL,
)
_TAG: Final = re.compile(r"!(?P<tag>secret|encrypted)(?![A-Za-z0-9_-])")
_NAME: Final = re.compile(
    r"""[ \t]+(?:(?P<q>["'])(?P<quoted>[\w./:-]+)(?P=q)|(?P<plain>[\w./-]+))"""
)
_LITERAL: Final = re.compile(
    r"""[ \t]+(?:"(?P<double>(?:[^"\\\n\x01]|\\.)*)"|'(?P<single>(?:[^'\n\x01]|'')*)'"""
    r"""|(?P<word>[^\s'"\[\]{},#&*!|>%@`\x01][^\s,\[\]{}\x01]*))"""
)
_END: Final = re.compile(r"[ \t]*(?:$|[,\]}]|[ \t]\#)", re.MULTILINE)
_INCLUDE: Final = re.compile(r"^include[ \t]*:[ \t]*(?P<flow>\[[^\]]*\])?", re.MULTILINE)
_ITEM: Final = re.compile(
    r"""[ \t]*-[ \t]+(?P<q>["']?)(?P<name>[^\n#"']+?)(?P=q)[ \t]*:?[ \t]*(?:\#.*)?$"""
)


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A `!secret` or `!encrypted` where a value may stand."""

    tag: str
    """`secret` or `encrypted`."""
    value: str | None
    """The name, or the literal as YAML writes it; None if it is no literal."""
    begin: int
    end: int
    """Where tag and value stand in the source."""
    line: int


class IncludeItem(msgspec.Struct, frozen=True, kw_only=True):
    """One name in the list of `include`, as the source has it."""

    text: str
    line: int


def constant(source: str) -> str:
    """Give the constant text of a file."""
    return _REGION.sub(_blank, source)


def _blank(found: re.Match[str]) -> str:
    if found["made"] is not None:
        return re.sub(r"[^\n]", MADE, found[0])
    if found["raw"] is not None:
        begin, end = found.span("raw")
        lead, tail = found[0][: begin - found.start()], found[0][end - found.start() :]
        return _spaces(lead) + found["raw"] + _spaces(tail)
    return _spaces(found[0])


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def tags(text: str) -> Iterator[Tag]:
    """Give the tags of secrets in a constant text."""
    for found in _TAG.finditer(text):
        begin = text.rfind("\n", 0, found.start()) + 1
        if not _may_stand(text[begin : found.start()]):
            continue
        pattern = _NAME if found["tag"] == "secret" else _LITERAL
        value = pattern.match(text, found.end())
        if value is not None and _END.match(text, value.end()) is None:
            value = None
        end = value.end() if value is not None else found.end()
        yield Tag(
            tag=found["tag"], value=_value(found["tag"], value), begin=found.start(), end=end,
            line=text.count("\n", 0, found.start()) + 1,
        )  # fmt: skip


def _may_stand(before: str) -> bool:
    """Say whether a value may begin behind this part of a line: no comment, quotes or prose."""
    quote = ""
    last = ""
    for letter in before:
        if quote:
            quote = "" if letter == quote and last != "\\" else quote
        elif letter in "'\"" and last in {"", *" \t[{,"}:
            quote = letter
        elif letter == "#" and last in {"", *" \t"}:
            return False
        last = letter
    return not quote and last in {"", *" \t[{,"} and before.rstrip()[-1:] in {"", *":-[{,?"}


def _value(tag: str, found: re.Match[str] | None) -> str | None:
    if found is None:
        return None
    if tag == "secret":
        return found["quoted"] or found["plain"]
    return found[0].strip()


def include_items(text: str, source: str) -> Iterator[IncludeItem]:
    """Give what a file includes; names keep their expressions.

    Args:
        text: the constant text.
        source: the file.
    """
    for found in _INCLUDE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["flow"]:
            begin, end = found.span("flow")
            for part in source[begin + 1 : end - 1].split(","):
                if part.strip():
                    yield IncludeItem(text=part.strip().strip("'\""), line=line)
            continue
        yield from _block_items(text, source, found.end(), line)


def _block_items(text: str, source: str, at: int, line: int) -> Iterator[IncludeItem]:
    masked, lines = text[at:].split("\n")[1:], source[at:].split("\n")[1:]
    indent: int | None = None
    for number, (shown, real) in enumerate(zip(masked, lines, strict=False), line + 1):
        if not shown.strip():
            continue
        item = _ITEM.match(shown)
        depth = len(shown) - len(shown.lstrip(" "))
        if item is None or (indent is not None and depth > indent):
            if depth == 0 and not shown.startswith(("#", "-")):
                return
            continue
        indent = depth if indent is None else indent
        begin, end = item.span("name")
        yield IncludeItem(text=real[begin:end].strip().rstrip(":").strip(), line=number)
