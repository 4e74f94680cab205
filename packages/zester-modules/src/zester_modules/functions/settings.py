"""The settings of this peel: what they are, and which file and line gave each."""

# ruff: noqa: D417  # the context is handed to every function alike

import copy
from collections.abc import Mapping
from typing import Any, cast

from zester_modules.context import Context, LazySettings
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.returns import Outcome, Return
from zester_modules.words import Value
from zester_proto.errors import CodecError
from zester_proto.render.asking import setting
from zester_proto.render.filters.data import traverse


@function("settings.get", reads=True)
def get(
    context: Context,
    key: str,
    default: Value = None,
    merge: bool = False,
    delimiter: str = ":",
) -> Any:
    """Answer one setting, or the default where there is none.

    Args:
        key: its name; `nginx:port` looks into a map.
        default: what to answer else.
        merge: lay the setting over the default where both are maps or lists.
        delimiter: what stands between the steps of a path.
    """
    return setting(context.settings, key, default, merge, None, delimiter)


@function("settings.items", reads=True)
def items(context: Context) -> dict[str, Any]:
    """Answer all settings."""
    return copy.deepcopy(dict(context.settings))


@function("settings.keys", reads=True)
def keys(context: Context, key: str = "", delimiter: str = ":") -> list[str]:
    """Answer the names below a setting.

    Args:
        key: the setting; without it, all names at the top.
        delimiter: what stands between the steps of a path.
    """
    found: Any = traverse(context.settings, key, None, delimiter) if key else context.settings
    return (
        [str(one) for one in cast("Mapping[str, Any]", found)] if isinstance(found, Mapping) else []
    )


@function("settings.digests", reads=True)
def digests(context: Context) -> dict[str, str]:
    """Answer a digest of each setting at the top, made without secrets.

    `zester settings compare` compares them with what a master renders.
    """
    from zester_proto.settings.shown import digests as made_of  # noqa: PLC0415  # as in trace

    if not isinstance(context.settings, LazySettings):
        return {}
    return made_of(context.settings.whole)


@function("settings.refresh")
def refresh(context: Context) -> Return:
    """Have the agent look for newer settings now, and answer the generation that is here then."""
    from zester_modules.states.fetching import SettingsWant, talk  # noqa: PLC0415  # few need it

    trees = context.trees
    if trees is None or not trees.agent:
        raise Refused("settings.refresh: there is no agent here", hint="call it as a job")
    try:
        got = talk(trees.agent, SettingsWant())
    except (OSError, CodecError) as error:
        raise Refused(f"settings.refresh: the agent does not answer: {error}") from error
    if got.error:
        raise Refused(got.error, hint=got.hint)
    before = trees.sealed.bundle.generation if trees.sealed is not None else 0
    outcome = Outcome.OK if got.generation == before else Outcome.CHANGED
    return Return({"generation": got.generation}, outcome)


@function("settings.prepare")
def prepare(context: Context) -> dict[str, int]:
    """Make ready what masters sealed, so that the next job need not: compile, and read YAML.

    The agent has this done by itself when settings come. No template runs. It answers how many
    templates and other texts there are.
    """
    trees = context.trees
    if trees is None or trees.settings or trees.sealed is None:
        return {"templates": 0, "texts": 0}
    from zester_modules.states import preparing  # noqa: PLC0415  # brings Jinja

    made = preparing.prepare(trees.sealed, context)
    return {"templates": made.templates, "texts": made.texts}


@function("settings.trace", reads=True)
def trace(context: Context, key: str, delimiter: str = ":") -> list[dict[str, Any]]:
    """Answer which file and line gave a setting, one entry for each layer; secrets are masked.

    Args:
        key: its name; `nginx:port` looks into a map.
        delimiter: what stands between the steps of a path.
    """
    from zester_proto.settings.trace import trace as rows  # noqa: PLC0415  # brings templates

    if not isinstance(context.settings, LazySettings):
        raise Refused("settings.trace: this peel has no settings", hint="zester settings show PEEL")
    return [
        {"place": str(row.place), "did": row.did, "value": row.value}
        for row in rows(context.settings.whole, key, delimiter=delimiter)
    ]
