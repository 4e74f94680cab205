"""Filters on numbers, booleans, sizes and times."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from jinja2.exceptions import TemplateRuntimeError

from zester_proto.render.bounds import check_numbers
from zester_proto.render.kinds import is_items

_UNITS: Final = "bkmgtpezy"
_SIZE: Final = re.compile(r"([0-9.]*)\s*(.*)", re.DOTALL)
_FORMATS: Final = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y",
    "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%a, %d %b %Y %H:%M:%S", "%Y%m%d",
)  # fmt: skip
_MAX_DATE: Final = 100


def to_bool(value: Any) -> bool:
    """Return the truth of a value: of texts, `yes`, `true` and `1` are true."""
    match value:
        case None:
            return False
        case bool():
            return value
        case str():
            return value.lower() in {"yes", "1", "true"}
        case int():
            return value > 0
        case _:
            return not isinstance(value, Hashable) and len(value) > 0


def to_num(value: Any) -> Any:
    """Return the number that a text is, or the text."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def lowest(values: Iterable[Any]) -> Any:
    """Return the least value."""
    return min(values)


def highest(values: Iterable[Any]) -> Any:
    """Return the greatest value."""
    return max(values)


def avg(values: Any) -> float:
    """Return the mean of a list; a number alone is its own."""
    if is_items(values):
        return float(sum(values) / len(values))
    return float(values)


def human_to_bytes(value: Any, default_unit: str = "B", handle_metric: bool = False) -> int:
    """Return the bytes of a size such as `2G` or `64KiB`; 0 for what is no size.

    Units are powers of 1024; `kB` and its like are of 1000 with `handle_metric`.
    """
    found = _SIZE.fullmatch(str(value).strip())
    number = to_num(found[1]) if found is not None else ""
    if found is None or isinstance(number, str):
        return 0
    unit = (found[2] or default_unit).lower()
    if re.fullmatch(rf"b|[{_UNITS[1:]}](?:i?b)?", unit) is None:
        return 0
    metric = handle_metric and re.fullmatch("[a-z]b", unit) is not None
    power = _UNITS.index(unit[0])
    return int(number * (1000**power if metric else 1024**power))


def is_hex(value: Any) -> bool:
    """Say whether a text is a hexadecimal number."""
    try:
        int(value, 16)
    except (TypeError, ValueError):
        return False
    return True


def strftime(value: Any = None, format: str = "%Y-%m-%d") -> str:  # noqa: A002 -- Salt's name
    """Return a time as text: of a date, seconds since 1970 or a text of either; now for none."""
    check_numbers(*(int(digits[:20]) for digits in re.findall(r"\d{4,}", format)))
    return _moment(value).strftime(format)


def _moment(value: Any) -> datetime | date:
    if value is None:
        return datetime.now().astimezone()
    if isinstance(value, datetime | date):
        return value
    if isinstance(value, str) and (read := _read_date(value.strip()[:_MAX_DATE])) is not None:
        return read
    try:
        return datetime.fromtimestamp(float(value), UTC).astimezone()
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise TemplateRuntimeError(f"{value!r} is no date or time that can be read") from error


def _read_date(text: str) -> datetime | None:
    if text.isdigit() and len(text) != len("20240101"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).astimezone()
        except ValueError:
            continue
    return None


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "to_bool": to_bool,
    "to_num": to_num,
    "str_to_num": to_num,
    "min": lowest,
    "max": highest,
    "avg": avg,
    "human_to_bytes": human_to_bytes,
    "is_hex": is_hex,
    "strftime": strftime,
    "date_format": strftime,
}
