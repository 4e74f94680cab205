"""States that try out requisites, options and trees without touching the host."""

from zester_modules.resources.test.configurable import CONFIGURABLE
from zester_modules.resources.test.fixed import (
    FAIL_WITH_CHANGES,
    FAIL_WITHOUT_CHANGES,
    NOP,
    SUCCEED_WITH_CHANGES,
    SUCCEED_WITHOUT_CHANGES,
)
from zester_modules.resources.test.pillar import CHECK_PILLAR
from zester_modules.resources.test.show_notification import SHOW_NOTIFICATION

__all__ = [
    "CHECK_PILLAR", "CONFIGURABLE", "FAIL_WITHOUT_CHANGES", "FAIL_WITH_CHANGES", "NOP",
    "SHOW_NOTIFICATION", "SUCCEED_WITHOUT_CHANGES", "SUCCEED_WITH_CHANGES",
]  # fmt: skip
