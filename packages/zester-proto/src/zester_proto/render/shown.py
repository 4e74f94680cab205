"""What a value looks like where a template prints it: data in a form that YAML reads back."""

from typing import Any

import yaml
from jinja2 import StrictUndefined

from zester_proto.render.kinds import is_items, is_list, is_map, is_set, is_tuple
from zester_proto.render.secret_text import SecretText

_MAX_DEPTH = 100


def shown(value: Any) -> Any:
    """Return what a template prints for a value; what is no data is left as it is.

    Raises:
        UndefinedError: the value, or something in it, was never given.
    """
    if type(value) is SecretText:
        return value.placeholder
    if isinstance(value, str | int | float) or value is None:
        return value
    if is_map(value) or is_items(value) or is_set(value):
        return _shown(value, 0)
    return value


def _shown(value: Any, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if isinstance(value, StrictUndefined):
        return str(value)
    if isinstance(value, str):
        return text(value.placeholder if type(value) is SecretText else str(value))
    if is_map(value):
        pairs = (f"{_shown(k, depth + 1)}: {_shown(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if is_list(value):
        return "[" + ", ".join(_shown(item, depth + 1) for item in value) + "]"
    if is_tuple(value):
        inner = ", ".join(_shown(item, depth + 1) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if is_set(value) and value:
        return "{" + ", ".join(_shown(item, depth + 1) for item in value) + "}"
    return repr(value)


def text(value: str) -> str:
    """Return a text in quotes: Python's, or YAML's where Python's would not be read back."""
    if value.isprintable():
        return repr(value)
    return double_quoted(value)


def double_quoted(value: str, *, unicode: bool = True) -> str:
    """Return a text as YAML in double quotes, on one line; in ASCII without `unicode`."""
    written: str = yaml.safe_dump(
        value, default_style='"', width=float("inf"), allow_unicode=unicode
    )
    return written.rstrip("\n")
