"""Settings of one run: where their secrets are, and values that are laid on top of them."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from zester_modules.context import LazySettings
from zester_proto.secrets.watched import SecretMap
from zester_proto.settings.model import Compiled


def secret_paths(settings: Mapping[str, Any]) -> frozenset[tuple[Any, ...]]:
    """Say where in settings secrets are."""
    if isinstance(settings, LazySettings):
        return settings.compiled.secrets
    return settings.secret_paths() if isinstance(settings, SecretMap) else frozenset()


def laid(settings: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lay values on top of settings: maps key by key, anything else in place of what was there."""
    if not isinstance(settings, LazySettings):
        return _laid(settings, over)
    below = settings

    def render() -> Compiled:
        compiled = below.compiled
        secrets = frozenset(path for path in compiled.secrets if not _replaced(path, over))
        return msgspec.structs.replace(
            compiled, values=_laid(compiled.values, over), secrets=secrets
        )

    return LazySettings(render)


def _laid(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(base)
    for key, value in over.items():
        before = made.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            maps = cast("tuple[Mapping[str, Any], Mapping[str, Any]]", (before, value))
            made[key] = _laid(*maps)
        else:
            made[key] = value
    return made


def _replaced(path: tuple[Any, ...], over: Any) -> bool:
    for step in path:
        if not isinstance(over, Mapping):
            return True
        if step not in over:
            return False
        over = cast("Mapping[Any, Any]", over)[step]
    return True
