"""States of ini files: sections and their options."""

from zester_modules.resources.ini.options import OPTIONS_ABSENT, OPTIONS_PRESENT
from zester_modules.resources.ini.sections import SECTIONS_ABSENT, SECTIONS_PRESENT

__all__ = ["OPTIONS_ABSENT", "OPTIONS_PRESENT", "SECTIONS_ABSENT", "SECTIONS_PRESENT"]
