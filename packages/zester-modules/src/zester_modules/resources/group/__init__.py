"""States of groups."""

from zester_modules.resources.group.absent import ABSENT
from zester_modules.resources.group.present import PRESENT

__all__ = ["ABSENT", "PRESENT"]
