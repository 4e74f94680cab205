"""Salt's globals and tests: `raise`, `ifelse`, `odict`, `show_full_context`; `match`, `equalto`."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from jinja2 import TemplateError, pass_context
from jinja2.runtime import Context


def _raise(message: Any) -> NoReturn:
    raise TemplateError(str(message))


@pass_context
def _show_full_context(context: Context) -> dict[str, Any]:
    """Return the data that the template sees; functions and objects are left out."""
    return {name: value for name, value in context.get_all().items() if _is_data(value)}


def _is_data(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | list | tuple | Mapping)


def _match(value: Any, pattern: str, ignorecase: bool = False, multiline: bool = False) -> bool:
    flags = (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)
    return re.match(pattern, str(value), flags) is not None


def _equal(value: Any, other: Any) -> bool:
    return value == other


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


GLOBALS: Final[Mapping[str, Any]] = {
    "raise": _raise,
    "odict": OrderedDict,
    "show_full_context": _show_full_context,
}
"""`ifelse` needs a matcher of targets; whoever has one puts it into the context."""

TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "match": _match,
    "equalto": _equal,
    "list": _is_list,
}
