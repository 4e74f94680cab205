"""Filters of third parties, which are looked for when a template names one that we have not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from zester_proto.providers import Provider, Providers, installed
from zester_proto.render.library import KNOWN_FILTERS
from zester_proto.render.secret_text import Secrets

GROUP: Final = "zester.filters"
"""The entry points' name is the filter's, their value a plain function."""

Filter = Callable[..., Any]


def scan() -> list[Provider]:
    """Give all filters that are installed; nothing of theirs is imported yet."""
    return installed(GROUP)


def third_parties(scan: Callable[[], Iterable[Provider]] = scan) -> Providers[Filter]:
    """Give the filters of third parties; none takes the place of ours, or of Jinja's."""
    return Providers("the filter {}", scan, _filter, KNOWN_FILTERS)


def _filter(found: Any, _name: str) -> Filter:
    if not callable(found):
        raise TypeError(f"{found!r} is no function")
    if getattr(found, "jinja_pass_arg", None) is not None:
        raise TypeError("it asks for Jinja's own context, and a filter here gets the value alone")
    return found


class Filters(dict[str, Filter]):
    """The filters of one environment: what is in the map, then those of third parties.

    Args:
        own: the map.
        third: those of third parties.
        secrets: of settings: what a filter makes of a secret is one. Each filter is made ready for
            them when a template names it, as templates name few.
    """

    def __init__(
        self, own: Mapping[str, Filter], third: Providers[Filter], secrets: Secrets | None = None
    ) -> None:
        # the dict itself stays empty: to copy some two hundred would touch each of them, and in a
        # worker that was just forked that copies the memory around each
        super().__init__()
        self._own = own
        self._third = third
        self._secrets = secrets

    def __getitem__(self, name: str) -> Filter:
        found = self._own.get(name)
        if found is None:
            found = self._third.get(name)
            return found if self._secrets is None else self._secrets.making(found)
        return found if self._secrets is None else self._secrets.filter(name, found)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a filter.

        Raises:
            BrokenProvider: a third party has it, and it cannot be used.
        """
        return self[name] if name in self else default  # noqa: SIM401  # this is that get

    def __contains__(self, name: object) -> bool:
        return name in self._own or (isinstance(name, str) and name in self._third)

    def names(self) -> Iterator[str]:
        """Give all names, also of what third parties add."""
        yield from self._own
        yield from self._third.names()
