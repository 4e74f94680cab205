"""Resolves requisites: which states each line names, and `_in` forms turned round."""

from fnmatch import fnmatchcase
from typing import Final

import msgspec

from zester_modules.states.blocks import REQUISITES
from zester_modules.states.chunks import Chunk, Wanted
from zester_modules.states.lost import Lost
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import is_glob
from zester_proto.units import did_you_mean

_SMALL: Final = 2000
"""Beyond so many ids none is suggested: comparing all of them takes too long."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A requisite of a state and the states that it names, by index."""

    wanted: Wanted
    states: tuple[int, ...]


class Index:
    """Finds states by `state: id`, `state: name`, `id: ...`, `sls: ...` and globs of them."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._known: dict[tuple[str, str], dict[int, None]] = {}
        self._sls: dict[str, dict[int, None]] = {}
        self._own: dict[str, dict[int, None]] = {}
        for one in chunks:
            for key in (one.block.state, "id"):
                for text in (one.name, one.id):
                    self._known.setdefault((key, text), {})[one.index] = None
            self._own.setdefault(one.source.sls, {})[one.index] = None
            for sls in (one.source.sls, *one.included_from):
                self._sls.setdefault(sls, {})[one.index] = None

    def find(self, wanted: Wanted) -> tuple[int, ...]:
        """Give the states that a line names, in the order of their definition."""
        found: dict[int, None] = {}
        if wanted.key == "sls":
            # as in Salt: what a file includes is required with it, but requires nothing with it
            files = self._own if wanted.kind.endswith("_in") else self._sls
            for sls, states in files.items():
                if sls == wanted.text or (is_glob(wanted.text) and fnmatchcase(sls, wanted.text)):
                    found |= states
        elif is_glob(wanted.text) and (wanted.key, wanted.text) not in self._known:
            for (key, text), states in self._known.items():
                if key == wanted.key and fnmatchcase(text, wanted.text):
                    found |= states
        else:
            found = self._known.get((wanted.key, wanted.text), {})
        if wanted.function:
            return tuple(one for one in found if self._chunks[one].function == wanted.function)
        return tuple(sorted(found))

    def hint(self, wanted: Wanted) -> str:
        """Say what may have been meant by a line that names nothing."""
        if wanted.key == "sls":
            return did_you_mean(wanted.text, self._sls)
        others = sorted({key for key, text in self._known if text == wanted.text and key != "id"})
        if others:
            return f"{wanted.text} is there as {', '.join(others)}"
        texts = {text for key, text in self._known if key == wanted.key}
        return did_you_mean(wanted.text, texts) if len(texts) <= _SMALL else ""


def resolve(
    chunks: list[Chunk], known: frozenset[str], lost: Lost, problems: Problems
) -> list[list[Resolved]]:
    """Give the requisites of each state, in the order in which Salt looks at them.

    Args:
        chunks: all states.
        known: references of all files that were read, also those without states.
        lost: what could not be read.
        problems: where requisites to nothing are noted.
    """
    index = Index(chunks)
    found: list[list[Resolved]] = [[] for _ in chunks]
    resolver = _Resolver(index, known, lost, problems)
    for chunk in chunks:
        for wanted in chunk.wanted:
            states = resolver.states(chunk, wanted)
            if states or (states is not None and wanted.kind == "listen"):
                found[chunk.index].append(Resolved(wanted=wanted, states=states))
    for chunk in chunks:
        for wanted in chunk.turned:
            if wanted.kind == "use_in":
                continue
            for target in resolver.states(chunk, wanted) or ():
                turned = Wanted(
                    kind=wanted.kind.removesuffix("_in"), key=chunk.block.state, text=chunk.id,
                    place=wanted.place,
                )  # fmt: skip
                _add(found[target], Resolved(wanted=turned, states=(chunk.index,)))
    ranks = {kind: place for place, kind in enumerate(REQUISITES)}
    for one in found:
        one.sort(key=lambda each: ranks[each.wanted.kind])
    return found


def _add(known: list[Resolved], new: Resolved) -> None:
    """Several names under one id are one requisite on all of them."""
    for place, one in enumerate(known):
        if one.wanted == new.wanted:
            states = tuple(dict.fromkeys((*one.states, *new.states)))
            known[place] = Resolved(wanted=one.wanted, states=states)
            return
    known.append(new)


class _Resolver:
    def __init__(self, index: Index, known: frozenset[str], lost: Lost, problems: Problems) -> None:
        self._index = index
        self._known = known
        self._lost = lost
        self._problems = problems

    def states(self, chunk: Chunk, wanted: Wanted) -> tuple[int, ...] | None:
        """Give what a line names; None where it is to be passed over."""
        strict = chunk.source.dialect == "zy" or self._problems.strict
        if wanted.kind == "listen" and wanted.key == "sls" and not strict:
            return ()  # Salt's answer: a row at the end of the run that failed
        found = self._index.find(wanted)
        if found or self._lost.may_hold(wanted.key, wanted.text):
            return found or None
        if wanted.key == "sls" and (wanted.text in self._known or is_glob(wanted.text)):
            return None  # that file has no states
        lenient = wanted.kind == "listen" or (
            wanted.kind.endswith("_in") and (wanted.key == "id" or wanted.kind == "listen_in")
        )
        if lenient and not strict:
            text = f"`{wanted.kind}` of {chunk.id!r} names nothing: {wanted}"
            self._problems.warn(text, wanted.place, self._index.hint(wanted))
            return ()
        hint = "" if self._problems.full else self._index.hint(wanted)
        message = f"`{wanted.kind}` of {chunk.id!r}: there is no state `{wanted}`"
        self._problems.error(message, wanted.place, hint)
        return None
