"""Durations, sizes and lists as people write them, and the word that somebody may have meant."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

from msgspec import Meta

from zester_proto.errors import ZesterError

UNIT: Final = "zester_unit"
"""What an annotation notes under this name says how its text is read."""

Duration = Annotated[float, Meta(ge=0, extra={UNIT: "duration"})]
"""Seconds; written as `30`, `30s`, `5m`, `1h`, `7d`, `500ms`, `1h30m`."""

Size = Annotated[int, Meta(ge=0, extra={UNIT: "size"})]
"""Bytes; written as `512`, `64K`, `64KiB`, `2M`, `1G`, `10MB`."""

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_BYTES: Final = {
    "": 1,
    "b": 1,
    "k": 1024,
    "kib": 1024,
    "kb": 1000,
    "m": 1024**2,
    "mib": 1024**2,
    "mb": 1000**2,
    "g": 1024**3,
    "gib": 1024**3,
    "gb": 1000**3,
    "t": 1024**4,
    "tib": 1024**4,
    "tb": 1000**4,
}
_PLAIN: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", re.ASCII)
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]{0,3})", re.ASCII)


class BadUnit(ZesterError):
    """Raised when a text is no duration or no size."""


def parse_duration(text: str) -> float:
    """Give the seconds that a text says.

    Raises:
        BadUnit: it is no duration.
    """
    word = text.strip().lower()
    if _PLAIN.fullmatch(word):
        seconds = float(word)
    elif _DURATION.fullmatch(word):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(word))
    else:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise BadUnit(f"{text!r} is not a duration", hint="write 30, 30s, 5m, 1h or 1h30m")
    return seconds


def parse_size(text: str) -> int:
    """Give the bytes that a text says; `K` and `KiB` are 1,024, `KB` is 1,000.

    Raises:
        BadUnit: it is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    factor = _BYTES.get(found[2].lower()) if found else None
    if found is None or factor is None or len(found[1]) > 20:
        raise BadUnit(f"{text!r} is not a size", hint="write 512, 64K, 2M or 1G (powers of 1024)")
    return int(float(found[1]) * factor) if "." in found[1] else int(found[1]) * factor


def counted(count: int, word: str) -> str:
    """Give `1 state`, `2 states`."""
    return f"{count} {word}{'s' * (count != 1)}"


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Give the candidate that `word` may have been meant to be; empty if none is near."""
    known = list(candidates)
    lower = {one.lower(): one for one in known}
    if word.lower() in lower:
        return lower[word.lower()]
    import difflib  # noqa: PLC0415  # for who erred alone

    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return lower[near[0]] if near else ""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Give `did you mean X?`, or the candidates where none is near and they are few, or nothing."""
    known = sorted(candidates)
    if near := suggest(word, known):
        return f"did you mean {near}?{_strange(word, near)}"
    return f"known are {', '.join(known)}" if 0 < len(known) <= 40 else ""


def few(texts: Sequence[str], most: int, *, between: str = ", ") -> str:
    """Give the first of some texts, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more


def _strange(word: str, near: str) -> str:
    """Name the first letter of a word that only looks like one of what was meant."""
    strange = next((one for one in word if not one.isascii()), "")
    if not strange or not near.isascii():
        return ""
    return f" what was written holds {strange!r}, which is U+{ord(strange):04X}"
