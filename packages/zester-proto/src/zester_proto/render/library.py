"""The filters, tests and globals that templates have beside Jinja's own; names are Salt's."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from jinja2.filters import FILTERS as BUILTIN

from zester_proto.render.filters import data, hashes, lists, network, numbers, paths, text
from zester_proto.render.functions import GLOBALS, TESTS

FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **text.FILTERS,
    **data.FILTERS,
    **lists.FILTERS,
    **numbers.FILTERS,
    **hashes.FILTERS,
    **network.FILTERS,
    **paths.FILTERS,
}

KNOWN_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {**BUILTIN, **FILTERS}
"""With Jinja's own; never copied, see `third_party.Filters`."""

__all__ = ["FILTERS", "GLOBALS", "KNOWN_FILTERS", "TESTS"]
