"""Renders and merges the settings files that are meant for one peel (settings.md 1).

A file is laid on top of what it includes. Its template sees, as `settings` and `pillar`, what is
merged before it. As in Salt, a file that a top file names is laid on top again even if it was
included before, and a file that is included twice gives its own values twice, but not those of its
includes.
"""

from collections.abc import Iterable
from collections.abc import Mapping as PlaceMap
from typing import Any, Final, cast

import msgspec

from zester_proto.messages.settings import Lists, SettingsEntry
from zester_proto.render.bounds import MAX_TEXT
from zester_proto.render.environment import NotText, text_of
from zester_proto.render.lines import LineMap
from zester_proto.render.merge import Merging
from zester_proto.render.nodes import Dialect, Mapping, Node, Place, Scalar
from zester_proto.render.secret_text import SECRET
from zester_proto.render.values import plain, scalar, translated
from zester_proto.render.yaml import Loaded, load
from zester_proto.settings.includes import Include, no_mapping, read_includes
from zester_proto.settings.model import Compiled, Layer, Path, Unknown
from zester_proto.settings.names import top_names
from zester_proto.settings.secret_leaves import resolved, secret_paths
from zester_proto.settings.shared import Alone, AskedFile, Part, Shared
from zester_proto.tree.files import BadTree, TreeFiles
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import Found, absolute, is_glob, matching, sls_names
from zester_proto.tree.renderers import KNOWN, instead_of, pipe_of
from zester_proto.tree.rendering import Rendering
from zester_proto.tree.top import Asked
from zester_proto.units import did_you_mean

_REPLACED: Final = frozenset({"!overwrite", "!reset"})


def entries_of(asked: Iterable[Asked]) -> dict[SettingsEntry, Place]:
    """Give what lines of top files name, and where, for `compile_settings`."""
    return {SettingsEntry(one.env, one.reference, one.ignore_missing): one.place for one in asked}


def compile_settings(
    tree: TreeFiles,
    rendering: Rendering,
    entries: Iterable[SettingsEntry],
    *,
    lists: Lists = "replace",
    problems: Problems | None = None,
    places: PlaceMap[SettingsEntry, Place] | None = None,
    shared: Shared | None = None,
) -> Compiled:
    """Render and merge settings.

    Args:
        tree: where the files are.
        rendering: renders them for the peel; its `settings` are filled.
        entries: what the top files name for it, in their order.
        lists: what lists do where both have one (`pillar_merge_lists`: append).
        problems: what was found before, and where more is noted.
        places: where the top files name the entries, if that is known.
        shared: keeps what compiles for other peels have in common with this one.
    """
    compiler = _Compiler(tree, rendering, lists, problems or Problems(), shared or Alone())
    for entry in entries:
        compiler.ask(entry, places.get(entry) if places else None)
    return compiler.finish()


class _Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is wanted, and by whom."""

    env: str
    reference: str
    place: Place | None = None
    ignore_missing: bool = False
    key: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}
    way: tuple[str, ...] = ()
    """The references that led here, the last one the includer's."""

    @property
    def same(self) -> tuple[str, str, str]:
        """Equal for those that render the same."""
        return (self.env, self.reference, repr(self.defaults) if self.defaults else "")

    def file(self, found: Found) -> AskedFile:
        """Give the file that was found for it, as compiles for several peels know it."""
        env, reference, defaults = self.same
        return AskedFile(env=env, path=found.path, reference=reference, defaults=defaults)


class _Own(msgspec.Struct, kw_only=True):
    """What a file says itself, and what it includes."""

    found: Found
    root: Node | None
    includes: tuple[Include, ...] = ()


