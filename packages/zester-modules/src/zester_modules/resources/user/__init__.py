"""States of users."""

from zester_modules.resources.user.absent import ABSENT
from zester_modules.resources.user.present import PRESENT

__all__ = ["ABSENT", "PRESENT"]
