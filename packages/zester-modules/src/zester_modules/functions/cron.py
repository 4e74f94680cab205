"""What stands in crontabs, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.resources.cron.table import path_of, read
from zester_modules.tables import crontab
from zester_modules.tables.crontab import Line


def _lines(context: Context, user: str) -> list[Line]:
    machine = machine_of(context)
    return read(path_of(user, machine), machine)


@function("cron.raw_cron", reads=True)
def raw_cron(context: Context, user: str) -> str:
    """Answer a user's crontab as it stands there.

    Args:
        user: whose.
    """
    return crontab.dump(_lines(context, user)).decode("utf-8", "replace")


@function("cron.list_tab", reads=True)
def list_tab(context: Context, user: str) -> dict[str, list[Any]]:
    """Answer the jobs and variables of a user's crontab; `pre` are the lines that are neither.

    Args:
        user: whose.
    """
    found: dict[str, list[Any]] = {"pre": [], "crons": [], "special": [], "env": []}
    for one in _lines(context, user):
        if one.variable:
            found["env"].append({"name": one.variable, "value": one.value})
        elif one.schedule.startswith("@"):
            found["special"].append({"spec": one.schedule} | _job(one))
        elif one.schedule:
            names = ("minute", "hour", "daymonth", "month", "dayweek")
            fields = zip(names, one.schedule.split(), strict=True)
            found["crons"].append(dict(fields) | _job(one))
        elif not crontab.is_mark(one):
            found["pre"].append(one.text.rstrip("\n"))
    return found


def _job(line: Line) -> dict[str, Any]:
    return {
        "cmd": line.command, "identifier": line.identifier or None,
        "comment": line.comment or None, "commented": line.disabled,
    }  # fmt: skip
