"""Operators and calls that could make something huge out of little, under limits."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from jinja2.exceptions import TemplateRuntimeError

from zester_proto.render.kinds import is_sized, is_tuple

MAX_TEXT: Final = 10 * 1024 * 1024
"""Characters that one operation may make; also the most that a file may render to."""
MAX_ITEMS: Final = 1_000_000
MAX_BITS: Final = 65_536
MAX_WIDTH: Final = 1024 * 1024

_PADDING: Final = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})
_plus: Final = cast("Callable[[Any, Any], Any]", operator.add)
_DIGITS: Final = re.compile("[0-9]{6,}")


class TooLarge(TemplateRuntimeError):
    """Raised when a template is about to make something huge."""


def multiply(left: Any, right: Any) -> Any:
    """`*`: texts and lists only so often, numbers only so long."""
    for one, other in ((left, right), (right, left)):
        if is_sized(one) and isinstance(other, int):
            _check_length(len(one) * other, one)
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    return operator.mul(left, right)


def power(left: Any, right: Any) -> Any:
    """`**`: whole numbers only so long."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(right, 0))
    return left**right


def add(left: Any, right: Any) -> Any:
    """`+`: texts and lists only so long."""
    if is_sized(left) and is_sized(right):
        _check_length(len(left) + len(right), left)
    return _plus(left, right)


def modulo(left: Any, right: Any) -> Any:
    """`%`: a text that is filled in may ask for no great width."""
    if isinstance(left, str | bytes):
        text = left if isinstance(left, str) else left.decode("latin-1")
        values = right if is_tuple(right) else (right,)
        _check_widths(text, values if "*" in text else ())
    made: Any = left % right
    return made


def joined(parts: Iterable[Any]) -> str:
    """`~`: the texts of all parts behind one another."""
    texts = [str(part) for part in parts]
    _check_length(sum(map(len, texts)), "")
    return "".join(texts)


def check_call(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse the methods of texts that pad to a great width.

    Raises:
        TooLarge: the width is too great.
    """
    if getattr(function, "__name__", "") in _PADDING:
        check_numbers(*args, *kwargs.values())


def check_numbers(*values: Any) -> None:
    """Refuse great numbers as widths and counts.

    Raises:
        TooLarge: one of them is too great.
    """
    for value in values:
        if isinstance(value, int) and abs(value) > MAX_WIDTH:
            raise TooLarge(f"{value} is too large a width, at most {MAX_WIDTH} is")


def bounded_format(text: str, fill: Callable[..., str]) -> Callable[..., str]:
    """Return a text's `format` method that refuses great widths."""

    def format(*args: Any, **kwargs: Any) -> str:  # noqa: A001 -- the name that errors show
        nested = re.search(r":[^{}]*\{", text) is not None
        values = [*args, *kwargs.values()] if nested else []
        _check_widths(text, values)
        return fill(*args, **kwargs)

    return format


def _check_widths(text: str, values: Iterable[Any]) -> None:
    check_numbers(*(int(found[0][:20]) for found in _DIGITS.finditer(text)), *values)


def _check_length(length: int, kind: Any) -> None:
    most, what = (MAX_TEXT, "characters") if isinstance(kind, str | bytes) else (MAX_ITEMS, "items")
    if length > most:
        raise TooLarge(f"{length} {what} at once, at most {most} are allowed")


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise TooLarge(f"a number of {bits} bits, at most {MAX_BITS} are allowed")


OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "*": multiply,
    "**": power,
    "+": add,
    "%": modulo,
}


def check_size(size: int) -> None:
    """Refuse a text that has grown beyond what a file may render to.

    Raises:
        TooLarge: it has.
    """
    if size > MAX_TEXT:
        raise TooLarge(f"more than {MAX_TEXT // 1024 // 1024} MiB of text come out of this file")
