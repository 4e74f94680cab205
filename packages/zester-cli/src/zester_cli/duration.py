"""Spans of time as people type and read them."""

import re
from typing import Final

_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)?", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST: Final = 7 * 86400.0
"""Seconds; jobs are kept no longer."""


def parse_duration(text: str) -> float:
    """Read `30`, `30s`, `5m`, `1h`, `1h30m` as seconds.

    Raises:
        ValueError: it is none of these, nothing at all, or more than a week.
    """
    parts = [(found[1], found[2] or "") for found in _SPAN.finditer(text)]
    whole = "".join(number + unit for number, unit in parts)
    if not parts or whole != text or (len(parts) > 1 and not all(unit for _, unit in parts)):
        raise ValueError(f"{text!r} is no time: write 30, 30s, 5m or 1h30m")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"{text!r} is not between 0 and seven days")
    return seconds


def shown_seconds(seconds: float) -> str:
    """Give a span as a person reads it: `0.02 s`, `4.1 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
