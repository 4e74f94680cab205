"""States of crontabs."""

from zester_modules.resources.cron.file import FILE
from zester_modules.resources.cron.job import ABSENT, PRESENT
from zester_modules.resources.cron.variable import ENV_ABSENT, ENV_PRESENT

__all__ = ["ABSENT", "ENV_ABSENT", "ENV_PRESENT", "FILE", "PRESENT"]
