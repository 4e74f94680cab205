"""States of services: running, dead, enabled, disabled, masked, unmasked."""

from zester_modules.resources.service.dead import DEAD
from zester_modules.resources.service.enabled import DISABLED, ENABLED
from zester_modules.resources.service.masked import MASKED, UNMASKED
from zester_modules.resources.service.running import RUNNING

__all__ = ["DEAD", "DISABLED", "ENABLED", "MASKED", "RUNNING", "UNMASKED"]
