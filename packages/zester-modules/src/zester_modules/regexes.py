"""Regular expressions that people write, in Python's form."""

import re

from zester_modules.errors import Refused


class BadRegex(Refused):
    """Raised when a text is no regular expression."""


def compiled(pattern: str, flags: int = 0, *, argument: str = "pattern") -> re.Pattern[str]:
    """Give a regular expression.

    Args:
        pattern: as it was written.
        flags: those of `re`.
        argument: the name under which it was given, for the error.

    Raises:
        BadRegex: it is none; the text says at which character.
    """
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        at = "" if error.pos is None else f" at character {error.pos + 1}"
        raise BadRegex(
            f"{argument} {pattern!r} is no regular expression: {error.msg}{at}",
            hint=r"a \ before one of . ^ $ * + ? { } [ ] \ | ( ) makes it mean itself",
        ) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadRegex(f"{argument} {pattern!r} cannot be used: {error}") from error
