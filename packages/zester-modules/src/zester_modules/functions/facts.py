"""The facts of the host: what they are, and those that its owner sets."""

# ruff: noqa: D417  # the context is handed to every function alike

from collections.abc import Mapping
from typing import Any, cast

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.returns import Return
from zester_modules.words import Value


@function("facts.items", runs="inline", reads=True)
async def items(context: Context) -> dict[str, Any]:
    """Answer all facts."""
    return dict(context.facts)


@function("facts.keys", runs="inline", reads=True)
async def keys(context: Context) -> list[str]:
    """Answer the names of all facts."""
    return sorted(context.facts)


@function("facts.get", runs="inline", reads=True)
async def get(context: Context, key: str, default: Value = None) -> Any:
    """Answer one fact, or the default where there is none.

    Args:
        key: its name; `cpu:count` and `cpu.count` look into a map.
        default: what to answer else.
    """
    return lookup(context.facts, key, default)


@function("facts.set", dry=True, lock="facts")
def set_(context: Context, key: str, value: Value) -> Return:
    """Set a fact of this host for good, in `set.yaml` of its facts directory.

    Args:
        key: its name; `rack:row` sets one entry of a map.
        value: a word, a number, true, false, a list `[a, b]` or a map `{a: 1}`; null takes the
            fact away.
    """
    from zester_modules.facts import store  # noqa: PLC0415  # YAML never enters the agent

    return store.set_fact(context, key, value)


@function("facts.refresh", lock="facts")
def refresh(context: Context) -> Return:
    """Collect the facts anew, and answer the names of those that changed."""
    from zester_modules.facts.collect import collect_for  # noqa: PLC0415  # the same

    found = collect_for(context)
    return Return(changed_keys(context.facts, found.facts()), facts=found)


def lookup(facts: Mapping[str, Any], key: str, default: Any = None) -> Any:
    """Give a fact by its path; `:` and `.` walk into maps and lists, whole names come first."""
    found: Any = facts
    rest = key
    while rest:
        if isinstance(found, Mapping):
            step = _step(cast("Mapping[str, Any]", found), rest)
        else:
            step = _place(found, rest)
        if step is None:
            return default
        found, rest = step
    return found


def _step(facts: Mapping[str, Any], key: str) -> tuple[Any, str] | None:
    if key in facts:
        return facts[key], ""
    for at in range(len(key) - 1, 0, -1):
        if key[at] in ":." and key[:at] in facts:
            return facts[key[:at]], key[at + 1 :]
    return None


def _place(found: Any, key: str) -> tuple[Any, str] | None:
    name, _, rest = key.replace(":", ".").partition(".")
    if isinstance(found, list) and name.isdecimal() and int(name) < len(cast("list[Any]", found)):
        return cast("Any", found[int(name)]), rest
    return None


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Give the names of facts that came, went, or have another value."""
    names = sorted({*before, *after})
    missing = object()
    return [name for name in names if before.get(name, missing) != after.get(name, missing)]
