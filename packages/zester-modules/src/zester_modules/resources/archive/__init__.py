"""States of archives."""

from zester_modules.resources.archive.extracted import EXTRACTED

__all__ = ["EXTRACTED"]
