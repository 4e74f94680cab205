"""Renders the settings of peels from one tree, once for all who cannot differ (settings.md 5).

Most peels differ in few of the facts that a tree looks at. So each compile notes which facts it
looked at, and the next peel with the same lines of the top file and the same values of those facts
gets what is there already.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec

from zester_master.known.watched import WatchedFacts
from zester_master.known.wire import Baskets, basket_key
from zester_master.settings.tops import Line, Tops
from zester_proto.codec import pack, unpack
from zester_proto.errors import ZesterError
from zester_proto.messages.settings import Lists, SettingsEntry
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.nodes import Problem
from zester_proto.render.secret_text import Lookup
from zester_proto.settings.bare import Bare
from zester_proto.settings.bare import Peel as BarePeel
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.model import Compiled
from zester_proto.target import matches
from zester_proto.tree.files import KeptTree
from zester_proto.tree.problems import Problems

KEPT: Final = 4096
"""Compiles that are kept; the oldest go."""

_OF_ONE: Final = (b"peel_id", b"opts", b"ifelse", b"basket")
"""Words in a file that may make it another one for each peel."""

_MISSING: Final = b""
_BASKET_LIMIT: Final = 64 * 1024 * 1024


class Row(NamedTuple):
    """One peel's value of a basket, as templates see it."""

    peel: str
    value: Any
    age: float


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a peel, as a master knows them."""

    compiled: Compiled
    wants: tuple[tuple[str, str], ...] = ()
    """Baskets that are needed and were not given."""
    volatile: bool = False

    def problem(self, *names: str) -> Problem | None:
        """Say why some settings at the top, or all, cannot be known; None: they can."""
        if self.compiled.errors:
            return self.compiled.errors[0]
        for one in self.compiled.unknown:
            if not names or one.names is None or set(names) & set(one.names):
                return one.problem
        return None


class Renderings:
    """The settings that one tree gives.

    Args:
        files: environment to path to content.
        groups: what `N@` may name.
        lists: what lists do where two files have one.
    """

    def __init__(
        self,
        files: Mapping[str, Mapping[str, bytes]],
        groups: Mapping[str, str],
        lists: Lists = "replace",
    ) -> None:
        self.made = 0
        """How often something was rendered."""
        self._files = files
        self._tree = KeptTree(files)
        self._groups = groups
        self._lists: Lists = lists
        self._codes = CodeCache()
        self._tops = Tops(self._tree, groups)
        self._lines: tuple[Line, ...] | None = None
        self._looked: dict[tuple[SettingsEntry, ...], dict[tuple[str, ...], None]] = {}
        """For the lines that mean a peel: which facts their compiles looked at."""
        self._known: dict[tuple[Any, ...], Made] = {}

    def of(self, peel_id: str, facts: Mapping[str, Any], baskets: Baskets) -> Made:
        """Give the settings of a peel; not to be changed."""
        problems = Problems()
        entries = self._entries(peel_id, facts, problems)
        if problems.count:
            return Made(compiled=Compiled(errors=tuple(problems.errors)))
        for names in self._looked.get(entries, ()):
            known = self._known.get((entries, names, _values(facts, names)))
            if known is not None:
                return known
        watched = WatchedFacts(facts)
        made = self._compile(peel_id, watched, baskets, entries)
        if made.compiled.errors and not made.wants:
            # a template may have changed facts, which it can on a peel
            return self._compile(peel_id, facts, baskets, entries)
        if not (watched.whole or made.wants or made.volatile or self._is_of_one(made.compiled)):
            self._keep(entries, tuple(sorted(watched.seen)), facts, made)
        return made

    def revealed(
        self, peel_id: str, facts: Mapping[str, Any], baskets: Baskets, secrets: Mapping[str, str]
    ) -> tuple[Made, tuple[str, ...]]:
        """Give the settings of a peel with its secrets, and names of those that were not given."""
        problems = Problems()
        entries = self._entries(peel_id, facts, problems)
        if problems.count:
            return Made(compiled=Compiled(errors=tuple(problems.errors))), ()
        missing: dict[str, None] = {}

        def secret(name: str) -> str:
            if name not in secrets:
                missing[name] = None
            return secrets.get(name, "")

        return self._compile(peel_id, facts, baskets, entries, secret), tuple(missing)

    def _entries(
        self, peel_id: str, facts: Mapping[str, Any], problems: Problems
    ) -> tuple[SettingsEntry, ...]:
        if self._tops.is_template:
            lines = self._tops.lines(peel_id, facts, problems)
        else:
            if self._lines is None:
                self._lines = self._tops.lines(peel_id, facts, problems)
            lines = self._lines
        asked = [one.entry for one in lines if matches(one.target, peel_id, facts, {})]
        # of two lines that name one file the first counts
        return tuple({(one.env, one.reference): one for one in reversed(asked)}.values())[::-1]

    def _compile(
        self,
        peel_id: str,
        facts: Mapping[str, Any],
        baskets: Baskets,
        entries: Sequence[SettingsEntry],
        secret: Lookup | None = None,
    ) -> Made:
        self.made += 1
        wants: dict[tuple[str, str], None] = {}

        def basket(target: str, name: str) -> list[Row]:
            found = baskets.get(basket_key(target, name))
            if found is None:
                wants[target, name] = None
                raise ZesterError(f"the basket {name} of {target} is not here yet")
            rows = cast("list[Any]", unpack(found, limit=_BASKET_LIMIT))
            return [Row(*row) for row in rows]

        peel = BarePeel(
            id=peel_id, facts=facts, groups=self._groups, basket=basket,
            copied=not isinstance(facts, WatchedFacts),
        )  # fmt: skip
        rendering = Bare(self._tree, peel, codes=self._codes, secret=secret)
        compiled = compile_settings(self._tree, rendering, entries, lists=self._lists)
        return Made(compiled=compiled, wants=tuple(wants), volatile=bool(baskets))

    def _is_of_one(self, compiled: Compiled) -> bool:
        return any(
            word in self._files.get(env, {}).get(path, b"")
            for env, path in compiled.files
            for word in _OF_ONE
        )

    def _keep(
        self,
        entries: tuple[SettingsEntry, ...],
        names: tuple[str, ...],
        facts: Mapping[str, Any],
        made: Made,
    ) -> None:
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._looked.setdefault(entries, {})[names] = None
        self._known[entries, names, _values(facts, names)] = made


def _values(facts: Mapping[str, Any], names: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(pack(facts[name]) if name in facts else _MISSING for name in names)
