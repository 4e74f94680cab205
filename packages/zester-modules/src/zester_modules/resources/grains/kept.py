"""Facts that states set: what one is now, and the plan that makes it another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from zester_modules.context import FACTS_DIR
from zester_modules.facts.custom import SET_FILE
from zester_modules.facts.set_file import MODE, changed, read, steps_of, written
from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Scope
from zester_modules.resources.file.steps import bytes_of, text_of
from zester_modules.resources.file.wanted import Look, Wanted, file_work
from zester_proto import codec
from zester_proto.secrets.masker import MASK

NOTHING: Final = object()
"""In place of a fact that is not there."""


class Fact(msgspec.Struct, frozen=True):
    """A fact as it is now."""

    steps: tuple[str, ...]
    value: Any
    """NOTHING where there is none."""
    path: Path
    kept: dict[str, Any]
    """All that `set.yaml` holds."""

    @property
    def name(self) -> str:
        """Its name, with colons."""
        return ":".join(self.steps)

    @property
    def is_set(self) -> bool:
        """Whether it stands in `set.yaml`."""
        return _inside(self.kept, self.steps) is not NOTHING

    @property
    def plain(self) -> Any:
        """Its value; None where there is none."""
        return None if self.value is NOTHING else self.value


def fact_of(name: str, delimiter: str, scope: Scope) -> Fact:
    """Look at a fact; what was set in this run counts before what was collected before it.

    Raises:
        ZesterError: it has no such name, or the file of what was set cannot be read.
    """
    steps = tuple(steps_of(name, delimiter))
    path = scope.facts_dir / SET_FILE
    kept = read(text_of(scope.machine.read(str(path)) or b""), path)
    facts: Mapping[str, Any] = kept if steps[0] in kept else scope.facts
    return Fact(steps, _inside(facts, steps), path, kept)


def _inside(facts: Mapping[str, Any], steps: tuple[str, ...]) -> Any:
    here: Any = facts
    for step in steps:
        if not isinstance(here, Mapping) or step not in here:
            return NOTHING
        here = cast("Mapping[str, Any]", here)[step]
    return here


def set_plan(fact: Fact, value: Any, scope: Scope) -> Plan:
    """Plan to set a fact, or to take it out of `set.yaml` if the value is None.

    Raises:
        ZesterError: it cannot be kept.
    """
    value = codec.normalise(value)
    top, rest = fact.steps[0], list(fact.steps[1:])
    base = dict(fact.kept)
    if rest and top not in base and isinstance(scope.facts.get(top), Mapping):
        base[top] = codec.normalise(scope.facts[top])  # what is beside it stays
    after = changed(base, list(fact.steps), value)
    if after is None:
        return Plan(comment="it is so already")
    work = file_work(
        Wanted(
            path=str(fact.path), data=bytes_of(written(after, fact.path)),
            look=Look(mode=MODE), folders=Look(mode=0o755),
        ),
        scope,
    )  # fmt: skip
    before, new = (MASK if scope.sensitive and one is not None else one
                   for one in (fact.plain, value))  # fmt: skip
    leaf = Leaf(path=f"grain:{fact.name}", before=before, after=new)
    return Plan(leaves=(leaf,), diff=work.diff, comment="would be set", todo=work.steps)


def is_same(one: Any, other: Any) -> bool:
    """Say whether two values are the same."""
    return one is not NOTHING and codec.pack(one) == codec.pack(other)


def refuse_map_or_list(fact: Fact) -> None:
    """Keep what is more than one value from being written over by mistake.

    Raises:
        HostProblem: the fact is a map or a list.
    """
    value = fact.plain
    if isinstance(value, list | Mapping):
        kind = "a list" if isinstance(value, list) else "a map"
        raise HostProblem(
            f"the grain {fact.name} is {kind}", hint="force: true sets or removes it all the same"
        )


def paths_of(_params: Any) -> tuple[str, ...]:
    """Give what states of grains change."""
    return (str(FACTS_DIR / SET_FILE),)
