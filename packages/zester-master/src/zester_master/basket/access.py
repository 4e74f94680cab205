"""Who may read what of the basket: the masters' configuration, and the word of who shares it.

As in Salt's mine, all peels may read all that is shared, unless somebody says otherwise: the
master's `basket_access` for a name, or the host that shares a value for that value. Whose values
count is `basket_sources`: without it a peel can share something under any name, and so speak to
whoever reads that name of peels that a fact describes.
"""

from collections.abc import Mapping
from typing import Final

from zester_master.context import Context
from zester_proto.errors import ZesterError
from zester_proto.target import (
    Node,
    SettingsUnavailable,
    TargetError,
    asks_settings,
    matches,
    parse,
)
from zester_proto.target.ast import And

ALL: Final = "*"
"""In place of a name: for all that have no line of their own."""

_KEPT: Final = 1024


class BadAccess(ZesterError):
    """Raised when the configuration names a target that is none."""


class Access:
    """The rules of one master.

    Args:
        context: its groups and its index.
        readers: name to the target that may read it.
        sources: name to the target whose values count.
    """

    def __init__(
        self, context: Context, readers: Mapping[str, str], sources: Mapping[str, str]
    ) -> None:
        self._context = context
        self._readers = {name: self._rule("basket_access", name, readers[name]) for name in readers}
        self._sources = {
            name: self._rule("basket_sources", name, sources[name]) for name in sources
        }
        self._words: dict[str, Node | None] = {}

    def may_read(self, peel_id: str, name: str) -> bool:
        """Say whether a peel may read a name at all."""
        rule = self._readers.get(name, self._readers.get(ALL))
        return rule is None or self._meant(rule, peel_id)

    def may_have(self, peel_id: str, allow: str) -> bool:
        """Say whether a peel may have a value that is only for a target; not if that is none."""
        if not allow:
            return True
        if allow not in self._words:
            if len(self._words) >= _KEPT:
                self._words.clear()
            try:
                self._words[allow] = parse(allow, groups=self._context.groups)
            except TargetError:
                self._words[allow] = None
        rule = self._words[allow]
        return rule is not None and self._meant(rule, peel_id)

    def from_sources(self, node: Node, name: str) -> Node:
        """Give a target narrowed to those whose values count under a name."""
        rule = self._sources.get(name, self._sources.get(ALL))
        return node if rule is None else And((rule, node))

    def _meant(self, rule: Node, peel_id: str) -> bool:
        try:
            return matches(rule, peel_id, self._context.index.get(peel_id) or {})
        except SettingsUnavailable:
            return False

    def _rule(self, key: str, name: str, target: str) -> Node:
        try:
            node = parse(target, groups=self._context.groups)
        except TargetError as error:
            raise BadAccess(f"{key}: {name}: {error.message}", hint=error.hint) from error
        if asks_settings(node):
            raise BadAccess(
                f"{key}: {name}: {target} asks for settings, which a basket may be a part of",
                hint="name peels by id, list, group or fact",
            )
        return node
