"""Facts of third parties, and what is broken of all that third parties add."""

from collections.abc import Callable, Container, Iterable
from typing import Any, Final

from zester_modules.facts.source import Source
from zester_proto.providers import BrokenProvider, Provider, Providers, installed

GROUP: Final = "zester.facts"
"""The entry points' name is the fact's, their value a function that makes it of a `Source`."""

STATES: Final = "zester.states"
FILTERS: Final = "zester.filters"

Fact = Callable[[Source], Any]


def scan() -> list[Provider]:
    """Give all facts that are installed; nothing of theirs is imported yet."""
    return installed(GROUP)


def third_parties(
    taken: Container[str], scan: Callable[[], Iterable[Provider]] = scan
) -> Providers[Fact]:
    """Give the facts of third parties; none gets a name that is taken."""
    return Providers("the fact {}", scan, _fact, taken)


def _fact(found: Any, _name: str) -> Fact:
    if not callable(found):
        raise TypeError(f"{found!r} is no function")
    return found


def broken_elsewhere() -> list[BrokenProvider]:
    """Load the states and filters of third parties, and give those that cannot be used.

    A host without any imports nothing for that.
    """
    found: list[BrokenProvider] = []
    if installed(STATES):
        from zester_modules.states.resources_table import Resources  # noqa: PLC0415  # as it says

        found += Resources().broken()
    if installed(FILTERS):
        from zester_proto.render import third_party as filters  # noqa: PLC0415  # brings Jinja

        found += filters.third_parties().broken()
    return found
