"""pip.*: packages of Python, of the host or of a virtual environment."""

from zester_modules.resources.pip.installed import INSTALLED
from zester_modules.resources.pip.others import REMOVED, UPTODATE

__all__ = ["INSTALLED", "REMOVED", "UPTODATE"]
