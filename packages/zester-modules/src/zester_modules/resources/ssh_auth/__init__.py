"""States of the keys with which a user may log in."""

from zester_modules.resources.ssh_auth.keys import ABSENT, MANAGE, PRESENT

__all__ = ["ABSENT", "MANAGE", "PRESENT"]
