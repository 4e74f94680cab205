"""Spans of time as people type and read them."""

from typing import Final

from zester_cli.errors import UsageError

LONGEST: Final = 7 * 86400.0
"""Seconds; jobs are kept no longer."""


def read_span(option: str, text: str) -> float:
    """Read the value of an option (`30`, `30s`, `5m`, `1h30m`) as seconds.

    Raises:
        UsageError: it is none of these, nothing at all, or more than a week.
    """
    from zester_proto.units import BadUnit, parse_duration  # noqa: PLC0415  # costs 10 ms

    try:
        seconds = parse_duration(text)
    except BadUnit as error:
        raise UsageError(f"{option}: {error.message}", hint=error.hint) from error
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"{option}: {text} is not between 0 and seven days")
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


def shown_range(fastest: float, slowest: float) -> str:
    """Give the seconds that several took: one number where they hardly differ."""
    if slowest - fastest < 0.005:
        return f"{slowest:.2f}"
    return f"{fastest:.2f}-{slowest:.2f}"
