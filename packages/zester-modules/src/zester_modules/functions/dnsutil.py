"""What zone files need."""

# ruff: noqa: D417  # the context is handed to every function alike

import time

from zester_modules.context import Context
from zester_modules.function import function


@function("dnsutil.serial", reads=True)
def serial(context: Context, zone: str = "", update: bool = False) -> str:  # noqa: ARG001  # Salt counts changes of a day in a file of its own; we keep none
    """Answer a serial number for a zone: today's date and 01.

    Args:
        zone: taken and not looked at.
        update: the same.
    """
    return time.strftime("%Y%m%d01")
