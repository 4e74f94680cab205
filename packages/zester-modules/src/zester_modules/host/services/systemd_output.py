"""What systemctl prints, read."""

from typing import Final

from zester_modules.host.machine import Service

PROPERTIES: Final = "LoadState,ActiveState,UnitFileState,CanReload"

_RUNNING: Final = frozenset({"active", "reloading", "refreshing"})
_ENABLED: Final = frozenset({"enabled", "alias", "indirect"})
_STATIC: Final = frozenset({"static", "transient"})


def shown(text: str) -> dict[str, str]:
    """Read `name=value` lines of `systemctl show`."""
    return {
        key: value
        for key, sign, value in (line.partition("=") for line in text.splitlines())
        if sign
    }


def service(name: str, text: str) -> Service | None:
    """Read one service; None for a unit that systemd does not find."""
    fields = shown(text)
    load, file = fields.get("LoadState", "not-found"), fields.get("UnitFileState", "")
    if load == "not-found":
        return None
    return Service(
        name=name,
        running=fields.get("ActiveState") in _RUNNING,
        enabled=file in _ENABLED,
        masked=load == "masked" or file.startswith("masked"),
        static=file in _STATIC,
        can_reload=fields.get("CanReload") == "yes",
    )


def is_script(text: str) -> bool:
    """Say whether a unit was made of a script of SysV, which only `is-enabled` knows about."""
    return shown(text).get("UnitFileState") == "generated"


def names(*listings: str) -> list[str]:
    """Read the services of `list-units` and `list-unit-files`, sorted; templates are left out."""
    found: set[str] = set()
    for line in "\n".join(listings).splitlines():
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        if first.endswith(".service") and not first.endswith("@.service"):
            found.add(first.removesuffix(".service"))
    return sorted(found)
