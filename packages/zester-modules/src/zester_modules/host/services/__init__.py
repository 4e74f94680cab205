"""Service managers of real machines."""

from zester_modules.host.services.detect import detect

__all__ = ["detect"]
