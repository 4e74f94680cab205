"""Ageing of passwords; never a password or its hash."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any, Final

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of

_NAMES: Final = {
    "last_change": "lstchg", "mindays": "min", "maxdays": "max", "warndays": "warn",
    "inactdays": "inact", "expire": "expire",
}  # fmt: skip


@function("shadow.info", reads=True)
def info(context: Context, name: str) -> dict[str, Any]:
    """Answer the ageing of a user's password, and whether there is one; -1 is no limit.

    Args:
        name: the user.
    """
    entry = machine_of(context).users().get(name)
    if entry is None:
        return {}
    days = {new: entry.ageing.get(old) for old, new in _NAMES.items()}
    found: dict[str, Any] = {key: -1 if value is None else value for key, value in days.items()}
    return {"name": name, "passwd": _masked(entry.password)} | found


def _masked(password: str) -> str:
    """Say what stands there: nothing, a lock, or a hash that nobody is shown."""
    bare = password.lstrip("!*")
    if not bare:
        return password
    return f"{password[: len(password) - len(bare)]}**********"
