"""States of grains: facts that a host keeps in `set.yaml`, as `facts.set` does.

The facts of a run are those with which it began: its templates see what it sets in the next run.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Plan, Resource, Scope
from zester_modules.resources.file.steps import perform
from zester_modules.resources.grains.kept import (
    NOTHING,
    Fact,
    fact_of,
    is_same,
    paths_of,
    refuse_map_or_list,
    set_plan,
)
from zester_proto import codec
from zester_proto.grains import grains_view
from zester_proto.render.filters.data import traverse


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Look whether a grain is there."""

    name: Annotated[str, Meta(description="the grain; a:b is an entry of a map")]
    delimiter: Annotated[str, Meta(description="between the steps of its name")] = ":"


class Valued(Named, frozen=True, kw_only=True):
    """Have a grain with a value; of a map or a list only by force."""

    value: Annotated[Any, Meta(description="its value")]
    force: Annotated[bool, Meta(description="also in place of, or as, a map or a list")] = False


class Forced(Named, frozen=True, kw_only=True):
    """Have no such grain; of a map or a list only by force."""

    force: Annotated[bool, Meta(description="also a map or a list")] = False


class Listed(Named, frozen=True, kw_only=True):
    """Have values in a grain that is a list, or not."""

    value: Annotated[Any, Meta(description="a value, or a list of them")]


class Appended(Listed, frozen=True, kw_only=True):
    """Have values in a grain that is a list."""

    convert: Annotated[bool, Meta(description="what is no list becomes one")] = False


def check_exists(params: Named, scope: Scope) -> Plan:
    """Say whether the grain is there."""
    fact = fact_of_any(params, scope)
    if fact is NOTHING:
        raise HostProblem(f"there is no grain {params.name}", hint="grains.present sets one")
    return Plan(comment="it is there")


def fact_of_any(params: Named, scope: Scope) -> Any:
    """Give what a grain is, also a built-in one by Salt's name."""
    found = traverse(grains_view(scope.facts), params.name, NOTHING, params.delimiter)
    if found is not NOTHING or params.name.partition(params.delimiter)[0] in scope.facts:
        return found
    return fact_of(params.name, params.delimiter, scope).value


def check_present(params: Valued, scope: Scope) -> Plan:
    """Plan to set the grain."""
    fact = fact_of(params.name, params.delimiter, scope)
    value: Any = params.value
    if is_same(fact.value, value):
        return Plan(comment="it is so already")
    if not params.force:
        refuse_map_or_list(fact)
        if isinstance(value, list | dict) and fact.plain is not None:
            raise HostProblem(
                f"the grain {fact.name} is there, and is to become a map or a list",
                hint="force: true sets it all the same",
            )
    return set_plan(fact, value, scope)


def check_absent(params: Forced, scope: Scope) -> Plan:
    """Plan to take the grain away."""
    fact = fact_of(params.name, params.delimiter, scope)
    if not fact.is_set:
        return Plan(comment="it is not set")
    if not params.force:
        refuse_map_or_list(fact)
    return set_plan(fact, None, scope)


def check_listed(params: Listed, scope: Scope) -> Plan:
    """Plan to add values to the list."""
    fact = fact_of(params.name, params.delimiter, scope)
    there = _list(fact, convert=isinstance(params, Appended) and params.convert)
    wanted = [one for one in _values(params) if not any(is_same(one, old) for old in there)]
    return set_plan(fact, [*there, *wanted], scope) if wanted else Plan(comment="it has them")


def check_unlisted(params: Listed, scope: Scope) -> Plan:
    """Plan to take values out of the list."""
    fact = fact_of(params.name, params.delimiter, scope)
    gone = _values(params)
    there = _list(fact, convert=False)
    left = [one for one in there if not any(is_same(one, old) for old in gone)]
    return set_plan(fact, left, scope) if len(left) < len(there) else Plan(comment="it has none")


def _list(fact: Fact, *, convert: bool) -> list[Any]:
    value = fact.plain
    if value in (None, ""):
        return []
    if isinstance(value, list):
        return codec.normalise(value)
    if convert:
        return [value]
    raise HostProblem(
        f"the grain {fact.name} is no list", hint="grains.append with convert: true makes it one"
    )


def _values(params: Listed) -> list[Any]:
    value: Any = params.value
    return codec.normalise(value if isinstance(value, list) else [value])


def apply(plan: Plan, scope: Scope) -> Changes:
    """Write what was planned."""
    perform(plan.todo or (), scope)
    return Changes(leaves=plan.leaves, comment="set" if plan.leaves else plan.comment)


EXISTS: Final = Resource(
    name="grains.exists", params=Named, reach="nothing", check=check_exists, apply=apply
)
PRESENT: Final = Resource(
    name="grains.present", params=Valued, paths=paths_of, check=check_present, apply=apply
)
ABSENT: Final = Resource(
    name="grains.absent", params=Forced, paths=paths_of, check=check_absent, apply=apply,
    # a grain that is taken away is gone, with its name
    retires=("destructive",),
)  # fmt: skip
LIST_PRESENT: Final = Resource(
    name="grains.list_present", params=Listed, paths=paths_of, check=check_listed, apply=apply
)
LIST_ABSENT: Final = Resource(
    name="grains.list_absent", params=Listed, paths=paths_of, check=check_unlisted, apply=apply
)
APPEND: Final = Resource(
    name="grains.append", params=Appended, paths=paths_of, check=check_listed, apply=apply
)
