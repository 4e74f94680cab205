"""States of repositories of packages: managed and absent."""

from zester_modules.resources.pkgrepo.absent import ABSENT
from zester_modules.resources.pkgrepo.managed import MANAGED

__all__ = ["ABSENT", "MANAGED"]
