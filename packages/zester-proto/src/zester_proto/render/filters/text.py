"""Filters on texts: regular expressions, quoting, YAML's quotes, padding under limits."""

import functools
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml
from jinja2 import pass_environment
from jinja2.filters import FILTERS as BUILTIN

from zester_proto.render.bounds import check_numbers, modulo
from zester_proto.render.shown import double_quoted

_MAX_RANDOM: Final = 1024 * 1024


def _flags(ignorecase: bool, multiline: bool) -> int:
    return (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)


def _groups(found: re.Match[str] | None) -> tuple[Any, ...] | None:
    if found is None:
        return None
    return found.groups() or (found[0],)


def regex_search(
    value: str, pattern: str, ignorecase: bool = False, multiline: bool = False
) -> tuple[Any, ...] | None:
    """Return the groups of the first match anywhere; the whole match where there are no groups."""
    return _groups(re.search(pattern, value, _flags(ignorecase, multiline)))


def regex_match(
    value: str, pattern: str, ignorecase: bool = False, multiline: bool = False
) -> tuple[Any, ...] | None:
    """Return the groups of a match at the begin; the whole match where there are no groups."""
    return _groups(re.match(pattern, value, _flags(ignorecase, multiline)))


def regex_replace(
    value: str, pattern: str, to: str, ignorecase: bool = False, multiline: bool = False
) -> str:
    r"""Replace every match; `\1` in `to` is the first group."""
    return re.sub(pattern, to, value, flags=_flags(ignorecase, multiline))


def yaml_squote(value: Any) -> str:
    """Return a text as YAML in single quotes."""
    escaped = str(value).replace("'", "''")
    return "'" + re.sub("\n+", "\n\\g<0>", escaped) + "'"


def yaml_dquote(value: Any) -> str:
    """Return a text as YAML in double quotes."""
    return double_quoted(str(value), unicode=False)


def yaml_encode(value: Any) -> str:
    """Return a text in double quotes, or a number, boolean or null as YAML writes it.

    Raises:
        TypeError: it is a list or mapping.
    """
    if isinstance(value, str):
        return yaml_dquote(value)
    if value is None or isinstance(value, bool | int | float):
        written: str = yaml.safe_dump(value)
        return written.removesuffix("...\n").rstrip("\n")
    raise TypeError(f"yaml_encode takes one text, number or boolean, not {type(value).__name__}")


def skip(_value: Any) -> str:
    """Return nothing, whatever comes in."""
    return ""


def contains_whitespace(value: str) -> bool:
    """Say whether there is any white space in a text."""
    return any(letter.isspace() for letter in value)


def substring_in_list(value: str, items: list[Any]) -> bool:
    """Say whether a text is part of any text of a list."""
    return any(value in item for item in items if isinstance(item, str))


def to_snake_case(value: str) -> str:
    """Return `camelCase` as `camel_case`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z0-9])(?=[A-Z][a-z])", "_", value).lower()


def to_camelcase(value: str, uppercamel: bool = False) -> str:
    """Return `snake_case` as `snakeCase`."""
    first, *rest = value.split("_")
    first = first.capitalize() if uppercamel else first
    return first + "".join(word.capitalize() for word in rest)


def padded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter of Jinja that takes no great numbers."""

    @functools.wraps(function)  # some of them ask for the environment
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        check_numbers(*args, *kwargs.values())
        return function(value, *args, **kwargs)

    return bounded


def _format(value: Any, *args: Any, **kwargs: Any) -> Any:
    return modulo(str(value), kwargs or args)


@pass_environment
def method_call(environment: Any, value: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method by its name, as far as the sandbox allows it; None where there is none."""
    method = environment.getattr(value, name)
    if isinstance(method, environment.undefined) and not hasattr(value, name):
        return None
    return method(*args, **kwargs)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "regex_search": regex_search,
    "regex_match": regex_match,
    "regex_replace": regex_replace,
    "regex_escape": re.escape,
    "quote": shlex.quote,
    "yaml_squote": yaml_squote,
    "yaml_dquote": yaml_dquote,
    "yaml_encode": yaml_encode,
    "skip": skip,
    "contains_whitespace": contains_whitespace,
    "substring_in_list": substring_in_list,
    "to_snake_case": to_snake_case,
    "to_camelcase": to_camelcase,
    "method_call": method_call,
    "format": _format,
    **{name: padded(BUILTIN[name]) for name in ("center", "indent", "wordwrap")},
}
