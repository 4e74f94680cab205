"""The zone that the host's clocks show."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.timezone import LINK, zone_of
from zester_modules.returns import Return


@function("timezone.get_zone", reads=True)
def get_zone(context: Context) -> str:
    """Answer the zone that the host's clocks show; UTC where none is set."""
    look = machine_of(context).stat(LINK)
    return (zone_of(look.target) if look is not None else None) or "UTC"


@function("timezone.set_zone", dry=True)
def set_zone(context: Context, timezone: str) -> Return:
    """Have the host's clocks show a zone.

    Args:
        timezone: such as Europe/Berlin.
    """
    return by_state(context, "timezone.system", timezone)
