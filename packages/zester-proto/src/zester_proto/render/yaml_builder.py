"""Puts the events of a YAML parser together to a tree, with anchors, merge keys and limits."""

from typing import Any, Final, cast

import yaml

from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Mapping, Node, Place, Problem, Scalar, Sequence
from zester_proto.render.values import scalar
from zester_proto.units import did_you_mean

MAX_DEPTH: Final = 100
MAX_NODES: Final = 500_000
"""Values of one document, with what aliases repeat."""

MAX_PROBLEMS: Final = 200
"""Of one document; an operator reads fewer."""

TAGS: Final = ("!append", "!encrypted", "!overwrite", "!prepend", "!reset", "!secret", "!unique")
"""What a node keeps; settings.md 1 and 2 say what they do. The others are problems."""

_CORE: Final = "tag:yaml.org,2002:"
_AS_WRITTEN: Final = frozenset({"map", "seq", "omap"})
_AS_WORD: Final = frozenset({"int", "float", "bool", "null"})


class Refused(Exception):
    """Raised when nothing sensible can be read any more.

    Attributes:
        problem: why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Open:
    """A list or mapping that is being read."""

    __slots__ = (
        "began", "height", "items", "key", "key_at", "mapping", "merged", "pairs", "place", "seen",
        "tag", "weight",
    )  # fmt: skip

    def __init__(self, event: Any, place: Place, tag: str, *, mapping: bool) -> None:
        self.began = event
        self.place = place
        self.tag = tag
        self.mapping = mapping
        self.items: list[Node] = []
        self.pairs: list[tuple[Scalar, Node]] = []
        self.seen: dict[Any, Scalar] = {}
        self.merged: dict[Any, tuple[Scalar, Node]] = {}
        self.key: Scalar | None = None
        self.key_at: Any = None
        self.weight = 1
        self.height = 1

    def close(self) -> Node:
        if not self.mapping:
            return Sequence(tuple(self.items), self.place, self.tag)
        merged = [pair for same, pair in self.merged.items() if same not in self.seen]
        return Mapping((*merged, *self.pairs), self.place, self.tag)


class Builder:
    """Takes one event after the other.

    Attributes:
        root: the document, so far.
        problems: what is wrong but can be passed over.
    """

    def __init__(self, lines: LineMap, dialect: Dialect, breaks: list[int] | None) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._lines = lines
        self._source = lines.source
        self._dialect: Dialect = dialect
        self._breaks = breaks
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event.

        Raises:
            Refused: the text is too large, or more than one document.
        """
        kind = cast("type[Any]", type(event))
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            tag, _ = self._tag(event, quoted=False)
            mapping = kind is yaml.MappingStartEvent
            self._stack.append(_Open(event, self._place(event), tag, mapping=mapping))
            if len(self._stack) > MAX_DEPTH:
                raise self._refused(event, f"more than {MAX_DEPTH} levels")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            done = self._stack.pop()
            self._done(done.began, done.close(), done.began.anchor, done.weight, done.height)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                hint = "one file holds one document; take the line --- away"
                raise self._refused(event, "a second document begins here", hint)

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        is_plain = not event.style
        tag = ""
        if event.tag is not None:
            tag, is_plain = self._tag(event, quoted=not is_plain)
        node = Scalar(text, is_plain, self._place(event, last=event.end_mark), tag)
        if event.anchor is not None or not self._stack:
            self._done(event, node, event.anchor, 1, 0)
            return
        # What `_done` does, for the many that are neither anchored nor the whole document.
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._refused(event, f"more than {MAX_NODES} values")
        into = self._stack[-1]
        into.weight += 1
        if not into.mapping:
            into.items.append(node)
        elif into.key is None:
            into.key, into.key_at = node, event
        else:
            key, into.key = into.key, None
            self._pair(into, key, node)

    def _alias(self, event: Any) -> None:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise self._refused(
                event, f"nothing is anchored as &{event.anchor} before this",
                "put quotes around a value that begins with *",
            )  # fmt: skip
        node, weight, height = found
        if len(self._stack) + height > MAX_DEPTH:
            raise self._refused(event, f"more than {MAX_DEPTH} levels, through *{event.anchor}")
        self._done(event, node, None, weight, height)

    def _done(self, event: Any, node: Node, anchor: str | None, weight: int, height: int) -> None:
        """Put a finished value where it belongs."""
        # What lies in an open list was counted when it came; only an alias brings more than one.
        self._nodes += weight if type(event) is yaml.AliasEvent else 1
        if self._nodes > MAX_NODES:
            raise self._refused(event, f"more than {MAX_NODES} values")
        if anchor is not None:
            self._anchors[anchor] = (node, weight, height)
        if not self._stack:
            self.root = node
            return
        into = self._stack[-1]
        into.weight += weight
        into.height = max(into.height, height + 1)
        if not into.mapping:
            into.items.append(node)
        elif into.key is None:
            into.key, into.key_at = self._key(event, node), event
        else:
            key, into.key = into.key, None
            self._pair(into, key, node)

    def _key(self, event: Any, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        hint = "put quotes around it if it is text"
        if isinstance(node, Mapping):
            hint += ", or look why the template left {{ }} here"
        self._say(event, "a key that is a list or mapping", hint)
        return Scalar("", plain=False, place=node.place)  # one more null would be there twice

    def _pair(self, into: _Open, key: Scalar, value: Node) -> None:
        if key.text == "<<" and key.plain:
            self._merge(into, value)
            return
        same = scalar(key, self._dialect)
        first = into.seen.setdefault(same, key)
        if first is key:
            into.pairs.append((key, value))
            return
        place = first.place
        where = f"line {place.line}" if place.file == key.place.file else str(place)
        if key.text == first.text:
            message = f"the key {key.text!r} is there twice, first in {where}"
            hint = "keep one of them"
        else:  # 1, 1.0 and true are one key to Python, yes and true one word to Salt
            message = f"the key {key.text!r} means the same as {first.text!r} in {where}"
            hint = "keep one, or put quotes around those that are text"
        self._say(into.key_at, message, hint)

    def _merge(self, into: _Open, value: Node) -> None:
        sources = value.items if isinstance(value, Sequence) else (value,)
        for source in sources:
            if not isinstance(source, Mapping):
                hint = "<< takes an alias of a mapping, or a list of such; quote it if it is a name"
                self._say(into.key_at, "nothing that << can merge", hint)
                return
            self._nodes += len(source.pairs)
            if self._nodes > MAX_NODES:
                raise self._refused(into.key_at, f"more than {MAX_NODES} values")
            for key, item in source.pairs:
                into.merged.setdefault(scalar(key, self._dialect), (key, item))

    def _tag(self, event: Any, *, quoted: bool) -> tuple[str, bool]:
        """Return the tag that the node keeps, and whether its text is a plain word."""
        tag: str | None = event.tag
        if tag is None or tag in TAGS:
            return tag or "", not quoted
        if tag in {"!", f"{_CORE}str"}:
            return "", False
        name = tag.removeprefix(_CORE)
        if name != tag and name in _AS_WRITTEN:
            return "", not quoted
        if name != tag and name in _AS_WORD:
            return "", True
        shown = f"!!{name}" if name != tag else tag
        hint = did_you_mean(shown, TAGS) or f"known are {', '.join(TAGS)}"
        self._say(event, f"an unknown tag {shown}", hint)
        return "", not quoted

    def _place(self, event: Any, last: Any = None) -> Place:
        mark: Any = event.start_mark
        line = self._line(mark.line)
        if self._source is not None:
            return Place(self._source, line, mark.column + 1)
        if last is None or not self._lines.secret:
            return self._lines.place(line, mark.column + 1)
        # a text over several lines ends at the begin of the line behind it
        return self._lines.place(line, mark.column + 1, self._line(last.line - (not last.column)))

    def _line(self, line: int) -> int:
        return line + 1 if self._breaks is None else self._breaks[line]

    def _problem(self, event: Any, message: str, hint: str) -> Problem:
        mark = event.start_mark
        return self._lines.problem(self._line(mark.line), mark.column + 1, message, hint)

    def _say(self, event: Any, message: str, hint: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(self._problem(event, message, hint))

    def _refused(self, event: Any, message: str, hint: str = "") -> Refused:
        return Refused(self._problem(event, message, hint))
