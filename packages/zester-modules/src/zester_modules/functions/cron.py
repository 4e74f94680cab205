"""What stands in crontabs, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.cron.table import path_of, read
from zester_modules.returns import Return
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


@function("cron.set_job", dry=True)
def set_job(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    user: str,
    minute: str,
    hour: str,
    daymonth: str,
    month: str,
    dayweek: str,
    cmd: str,
    commented: bool = False,
    comment: str | None = None,
    identifier: str | None = None,
) -> Return:
    """Have a job in a user's crontab.

    Args:
        user: whose.
        minute: the minute.
        hour: the hour.
        daymonth: the day of the month.
        month: the month.
        dayweek: the day of the week, 0 is Sunday.
        cmd: the command.
        commented: keep the job, and do not run it.
        comment: what stands above it.
        identifier: by what it is known again; else by the command.
    """
    return by_state(
        context, "cron.present", cmd, user=user, minute=minute, hour=hour, daymonth=daymonth,
        month=month, dayweek=dayweek, commented=commented, comment=comment, identifier=identifier,
    )  # fmt: skip


@function("cron.set_special", dry=True)
def set_special(context: Context, user: str, special: str, cmd: str) -> Return:
    """Have a job in a user's crontab that runs at a special time.

    Args:
        user: whose.
        special: `@daily`, `@reboot` and the like.
        cmd: the command.
    """
    return by_state(context, "cron.present", cmd, user=user, special=special)


@function("cron.rm_job", dry=True)
def rm_job(context: Context, user: str, cmd: str, identifier: str | None = None) -> Return:
    """Have no such job in a user's crontab.

    Args:
        user: whose.
        cmd: the command.
        identifier: by what it is known; else by the command.
    """
    return by_state(context, "cron.absent", cmd, user=user, identifier=identifier)


@function("cron.set_env", dry=True)
def set_env(context: Context, user: str, name: str, value: str = "") -> Return:
    """Set a variable in a user's crontab.

    Args:
        user: whose.
        name: the variable.
        value: what it says.
    """
    return by_state(context, "cron.env_present", name, user=user, value=value)


@function("cron.rm_env", dry=True)
def rm_env(context: Context, user: str, name: str) -> Return:
    """Take a variable out of a user's crontab.

    Args:
        user: whose.
        name: the variable.
    """
    return by_state(context, "cron.env_absent", name, user=user)
