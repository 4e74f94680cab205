"""Renders the settings of peels from one tree, once for all who cannot differ (settings.md 5).

Most peels differ in few of the facts that a tree looks at. So each compile notes which facts it
looked at, and the next peel with the same lines of the top file and the same values of those facts
gets what is there already. Those who differ share the files in which they do not (`layers`).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec

from zester_master.known.by_facts import ByFacts
from zester_master.known.layers import Files, Layers
from zester_master.known.lines import Lines
from zester_master.known.watched import WatchedFacts, packed
from zester_master.known.wire import Baskets, basket_key
from zester_master.settings.tops import Tops
from zester_proto.codec import unpack
from zester_proto.errors import ZesterError
from zester_proto.messages.settings import Lists, SettingsEntry
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.nodes import Problem
from zester_proto.render.secret_text import Lookup
from zester_proto.settings.bare import Bare
from zester_proto.settings.bare import Peel as BarePeel
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree
from zester_proto.tree.problems import Problems

KEPT: Final = 4096
"""Compiles that are kept; those not asked for longest go."""

_OF_ONE: Final = (b"peel_id", b"opts", b"ifelse", b"basket")
"""Words in a file that may make it another one for each peel."""

_ROW: Final = ("peel", "value", "age")
_BASKET_LIMIT: Final = 64 * 1024 * 1024


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a peel, as a master knows them."""

    compiled: Compiled
    wants: tuple[tuple[str, str], ...] = ()
    """Baskets that are needed and were not given."""
    volatile: bool = False

    def stays(self, changed: set[tuple[str, str]] | None) -> bool:
        """Say whether it is the same where these files are others; None: any may be."""
        sure = not self.compiled.errors and not self.compiled.unknown
        return changed is not None and sure and changed.isdisjoint(self.compiled.files)

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
        files: Files,
        groups: Mapping[str, str],
        lists: Lists = "replace",
    ) -> None:
        self.made = 0
        """How often something was rendered."""
        self._files: Files = files
        self._tree = KeptTree(files)
        self._groups: Mapping[str, str] = groups
        self.lists: Lists = lists
        self._codes = CodeCache()
        self._layers = Layers(files)
        self._tops = Tops(self._tree, groups)
        self._lines: Lines | None = None
        self._known = ByFacts[tuple[SettingsEntry, ...], Made](KEPT)
        """By the lines that mean a peel."""

    def follow(self, files: Files, groups: Mapping[str, str]) -> set[tuple[str, str]] | None:
        """Render from another tree from now on, and keep what is the same in both.

        Returns:
            The files that are others now; None if any settings may be.
        """
        changed, moved = _changed(self._files, files)
        self._layers.follow(files, changed, moved=moved)
        tops = self._tops
        others = tops.is_template or not changed.isdisjoint(tops.files)
        if moved or groups != self._groups or others:
            changed = None
        self._files, self._tree, self._groups = files, KeptTree(files), groups
        self._tops = Tops(self._tree, groups)
        if changed is None:
            self._lines = None
        self._known.keep_if(lambda made: made.stays(changed))
        return changed

    def of(self, peel_id: str, facts: Mapping[str, Any], baskets: Baskets) -> Made:
        """Give the settings of a peel; not to be changed."""
        problems = Problems()
        entries = self._entries(peel_id, facts, problems)
        if problems.count:
            return Made(compiled=Compiled(errors=tuple(problems.errors)))
        known = self._known.get(entries, partial(packed, facts))
        if known is not None:
            return known[0]
        watched = WatchedFacts(facts)
        made = self._compile(peel_id, watched, baskets, entries)
        if made.compiled.errors and not made.wants:
            # a template may have changed facts, which it can on a peel
            return self._compile(peel_id, facts, baskets, entries)
        if not (watched.whole or made.wants or made.volatile or self._is_of_one(made.compiled)):
            names = tuple(sorted(watched.seen))
            self._known.put(entries, names, packed(facts, names), made)
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
            lines = Lines(self._tops.lines(peel_id, facts, problems))
        else:
            if self._lines is None:
                self._lines = Lines(self._tops.lines(peel_id, facts, problems))
            lines = self._lines
        return lines.of(peel_id, facts)

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

        def basket(target: str, name: str) -> list[dict[str, Any]]:
            found = baskets.get(basket_key(target, name))
            if found is None:
                wants[target, name] = None
                raise ZesterError(f"the basket {name} of {target} is not here yet")
            rows = cast("list[Any]", unpack(found, limit=_BASKET_LIMIT))
            return [dict(zip(_ROW, row, strict=True)) for row in rows]

        peel = BarePeel(
            id=peel_id, facts=facts, groups=self._groups, basket=basket,
            copied=not isinstance(facts, WatchedFacts),
        )  # fmt: skip
        rendering = Bare(self._tree, peel, codes=self._codes, secret=secret)
        shared = self._layers.of(facts) if isinstance(facts, WatchedFacts) else None
        compiled = compile_settings(
            self._tree, rendering, entries, lists=self.lists, shared=shared
        )  # fmt: skip
        return Made(compiled=compiled, wants=tuple(wants), volatile=bool(baskets))

    def _is_of_one(self, compiled: Compiled) -> bool:
        return any(
            word in self._files.get(env, {}).get(path, b"")
            for env, path in compiled.files
            for word in _OF_ONE
        )


def _changed(before: Files, after: Files) -> tuple[set[tuple[str, str]], bool]:
    """Give the files that are others now, and whether some of them came or went."""
    old = {(env, path): data for env, paths in before.items() for path, data in paths.items()}
    new = {(env, path): data for env, paths in after.items() for path, data in paths.items()}
    came_or_went = old.keys() ^ new.keys()
    changed = {file for file in old.keys() & new.keys() if old[file] != new[file]}
    return changed | came_or_went, bool(came_or_went)
