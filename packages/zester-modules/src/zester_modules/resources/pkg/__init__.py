"""States of packages: installed, latest, uptodate, removed, purged, held, unheld."""

from zester_modules.resources.pkg.hold import HELD, UNHELD
from zester_modules.resources.pkg.installed import INSTALLED
from zester_modules.resources.pkg.latest import LATEST
from zester_modules.resources.pkg.removed import PURGED, REMOVED
from zester_modules.resources.pkg.uptodate import UPTODATE

__all__ = ["HELD", "INSTALLED", "LATEST", "PURGED", "REMOVED", "UNHELD", "UPTODATE"]
