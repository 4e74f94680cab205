"""Expressions as text again: what is written parses to the same node."""

from collections.abc import Iterator

from zester_proto.target.ast import (
    And,
    Comparison,
    Fact,
    FactRegex,
    Globs,
    Group,
    IdRegex,
    Listed,
    Node,
    Not,
    Or,
    Ranged,
    Subnet,
    Term,
)
from zester_proto.target.errors import TargetError
from zester_proto.target.language import parse


def write(node: Node) -> str:
    """Write an expression, with no more quotes and parentheses than it needs."""
    if isinstance(node, And):
        return " and ".join(_enclosed(part, And, Or) for part in node.parts)
    if isinstance(node, Or):
        return " or ".join(_enclosed(part, Or) for part in node.parts)
    if isinstance(node, Not):
        return f"not {_enclosed(node.part, And, Or)}"
    return next(text for text in _spellings(node) if _means(text, node))


def _enclosed(node: Node, *weaker: type[And | Or]) -> str:
    text = write(node)
    return f"({text})" if isinstance(node, weaker) else text


def _means(text: str, node: Term) -> bool:
    groups = {node.name: "*"} if isinstance(node, Group) else {}
    wanted = Group(node.name, parse("*")) if isinstance(node, Group) else node
    try:
        # with a parenthesis on both sides, since that is where it may come to stand
        return parse(f"({text})", groups=groups) == wanted
    except TargetError:
        return False


def _spellings(node: Term) -> Iterator[str]:
    """Give the ways to write a term, the plainest first; the last always holds."""
    head, fields, separator = _fields(node)
    for quoted in (0, 1, len(fields)):
        plain = fields[: len(fields) - quoted]
        rest = [(operator, _quoted(text)) for operator, text in fields[len(fields) - quoted :]]
        yield head + separator.join(operator + text for operator, text in [*plain, *rest])


def _quoted(text: str) -> str:
    quote = "'" if '"' in text and "'" not in text else '"'
    return quote + text.replace(quote, quote * 2) + quote


def _fields(node: Term) -> tuple[str, list[tuple[str, str]], str]:
    """Give a term's head, its fields with their operators, and the sign between them."""
    if isinstance(node, Fact | FactRegex | Comparison):
        letters = "PJ" if isinstance(node, FactRegex) else "GI"
        sign = "" if node.delimiter == ":" else node.delimiter
        return f"{letters[node.settings]}{sign}@", _words(node), node.delimiter
    if isinstance(node, Globs):
        return "", [("", pattern) for pattern in node.patterns], ","
    if isinstance(node, Listed):
        return "L@", [("", peel_id) for peel_id in node.ids], ","
    if isinstance(node, Ranged):
        return "R@", [("", pattern) for pattern in node.patterns], ","
    if isinstance(node, IdRegex):
        return "E@", [("", node.pattern)], ""
    if isinstance(node, Subnet):
        return "S@", [("", node.network)], ""
    return "N@", [("", node.name)], ""


def _words(node: Fact | FactRegex | Comparison) -> list[tuple[str, str]]:
    if isinstance(node, Comparison):
        return [*(("", word) for word in node.path), (node.operator, node.value)]
    return [("", word) for word in node.words]
