"""test.check_pillar: fails where settings are missing or of a wrong type."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.test.fixed import pretended

Keys = list[str] | None


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Fail unless settings are there and of the right type; keys may be paths like `a:b`."""

    name: Annotated[str, Meta(description="of this state; means nothing")]
    present: Annotated[Keys, Meta(description="keys that have to be there")] = None
    boolean: Annotated[Keys, Meta(description="keys that are true or false")] = None
    integer: Annotated[Keys, Meta(description="keys that are whole numbers")] = None
    string: Annotated[Keys, Meta(description="keys that are text")] = None
    listing: Annotated[Keys, Meta(description="keys that are lists")] = None
    dictionary: Annotated[Keys, Meta(description="keys that are maps")] = None
    verbose: Annotated[bool, Meta(description="name the keys that are in order, too")] = False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KINDS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "boolean": ("neither true nor false", lambda value: isinstance(value, bool)),
    "integer": ("no whole number", _is_whole),
    "string": ("no text", lambda value: isinstance(value, str)),
    "listing": ("no list", lambda value: isinstance(value, (list, tuple))),
    "dictionary": ("no map", lambda value: isinstance(value, Mapping)),
}
_MISSING: Final = object()


def check(params: Params, scope: Scope) -> Plan:
    """Look at the settings."""
    wrong = [f"{key} is missing" for key in params.present or ()
             if _find(scope.settings, key) is _MISSING]  # fmt: skip
    for kind, (text, fits) in _KINDS.items():
        for key in cast("Keys", getattr(params, kind)) or ():
            value = _find(scope.settings, key)
            if value is _MISSING:
                wrong.append(f"{key} is missing")
            elif not fits(value):
                wrong.append(f"{key} is {text}")
    if wrong:
        raise HostProblem(
            f"settings are not in order: {', '.join(wrong)}", hint="look at this peel's settings"
        )
    return Plan(comment="the settings are in order")


def _find(settings: Any, path: str) -> Any:
    value = settings
    for part in path.split(":"):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = cast("Mapping[str, Any]", value)[part]
    return value


CHECK_PILLAR: Final = Resource(
    name="test.check_pillar",
    params=Params,
    reach="nothing",
    check=check,
    apply=pretended,
    kind="action",
)
