"""The zone that the host's clocks show."""

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.resources.timezone import LINK, zone_of


@function("timezone.get_zone", reads=True)
def get_zone(context: Context) -> str:
    """Answer the zone that the host's clocks show; UTC where none is set."""
    look = machine_of(context).stat(LINK)
    return (zone_of(look.target) if look is not None else None) or "UTC"
