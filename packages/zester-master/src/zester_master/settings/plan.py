"""Who may read which settings files and secrets: the tree and the fleet, put together."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from zester_master.context import Context
from zester_master.settings.local import LocalTree
from zester_master.settings.names import secret_name
from zester_master.settings.tops import Line, Tops, trust_problems
from zester_proto.messages.settings import SettingsEntry
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.nodes import Place, Problem, Scalar
from zester_proto.render.yaml import load
from zester_proto.settings.closure import Closure, Closures
from zester_proto.settings.source import Tag
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import is_glob
from zester_proto.units import did_you_mean

FileId = tuple[str, str]
"""Environment and path."""

_SLICE: Final = 200
"""Peels that are looked at before others get a turn."""


class Share(NamedTuple):
    """What peels get for whom the top files say the same."""

    entries: tuple[SettingsEntry, ...]
    files: tuple[FileId, ...]
    secrets: tuple[str, ...]
    """Names of the marked secrets in them."""


class Plan(NamedTuple):
    """What is to be published."""

    shares: dict[str, Share]
    """By peel."""
    problems: tuple[Problem, ...]


class Sharing:
    """Divides one tree among peels.

    Attributes:
        local: the tree.
        closures: what its files say and reach.

    Args:
        local: the tree.
        settings_key: names literals.
        groups: what `N@` may name.
        before: of the tree before an edit: what is the same in both is not looked at again.
    """

    def __init__(
        self,
        local: LocalTree,
        settings_key: bytes,
        groups: Mapping[str, str],
        before: "Sharing | None" = None,
    ) -> None:
        self.local = local
        self.closures = Closures(local.tree, before.closures if before is not None else None)
        self._key = settings_key
        self._tops = Tops(local.tree, groups)
        self._published: dict[FileId, tuple[bytes, dict[str, str]]] = {}
        self._shares: dict[tuple[SettingsEntry, ...], Share] = {}

    def published(self, file: FileId) -> tuple[bytes, dict[str, str]]:
        """Give a file as it leaves the master, and the literals that do not, by their names."""
        known = self._published.get(file)
        if known is None:
            env, path = file
            tags = self.closures.analysis(env, path).encrypted
            data = self.local.files[file]
            known = self._published[file] = self._without(file, data, tags) if tags else (data, {})
        return known

    def _without(
        self, file: FileId, data: bytes, tags: Iterable[Tag]
    ) -> tuple[bytes, dict[str, str]]:
        text, literals = data.decode("utf-8-sig"), dict[str, str]()
        for tag in sorted(tags, key=lambda one: -one.begin):
            name = secret_name(self._key, *file, tag.value or "")
            literals[name] = _literal(tag.value or "")
            text = f"{text[: tag.begin]}!secret {name}{text[tag.end :]}"
        return text.encode(), literals

    def problems(self) -> tuple[Problem, ...]:
        """Give what is wrong with the top files whoever they mean; templates say that later."""
        problems = Problems()
        if not self._tops.is_template:
            self._check(self._tops.lines("", {}, problems), problems)
        return tuple(problems.errors)

    async def plan(self, context: Context) -> Plan:
        """Say what each peel gets; other work has its turn meanwhile."""
        problems = Problems()
        fleet = sorted(
            one for one in context.index.ids()
            if one not in context.quarantined and context.boxes.public(one) is not None
        )  # fmt: skip
        alike = await self._alike(context, fleet, problems)
        # what reads many files is done beside the loop
        await asyncio.to_thread(self._check_all, [lines for lines, _ in alike], problems)
        if problems.count:
            return Plan({}, tuple(problems.errors))
        named: dict[str, tuple[SettingsEntry, ...]] = {}
        for lines, peels in alike:
            named |= await _entries(context, lines, peels)
        return Plan(await asyncio.to_thread(self._divided, named), ())

    def _check_all(self, alike: Iterable[Iterable[Line]], problems: Problems) -> None:
        for lines in alike:
            self._check(lines, problems)

    def _divided(self, named: Mapping[str, tuple[SettingsEntry, ...]]) -> dict[str, Share]:
        known = self._shares
        self._shares = {one: known.get(one) or self._share(one) for one in set(named.values())}
        return {peel_id: self._shares[entries] for peel_id, entries in named.items()}

    async def _alike(
        self, context: Context, fleet: list[str], problems: Problems
    ) -> list[tuple[tuple[Line, ...], list[str]]]:
        """Give the peels grouped by what the top files say."""
        if not self._tops.is_template or not fleet:
            return [(self._tops.lines("", {}, problems), fleet)]
        found: dict[int, tuple[tuple[Line, ...], list[str]]] = {}
        for count, peel_id in enumerate(fleet):
            if count % _SLICE == 0:
                await asyncio.sleep(0)
            lines = self._tops.lines(peel_id, context.index.get(peel_id) or {}, problems)
            found.setdefault(id(lines), (lines, []))[1].append(peel_id)
        return list(found.values())

    def _check(self, lines: Iterable[Line], problems: Problems) -> None:
        marked: dict[SettingsEntry, str] = {}
        for line in lines:
            entry = line.entry
            closure = self.closures.of(entry.env, entry.reference)
            problems.extend(closure.problems)
            may_lack = entry.ignore_missing or is_glob(entry.reference)
            if not closure.files and not closure.problems and not may_lack:
                problems.error(
                    f"there is no settings file {entry.reference!r} in the environment "
                    f"{entry.env!r}", line.place,
                    did_you_mean(entry.reference, self.local.tree.references(entry.env)),
                )  # fmt: skip
            secrets = self._secrets(closure)
            if secrets:
                marked[entry] = next(iter(secrets))
        problems.extend(trust_problems(lines, marked))

    def secret_places(self) -> dict[str, Place]:
        """Give the names of all secrets that the files of this plan name, and where."""
        found: dict[str, Place] = {}
        for share in self._shares.values():
            for entry in share.entries:
                found |= self.closures.of(entry.env, entry.reference).secrets
        return found

    def _secrets(self, closure: Closure) -> dict[str, None]:
        names = dict.fromkeys(closure.secrets)
        for file in closure.files:
            if self.closures.analysis(*file).encrypted:
                names |= dict.fromkeys(self.published(file)[1])
        return names

    def _share(self, entries: tuple[SettingsEntry, ...]) -> Share:
        closures = [self.closures.of(one.env, one.reference) for one in entries]
        files = sorted({file for one in closures for file in one.files})
        names = sorted({name for one in closures for name in self._secrets(one)})
        return Share(entries, tuple(files), tuple(names))


async def _entries(
    context: Context, lines: tuple[Line, ...], peels: list[str]
) -> dict[str, tuple[SettingsEntry, ...]]:
    """Give the files that lines name for each peel, in their order, each once."""
    found: dict[str, dict[tuple[str, str], SettingsEntry]] = {one: {} for one in peels}
    for line in lines:
        for peel_id in context.index.resolve(line.target).ids():
            mine = found.get(peel_id)
            if mine is not None:
                mine.setdefault((line.entry.env, line.entry.reference), line.entry)
        await asyncio.sleep(0)
    interned: dict[tuple[SettingsEntry, ...], tuple[SettingsEntry, ...]] = {}
    return {
        peel_id: interned.setdefault(entries := tuple(mine.values()), entries)
        for peel_id, mine in found.items()
    }


def _literal(written: str) -> str:
    """Give what a literal says, as YAML reads it."""
    root = load(f"x: {written}", "literal", "sls").root
    value = root.pairs[0][1] if isinstance(root, MapNode) else None
    return value.text if isinstance(value, Scalar) else written
