"""States that run commands: cmd.run, cmd.script and cmd.wait."""

from zester_modules.resources.cmd.run import RUN
from zester_modules.resources.cmd.script import SCRIPT, WAIT_SCRIPT
from zester_modules.resources.cmd.wait import WAIT

__all__ = ["RUN", "SCRIPT", "WAIT", "WAIT_SCRIPT"]
