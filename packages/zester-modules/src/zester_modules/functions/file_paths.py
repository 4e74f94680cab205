"""Paths as texts, by Salt's names; nothing here looks at the host."""

# ruff: noqa: D417, ARG001  # the context is handed to every function alike, also where none looks

import posixpath

from zester_modules.context import Context
from zester_modules.function import function


@function("file.dirname", reads=True)
def dirname(context: Context, path: str) -> str:
    """Answer the folder of a path.

    Args:
        path: the path.
    """
    return posixpath.dirname(path)


@function("file.basename", reads=True)
def basename(context: Context, path: str) -> str:
    """Answer the name at the end of a path.

    Args:
        path: the path.
    """
    return posixpath.basename(path)


@function("file.join", reads=True)
def join(context: Context, *parts: str) -> str:
    """Answer one path of several parts.

    Args:
        parts: the first, and what lies below it.
    """
    return posixpath.join(*parts) if parts else ""


@function("file.normpath", reads=True)
def normpath(context: Context, path: str) -> str:
    """Answer a path without `.` and `..`.

    Args:
        path: the path.
    """
    return posixpath.normpath(path)


@function("file.pardir", reads=True)
def pardir(context: Context) -> str:
    """Answer how the folder above is written."""
    return ".."


BASENAME, DIRNAME, JOIN, NORMPATH, PARDIR = basename, dirname, join, normpath, pardir
