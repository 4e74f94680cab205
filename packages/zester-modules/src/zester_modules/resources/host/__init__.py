"""States of names in `/etc/hosts`."""

from zester_modules.resources.host.names import ABSENT, ONLY, PRESENT

__all__ = ["ABSENT", "ONLY", "PRESENT"]
