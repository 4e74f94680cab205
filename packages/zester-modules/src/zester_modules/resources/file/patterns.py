"""Globs and regexes that choose among what lies below a folder."""

import fnmatch
import posixpath
import re


def is_excluded(relative: str, patterns: list[str] | None) -> bool:
    """Say whether a path below a folder matches a glob or an `E@` regex."""
    for pattern in patterns or ():
        if pattern.startswith("E@"):
            if re.search(pattern[2:], relative):
                return True
        elif fnmatch.fnmatchcase(relative, pattern) or fnmatch.fnmatchcase(
            posixpath.basename(relative), pattern
        ):
            return True
    return False
