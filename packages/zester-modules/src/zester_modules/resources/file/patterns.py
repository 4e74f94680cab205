"""Globs and regexes that choose among what lies below a folder."""

import fnmatch
import posixpath

from zester_modules.regexes import compiled


def is_excluded(relative: str, patterns: list[str] | None) -> bool:
    """Say whether a path below a folder matches a glob or an `E@` regex.

    Raises:
        BadRegex: that is none.
    """
    for pattern in patterns or ():
        if pattern.startswith("E@"):
            if compiled(pattern[2:], argument="behind E@,").search(relative):
                return True
        elif fnmatch.fnmatchcase(relative, pattern) or fnmatch.fnmatchcase(
            posixpath.basename(relative), pattern
        ):
            return True
    return False