class _Compiler:
    def __init__(
        self,
        tree: TreeFiles,
        rendering: Rendering,
        lists: Lists,
        problems: Problems,
        shared: Shared,
    ) -> None:
        self._tree = tree
        self._rendering = rendering
        self._lists: Lists = lists
        self._problems = problems
        self._shared = shared
        self._merging = Merging(lists)
        self._words: Dialect | None = None
        self._layers: list[Layer] = []
        self._unshown: list[Node] = []
        self._files: dict[tuple[str, str], None] = {}
        self._unknown: list[Unknown] = []
        self._owned: dict[tuple[str, str, str], _Own] = {}

    def ask(self, entry: SettingsEntry, place: Place | None) -> None:
        """Take in what one line of a top file names."""
        ask = _Ask(
            env=entry.env, reference=entry.reference, place=place,
            ignore_missing=entry.ignore_missing,
        )  # fmt: skip
        for one in self._meant(ask):
            self._owned.pop(one.same, None)
            self._take(one)

    def finish(self) -> Compiled:
        """Give all that was found."""
        problems = self._problems
        problems.extend(self._merging.problems)
        root = self._merging.root if not problems.count else None
        words = self._words or "sls"
        secrets = frozenset[Path]()
        if root is not None and self._rendering.secrets.used:
            secrets = frozenset(secret_paths(root, words))
        merged = root if isinstance(root, Mapping) else None
        pairs = merged.pairs if merged is not None else ()
        return Compiled(
            values={scalar(key, words): self._shared.value(node, words) for key, node in pairs},
            root=merged, words=words,
            layers=tuple(self._layers), secrets=secrets,
            errors=tuple(problems.errors), more_errors=problems.more,
            warnings=(*problems.warnings, *self._merging.warnings),
            files=tuple(self._files), unknown=tuple(self._unknown),
            called=frozenset(self._rendering.called),
        )  # fmt: skip

    def _meant(self, ask: _Ask) -> Iterable[_Ask]:
        if not is_glob(ask.reference):
            return (ask,)
        found = matching(ask.reference, self._tree.references(ask.env))
        return [msgspec.structs.replace(ask, reference=one) for one in found] or (ask,)

    def _take(self, ask: _Ask) -> None:
        """Lay a file on top, and below it what it includes."""
        own = self._owned.get(ask.same)
        if own is not None:
            if ask.reference in ask.way:
                self._circle(ask, own.found.dialect)
            self._lay(own, ask)
            return
        own = self._own(ask)
        if own is None:
            return
        self._owned[ask.same] = own
        for include in own.includes:
            self._include(include, ask, own.found)
        self._lay(own, ask)

    def _circle(self, ask: _Ask, dialect: Dialect) -> None:
        way = " -> ".join([*ask.way[ask.way.index(ask.reference) :], ask.reference])
        message = f"settings include themselves: {way}"
        if dialect == "zy":
            self._problems.error(message, ask.place, "take one of the includes away")
        else:
            self._problems.warn(message, ask.place, "each file counts once")

    def _include(self, include: Include, ask: _Ask, found: Found) -> None:
        reference = absolute(include.reference, ask.reference, found.path)
        if reference is None:
            self._problems.error(
                f"`include` of {include.reference!r} leads out of the tree", include.place,
                f"it is counted from {ask.reference}",
            )  # fmt: skip
            return
        inner = _Ask(
            env=ask.env, reference=reference, place=include.place, defaults=include.defaults,
            key=(*ask.key, *include.key), way=(*ask.way, ask.reference),
        )  # fmt: skip
        for one in self._meant(inner):
            self._take(one)

    def _own(self, ask: _Ask) -> _Own | None:
        found = self._find(ask)
        if found is None:
            return None
        part = self._shared.part(ask.file(found), lambda: self._part(ask, found))
        if part is None:
            return None
        self._files.update(dict.fromkeys(part.files))
        if part.root is None:
            return _Own(found=found, root=None)
        root = resolved(part.root, part.text, self._rendering.secrets, self._problems)
        if part.split is not None and root is part.root:
            includes, own = part.split
        else:
            includes, own = read_includes(root, found.dialect, self._problems, self._marked)
        return _Own(found=found, root=own, includes=includes)

    def _part(self, ask: _Ask, found: Found) -> Part | None:
        """Read a file; None where something is wrong with it."""
        read: dict[tuple[str, str], None] = {}
        lines = self._text(ask, found, read)
        self._files.update(read)
        if lines is None:
            return None
        loaded = self._loaded(lines, found)
        self._problems.extend(loaded.problems)
        root = loaded.root
        if loaded.problems:
            return None
        if root is not None and not isinstance(root, Mapping):
            self._problems.add(no_mapping(found.path, root))
            return None
        wrong = Problems()
        split = read_includes(root, found.dialect, wrong) if root is not None else None
        return Part(
            text=lines.text, root=root, split=None if wrong.count else split, files=tuple(read),
            rendered=lines.source is None,
        )  # fmt: skip

    def _loaded(self, lines: LineMap, found: Found) -> Loaded:
        def read() -> Loaded:
            return load(lines.text, found.path, found.dialect, lines)

        if self._rendering.secrets.is_in(lines.text):
            return read()  # what stands for its secrets is of this compile alone
        return self._shared.loaded(lines, found.dialect, read)

    def _find(self, ask: _Ask) -> Found | None:
        try:
            found = self._tree.find(ask.env, ask.reference.replace("/", "."))
        except BadTree as error:
            self._problems.error(error.message, ask.place, error.hint)
            return None
        if found is None and not ask.ignore_missing:
            stem = ask.reference.replace(".", "/")
            near = did_you_mean(ask.reference, self._tree.references(ask.env))
            self._problems.error(
                f"there is no settings file {ask.reference!r} in the environment {ask.env!r}",
                ask.place,
                near or f"{stem}.zy, {stem}.sls, {stem}/init.zy and {stem}/init.sls are not there",
            )
        return found

    def _text(self, ask: _Ask, found: Found, read: dict[tuple[str, str], None]) -> LineMap | None:
        data = self._tree.read(ask.env, found.path) or b""
        read[ask.env, found.path] = None
        renderers = pipe_of(data[:200].split(b"\n", 1)[0].decode(errors="replace").strip())
        strange = [one for one in renderers or () if one not in KNOWN]
        if strange:
            self._problems.error(
                f"{found.path} asks for the renderer {strange[0]!r}, which Zester has not",
                Place(found.path, 1, 1), instead_of(strange[0]),
            )  # fmt: skip
            return None
        if (renderers is not None and "jinja" not in renderers) or b"{" not in data:
            return self._plain(found.path, data)
        if not self._shared.is_blind(ask.file(found)):
            self._bring_up_to_date()
        names = {
            **sls_names(ask.reference, found.path, ask.env), **ask.defaults,
            "secret": self._rendering.secrets.get,
        }  # fmt: skip
        rendered = self._rendering.render(ask.env, found.path, names, dialect=found.dialect)
        read.update(dict.fromkeys((ask.env, path) for path in rendered.files))
        if rendered.unknown:
            names = top_names(data.decode(errors="replace"), ask.key)
            self._unknown.append(Unknown(
                env=ask.env, reference=ask.reference, path=found.path, names=names,
                problem=rendered.problems[0],
            ))  # fmt: skip
            return None
        self._problems.extend(rendered.problems)
        return None if rendered.problems else rendered.lines

    def _plain(self, path: str, data: bytes) -> LineMap | None:
        """Give a file that is no template as it is."""
        try:
            text = text_of(path, data)
        except NotText as error:
            self._problems.error(str(error), Place(path, error.line), error.hint)
            return None
        if len(text) > MAX_TEXT:
            self._problems.error(f"more than {MAX_TEXT >> 20} MiB of text", Place(path, 1))
            return None
        return LineMap.plain(path, text)

    def _lay(self, own: _Own, ask: _Ask) -> None:
        root, dialect = own.root, own.found.dialect
        if root is None:
            return
        for name in reversed(ask.key):
            root = Mapping(((Scalar(name, False, root.place), root),), root.place)
        if self._words is None:
            self._words = dialect
            self._merging = Merging(self._lists, dialect)
        if dialect != self._words:
            root = translated(root, dialect, self._words)
        self._layers.append(Layer(
            env=ask.env, reference=ask.reference, path=own.found.path, dialect=dialect, root=root
        ))  # fmt: skip
        self._merge(root, dialect)
        self._unshown.append(root)

    def _merge(self, root: Node, dialect: Dialect) -> None:
        merging = self._merging
        base, how = merging.root, f"{dialect} {self._words} {self._lists}"
        made = self._shared.laid(base, root, how)
        if made is not None:
            merging.root = made
            return
        said = len(merging.problems) + len(merging.warnings)
        merging.lay(root, dialect)
        if merging.root is not None and said == len(merging.problems) + len(merging.warnings):
            self._shared.keep(base, root, how, merging.root)

    def _bring_up_to_date(self) -> None:
        """Let the next template see what was merged before it."""
        merged = self._merging.root
        for layer in self._unshown:
            if isinstance(layer, Mapping) and isinstance(merged, Mapping):
                self._show(self._rendering.settings, layer, merged, self._words or "sls")
        self._unshown.clear()

    def _show(self, shown: dict[Any, Any], layer: Mapping, merged: Mapping, words: Dialect) -> None:
        """Bring what templates see up to date where a layer touched it."""
        pairs = self._merging.pairs(merged)
        for key, over in layer.pairs:
            name = scalar(key, words)
            node = pairs[name][1]
            below = shown.get(name)
            if (
                isinstance(over, Mapping) and isinstance(node, Mapping)
                and isinstance(below, dict) and over.tag not in _REPLACED
            ):  # fmt: skip
                self._show(cast("dict[Any, Any]", below), over, node, words)
            else:
                shown[name] = plain(node, words, self._marked)

    def _marked(self, node: Node, value: Any) -> Any:
        return self._rendering.secrets.text(value) if node.tag == SECRET else value
