"""Package managers of real machines."""

from zester_modules.host.packages.detect import detect

__all__ = ["detect"]
