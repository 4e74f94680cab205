"""What a fact's values look like from outside: texts, numbers and keys, with the peels of each.

A shade is made when a fact is first asked for and kept right from then on, so that long lists
and fast-moving facts cost nothing until somebody wants them.
"""

from typing import Any, Final, cast

from zester_master.fleet.postings import Posting, merged, without_peel
from zester_proto.target.plan import Plan, Tail
from zester_proto.target.values import is_number, text_of


class Shade:
    """The values at one path; the members of a list lie where the list does.

    Attributes:
        children: by key, what lies in maps.
        texts: by lower-case text, the peels with such a value.
        numbers: the same for numbers.
        present: peels with anything here.
        scalar: peels with a text, a number, true, false or null here.
        listed: peels with a list here.
        longest: the length of the longest list here or below.
    """

    __slots__ = ("children", "listed", "longest", "numbers", "present", "scalar", "texts")

    def __init__(self) -> None:
        self.children: Final[dict[str, Shade]] = {}
        self.texts: Final[dict[str, Posting]] = {}
        self.numbers: Final[dict[str, Posting]] = {}
        self.present: Posting | None = None
        self.scalar: Posting | None = None
        self.listed: Posting | None = None
        self.longest: int = 0

    def add(self, peels: Posting, value: Any) -> None:
        """Note that these peels have this value here."""
        self.present = merged(self.present, peels)
        if isinstance(value, dict):
            for key, item in cast("dict[str, Any]", value).items():
                child = self.children.get(key)
                if child is None:
                    child = self.children[key] = Shade()
                child.add(peels, item)
                self.longest = max(self.longest, child.longest)
        elif isinstance(value, list):
            members = cast("list[Any]", value)
            self.listed = merged(self.listed, peels)
            self.longest = max(self.longest, len(members))
            for member in members:
                self.add(peels, member)
        else:
            self.scalar = merged(self.scalar, peels)
            texts = self.numbers if is_number(value) else self.texts
            text = text_of(value)
            texts[text] = merged(texts.get(text), peels)

    def discard(self, peel: int, value: Any) -> None:
        """Note that a peel no longer has this value, which is all that it had here."""
        self.present = without_peel(self.present, peel)
        if isinstance(value, dict):
            for key, item in cast("dict[str, Any]", value).items():
                child = self.children.get(key)
                if child is not None:
                    child.discard(peel, item)
                    if child.present is None:
                        del self.children[key]
        elif isinstance(value, list):
            self.listed = without_peel(self.listed, peel)
            for member in cast("list[Any]", value):
                self.discard(peel, member)
        else:
            self.scalar = without_peel(self.scalar, peel)
            texts = self.numbers if is_number(value) else self.texts
            text = text_of(value)
            left = without_peel(texts.get(text), peel)
            if left is None:
                texts.pop(text, None)
            else:
                texts[text] = left

    def find(self, plan: Plan, at: frozenset[int], found: list[Posting]) -> None:
        """Add the peels for which a walk ends well here or below; the twin of `reaches`.

        Positions in lists are not known here: a plan with some finds too much (`Plan.skips`).
        """
        at = plan.skipped(at)
        for tail in plan.asked(at):
            found.extend(self._passing(tail))
        if not self.children:
            return
        at = plan.closed(at)
        if plan.keys:
            tails = plan.asked(at)
            for key, child in self.children.items():
                if child.present is not None and any(tail.text(key.lower()) for tail in tails):
                    found.append(child.present)
        named, others = plan.below(at)
        if others:
            for key, child in self.children.items():
                child.find(plan, named.get(key, others), found)
            return
        for key, more in named.items():
            child = self.children.get(key)
            if child is not None:
                child.find(plan, more, found)

    def _passing(self, tail: Tail) -> list[Posting]:
        if tail.lists and self.listed is not None:
            return [self.listed] if self.scalar is None else [self.listed, self.scalar]
        if tail.every:
            return [] if self.scalar is None else [self.scalar]
        if tail.exact is not None:
            both = (self.texts.get(tail.exact), self.numbers.get(tail.exact))
            return [posting for posting in both if posting is not None]
        passing = [peels for text, peels in self.texts.items() if tail.text(text)]
        passing += [peels for text, peels in self.numbers.items() if tail.number(text)]
        return passing
