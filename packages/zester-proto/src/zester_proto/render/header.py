"""The line `#jinja2: {...}` at a template's top: Jinja's settings for this file alone."""

import json
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import defaults

_MARK: Final = "#jinja2:"
_SETTINGS: Final = frozenset({
    "block_start_string", "block_end_string", "variable_start_string", "variable_end_string",
    "comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix",
    "trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline",
})  # fmt: skip


def split_header(text: str) -> tuple[dict[str, Any], str, int]:
    """Return the settings of a text's header, the text without it, and its line (0 for none).

    It may stand in the first line, or in the second below a line such as `#!jinja|yaml`. What is
    no JSON object is no header, as in Salt.
    """
    lines = text.split("\n", 2)
    number = 1 if text.startswith("#!") and not text.startswith("#!/") else 0
    if number >= len(lines) or not lines[number].startswith(_MARK):
        return {}, text, 0
    try:
        settings: Any = json.loads(lines[number].removeprefix(_MARK))
    except ValueError:
        return {}, text, 0
    if not isinstance(settings, dict):
        return {}, text, 0
    rest = lines[:number] + lines[number + 1 :]
    return known_settings(settings), "\n".join(rest), number + 1  # pyright: ignore[reportUnknownArgumentType] -- checked right there


def known_settings(settings: Mapping[Any, Any]) -> dict[str, Any]:
    """Return those settings of `jinja_env` and its like that are Jinja's and of the right type."""
    known: dict[str, Any] = {}
    for key, value in settings.items():
        name = str(key).lower()
        if name in _SETTINGS and _fits(name, value):
            known[name] = value
    return known


def _fits(name: str, value: Any) -> bool:
    default: Any = getattr(defaults, name.upper())
    return isinstance(value, str if default is None else type(default))
