"""A process that renders settings for its master: what it does there stalls nobody."""

import re
import resource
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, cast

from zester_master.known.rendering import Made, Renderings
from zester_master.known.wire import (
    Answer,
    Answers,
    Batch,
    Check,
    Digests,
    Get,
    Match,
    Peel,
    Question,
    Show,
    Trace,
    Tree,
    framed,
    order_of,
)
from zester_proto.codec import normalise, pack, unpack
from zester_proto.errors import CodecError, ZesterError
from zester_proto.kept import Kept
from zester_proto.messages.settings import Lists
from zester_proto.render.filters.data import traverse
from zester_proto.settings.shown import digests, masked
from zester_proto.settings.trace import meant, trace
from zester_proto.target import matches, parse
from zester_proto.target.ast import Comparison, Fact, FactRegex
from zester_proto.tree.problems import placed, told

MEMORY: Final = 4 * 1024**3
"""Bytes of address space: a template bomb ends this process, and no other."""

FACTS: Final = 1024 * 1024
_PLAIN: Final = re.compile(r"[A-Za-z0-9_ -]+", re.ASCII)
"""A word that is neither glob nor regular expression."""

KEPT: Final = 20_000
"""Peels whose settings are kept; those not asked for longest go."""


class Child:
    """The settings that this process knows."""

    def __init__(self) -> None:
        self._renderings = Renderings({}, {})
        self._kept = Kept[str, tuple[float, Made]](KEPT)

    def take(self, tree: Tree) -> None:
        """Render from another tree from now on."""
        if tree.lists != self._renderings.lists:
            self._renderings = Renderings({}, {}, tree.lists)
            self._kept.clear()
        changed = self._renderings.follow(tree.files, tree.groups)
        self._kept.keep_if(lambda kept: kept[1].stays(changed))

    def answer(self, batch: Batch) -> Answers:
        """Answer a question about some peels."""
        ask = _Ask(batch.question, self._renderings.lists)
        return Answers(answers=tuple(self._one(peel, ask) for peel in batch.peels))

    def _one(self, peel: Peel, ask: "_Ask") -> Answer:
        if ask.reveals:
            return self._revealed(peel, ask)
        stamp, made = self._kept.pop(peel.id) or (0.0, None)
        if made is None or stamp != peel.stamp or peel.baskets:
            if not peel.facts:
                return Answer(peel.id, lost=True)
            try:
                facts = cast("Mapping[str, Any]", unpack(peel.facts, limit=FACTS))
                made = self._renderings.of(peel.id, facts, peel.baskets)
            except ZesterError as error:
                return Answer(peel.id, error=error.message, hint=error.hint)
        if made.wants:
            return Answer(peel.id, wants=made.wants)
        if not made.volatile:
            self._kept.put(peel.id, (peel.stamp, made))
        return ask.of(peel.id, made)

    def _revealed(self, peel: Peel, ask: "_Ask") -> Answer:
        """Answer with secrets; nothing of it is kept."""
        if not peel.facts:
            return Answer(peel.id, lost=True)
        try:
            facts = cast("Mapping[str, Any]", unpack(peel.facts, limit=FACTS))
            made, names = self._renderings.revealed(peel.id, facts, peel.baskets, peel.secrets)
        except ZesterError as error:
            return Answer(peel.id, error=error.message, hint=error.hint)
        if made.wants or names:
            return Answer(peel.id, wants=made.wants, secrets=names)
        return ask.of(peel.id, made)


class _Ask:
    """A question, made ready to be asked of many peels."""

    def __init__(self, question: Question, lists: Lists) -> None:
        self.reveals = isinstance(question, Show) and question.reveal
        self._question = question
        self._lists: Lists = lists
        self._term = parse(question.term) if isinstance(question, Match) else None

    def of(self, peel_id: str, made: Made) -> Answer:
        """Answer it of one peel."""
        if isinstance(self._question, Check):
            return _checked(peel_id, made)
        problem = made.problem(*self._tops())
        if isinstance(self._question, Show | Digests) and not made.compiled.errors:
            problem = None  # what is known is shown, and what is not is said
        if problem is not None:
            return Answer(
                peel_id, error=placed(problem), hint=problem.hint, volatile=made.volatile
            )  # fmt: skip
        try:
            value = pack(normalise(self._value(peel_id, made)))
        except CodecError as error:
            return Answer(peel_id, error=error.message, hint=error.hint)
        return Answer(peel_id, value, volatile=made.volatile)

    def _tops(self) -> tuple[str, ...]:
        """Give the settings at the top that the question may be about; none are any."""
        question = self._question
        if isinstance(question, Get | Trace):
            return (question.key.partition(":")[0],)
        if isinstance(self._term, Comparison):
            return self._term.path[:1]
        if not isinstance(self._term, Fact | FactRegex):
            return ()
        words = self._term.words
        if _PLAIN.fullmatch(words[0]) is None:
            return ()
        # a name may hold the delimiter
        return tuple(self._term.delimiter.join(words[:n]) for n in range(1, len(words) + 1))

    def _value(self, peel_id: str, made: Made) -> Any:
        question = self._question
        if self._term is not None:
            return matches(self._term, peel_id, {}, made.compiled.values)
        if isinstance(question, Show):
            return {
                "settings": made.compiled.values if self.reveals else masked(made.compiled),
                "unknown": [told(one.problem) for one in made.compiled.unknown],
                "warnings": [told(one) for one in made.compiled.warnings],
            }
        if isinstance(question, Get):
            found = traverse(masked(made.compiled), question.key, _MISSING)
            return {} if found is _MISSING else {"value": found}
        if isinstance(question, Digests):
            names = [one.names for one in made.compiled.unknown]
            unknown = (
                None if None in names else sorted({name for one in names for name in one or ()})
            )
            return {"digests": digests(made.compiled), "unknown": unknown}
        assert isinstance(question, Trace)  # there is no other
        rows = [
            {"place": str(row.place), "env": row.env, "did": row.did, "value": row.value}
            for row in trace(made.compiled, question.key, lists=self._lists)
        ]
        return {"rows": rows} if rows else {"rows": [], "meant": meant(made.compiled, question.key)}


_MISSING: Final = object()


def _checked(peel_id: str, made: Made) -> Answer:
    if not made.compiled.errors or made.compiled.unknown:
        # an error may be that something which only the peel knows is not there
        return Answer(peel_id)
    problem = made.compiled.errors[0]
    return Answer(peel_id, error=placed(problem), hint=problem.hint)


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer until the master is gone."""
    child = Child()
    while len(header := source.read(4)) == 4:
        order = order_of(source.read(int.from_bytes(header, "big")))
        if isinstance(order, Tree):
            child.take(order)
            continue
        target.write(framed(child.answer(order)))
        target.flush()


def main() -> None:
    """Run as a renderer of a master."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
