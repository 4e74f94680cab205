"""What functions this host has."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.errors import Refused, UnknownFunction
from zester_modules.function import function


@function("sys.list_functions", reads=True)
def list_functions(context: Context, pattern: str = "*") -> list[str]:
    """Answer the names of all functions of this host.

    Args:
        pattern: a glob that the names must match.
    """
    from fnmatch import fnmatchcase  # noqa: PLC0415  # only who asks pays

    names = (one.name for one in _catalogue(context).functions)
    return [name for name in names if fnmatchcase(name, pattern)]


@function("sys.doc", reads=True)
def doc(context: Context, name: str = "") -> dict[str, str]:
    """Answer what functions do and how they are called.

    Args:
        name: a function, or the first name of several; without it all are named with one line.
    """
    from zester_modules.catalogue import help_text  # noqa: PLC0415  # only who asks pays

    found = _catalogue(context).functions
    if not name:
        return {one.name: one.summary for one in found}
    texts = {one.name: help_text(one) for one in found if name in {one.name, one.module}}
    if not texts:
        raise _unknown(context, name)
    return texts


@function("sys.catalogue", reads=True)
def catalogue(context: Context) -> Any:
    """Answer the signatures and help of all functions of this host as data."""
    return _catalogue(context)


def _unknown(context: Context, name: str) -> Refused:
    try:
        context.registry.find(name)
    except UnknownFunction as error:
        return error
    return Refused(f"nothing is known of {name!r}")


def _catalogue(context: Context) -> Any:
    from zester_modules.catalogue import build  # noqa: PLC0415  # only who asks pays

    return build(context.registry)
