"""Whether one peel is meant: what a peel asks of itself, and the truth that the index shares."""

from collections.abc import Mapping
from typing import Any, Final, cast

from zester_proto.target import ranges
from zester_proto.target.ast import (
    And,
    Comparison,
    Fact,
    FactRegex,
    Globs,
    Group,
    IdRegex,
    Listed,
    Node,
    Not,
    Or,
    Ranged,
    Subnet,
)
from zester_proto.target.errors import SettingsUnavailable
from zester_proto.target.globs import glob_test
from zester_proto.target.plan import Plan, comparison_plan, plan_of, presence_plan
from zester_proto.target.regex import regex_test
from zester_proto.target.subnets import addresses, network
from zester_proto.target.writing import write

ROOT: Final = frozenset({0})


def matches(
    node: Node,
    peel_id: str,
    facts: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
) -> bool:
    """Say whether a peel is one of those that an expression means.

    Args:
        node: what `parse` gave.
        peel_id: the peel's id.
        facts: its facts.
        settings: its settings; None where they are not known.

    Raises:
        SettingsUnavailable: the answer hangs on settings, and there are none.
    """
    if isinstance(node, And):
        return all(matches(part, peel_id, facts, settings) for part in node.parts)
    if isinstance(node, Or):
        return any(matches(part, peel_id, facts, settings) for part in node.parts)
    if isinstance(node, Not):
        return not matches(node.part, peel_id, facts, settings)
    if isinstance(node, Group):
        return matches(node.node, peel_id, facts, settings)
    if isinstance(node, Fact | FactRegex | Comparison):
        return value_matches(node, settings if node.settings else facts)
    if isinstance(node, Subnet):
        return _in_subnet(node, facts)
    return id_matches(node, peel_id)


def id_matches(node: Globs | Listed | Ranged | IdRegex, peel_id: str) -> bool:
    """Answer a term that looks at the id alone."""
    if isinstance(node, Globs):
        return any(glob_test(pattern)(peel_id) for pattern in node.patterns)
    if isinstance(node, Listed):
        return peel_id in node.ids
    if isinstance(node, Ranged):
        return peel_id in ranges.names(node.patterns)
    return bool(regex_test(node.pattern)(peel_id))


def value_matches(node: Fact | FactRegex | Comparison, values: Mapping[str, Any] | None) -> bool:
    """Answer a term that looks into a tree of facts or settings.

    Raises:
        SettingsUnavailable: there is no tree.
    """
    if values is None:
        raise SettingsUnavailable(write(node))
    if not isinstance(node, Comparison):
        return reaches(values, plan_of(node), ROOT)
    found = reaches(values, comparison_plan(node), ROOT)
    if node.operator != "!=":
        return found
    return not found and reaches(values, presence_plan(node.path), ROOT)


def reaches(value: Any, plan: Plan, at: frozenset[int]) -> bool:
    """Say whether a walk ends well below a value.

    Args:
        value: a fact, or a part of one.
        plan: the term.
        at: how many words may have led here.
    """
    if isinstance(value, dict | Mapping):
        return _reaches_in_map(cast("Mapping[str, Any]", value), plan, plan.closed(at))
    tails = plan.asked(at)
    if isinstance(value, list):
        members = cast("list[Any]", value)
        return any(tail.lists for tail in tails) or any(
            reaches(member, plan, plan.inside(at, place, len(members)))
            for place, member in enumerate(members)
        )
    return any(tail.passes(value) for tail in tails)


def _reaches_in_map(values: Mapping[str, Any], plan: Plan, at: frozenset[int]) -> bool:
    if plan.keys:
        tails = plan.asked(at)
        if any(tail.text(key.lower()) for tail in tails for key in values):
            return True
    named, others = plan.below(at)
    if others:
        return any(reaches(value, plan, named.get(key, others)) for key, value in values.items())
    return any(reaches(values[key], plan, more) for key, more in named.items() if key in values)


def _in_subnet(node: Subnet, facts: Mapping[str, Any]) -> bool:
    net = network(node.network)
    return any(net.holds(*address) for address in addresses(facts.get(f"ipv{net.version}")))
