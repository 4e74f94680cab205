"""Answers for a made-up fleet: no server, no peels, the same rules."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.target.ast import Part, walk
from zester_proto.target.language import Groups, parse
from zester_proto.target.matcher import matches
from zester_proto.target.writing import write

_EXAMPLE: Final = '{"id": "web-1", "facts": {"os": "debian"}, "settings": {"env": "prod"}}'


class FleetError(ZesterError):
    """Raised when a made-up fleet or its groups cannot be read; the text names the place."""


class Answer(msgspec.Struct, frozen=True):
    """Whom an expression means.

    Attributes:
        ids: sorted.
        parts: each part of the expression with its own count, the whole first.
    """

    ids: tuple[str, ...]
    parts: tuple[Part, ...]


def answer(
    expression: str, fleet: Iterable[Mapping[str, Any]], groups: Groups | None = None
) -> Answer:
    """Say which hosts of a made-up fleet an expression means.

    Args:
        expression: the target.
        fleet: hosts, each with `id` and maybe `facts` and `settings`.
        groups: what `N@` may name.

    Raises:
        TargetError: the expression or a group that it names is malformed.
        FleetError: a host has no id, an id of another host, or facts that are no map.
    """
    nodes = list(walk(parse(expression, groups=groups)))
    counts = [0] * len(nodes)
    meant: dict[str, bool] = {}
    for place, host in enumerate(fleet, 1):
        peel_id, facts, settings = _host(host, place)
        if peel_id in meant:
            raise FleetError(f"host {place} of the fleet: {peel_id} is there twice")
        answers = [matches(node, peel_id, facts, settings) for _, node in nodes]
        meant[peel_id] = answers[0]
        counts = [count + one for count, one in zip(counts, answers, strict=True)]
    parts = (
        Part(depth, write(node), count) for (depth, node), count in zip(nodes, counts, strict=True)
    )
    return Answer(tuple(sorted(one for one, is_meant in meant.items() if is_meant)), tuple(parts))


def read_fleet(lines: Iterable[str], source: str) -> Iterator[dict[str, Any]]:
    """Read a fleet from JSON lines; empty lines are passed over.

    Args:
        lines: one host a line.
        source: the file's name, for errors.

    Raises:
        FleetError: a line is no JSON object.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        host = _json(line, f"{source}, line {number}")
        if not isinstance(host, dict):
            raise FleetError(f"{source}, line {number}: not a host", hint=f"write {_EXAMPLE}")
        yield cast("dict[str, Any]", host)


def read_groups(text: str, source: str) -> Groups:
    """Read named groups from a JSON object of names and expressions.

    Args:
        text: the object.
        source: the file's name, for errors.

    Raises:
        FleetError: it is none, or a group is neither a text nor a list of texts.
    """
    groups = _json(text, source)
    if not isinstance(groups, dict):
        raise FleetError(f"{source}: not a map of groups", hint='write {"web": "web-*"}')
    for name, value in cast("dict[str, Any]", groups).items():
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str) for item in items):
            raise FleetError(
                f"{source}: the group `{name}` is neither an expression nor a list of them"
            )
    return cast("Groups", groups)


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FleetError(f"{place}: not JSON: {error}") from error


def _host(host: Mapping[str, Any], place: int) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    peel_id, facts, settings = host.get("id"), host.get("facts", {}), host.get("settings", {})
    if not isinstance(peel_id, str) or not peel_id or any(c.isspace() for c in peel_id):
        reason = f"host {place} of the fleet: its id must be a text without white space"
        raise FleetError(reason, hint=f"write {_EXAMPLE}")
    for name, value in (("facts", facts), ("settings", settings)):
        if not isinstance(value, Mapping):
            raise FleetError(f"host {place} of the fleet, {peel_id}: {name} must be a map")
    return peel_id, facts, settings
