"""cron.present and cron.absent: jobs in a user's crontab."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.cron.table import Table, apply, path_of, paths_of, planned, read
from zester_modules.tables import crontab
from zester_modules.tables.crontab import Job, Line

RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "minute": (0, 59), "hour": (0, 23), "daymonth": (1, 28), "month": (1, 12), "dayweek": (0, 6),
}  # fmt: skip
"""What `random` is drawn from."""
RANDOM: Final = "random"
_FIELD: Final = re.compile(r"[0-9A-Za-z*/,~-]+")
_SPECIAL: Final = re.compile(r"@?[A-Za-z]+")


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """A job of a crontab."""

    name: Annotated[str, Meta(description="the command, unless `command` says it")]
    command: Annotated[str, Meta(description="the command, where the name is only a name")] = ""
    user: Annotated[str, Meta(description="whose crontab it is in")] = "root"
    identifier: Annotated[
        bool | str, Meta(description="by what the job is known again; else by its name")
    ] = False
    special: Annotated[str, Meta(description="@daily, @reboot and the like")] = ""


class Present(Which, frozen=True, kw_only=True):
    """Have a job in a crontab."""

    minute: Annotated[str, Meta(description="the minute, or `random`")] = "*"
    hour: Annotated[str, Meta(description="the hour, or `random`")] = "*"
    daymonth: Annotated[str, Meta(description="the day of the month, or `random`")] = "*"
    month: Annotated[str, Meta(description="the month, or `random`")] = "*"
    dayweek: Annotated[str, Meta(description="the day of the week, 0 is Sunday")] = "*"
    comment: Annotated[str | None, Meta(description="what stands above the job")] = None
    commented: Annotated[bool, Meta(description="keep the job, and do not run it")] = False


class Absent(Which, frozen=True, kw_only=True):
    """Have no such job in a crontab."""


def check_present(params: Present, scope: Scope) -> Plan:
    """Compare the job with what is wanted."""
    identifier, command = _known_by(params)
    path = path_of(params.user, scope.machine)
    before = read(path, scope.machine)
    place = crontab.find(before, identifier, command)
    old = before[place] if place is not None else None
    job = Job(
        identifier=identifier, command=command, schedule=_schedule(params, identifier, old, scope),
        disabled=params.commented, comment=params.comment,
    )  # fmt: skip
    after = crontab.with_job(before, job)
    if after == before:
        return Plan(comment=f"the job {identifier} is in the crontab of {params.user}")
    new = crontab.find(after, identifier, command)
    leaf = Leaf(
        path=f"crontab of {params.user}:{identifier}",
        before=_shown(old), after=_shown(after[new]) if new is not None else None,
    )  # fmt: skip
    table = Table.of(params.user, path, crontab.dump(before), crontab.dump(after))
    return planned(table, (leaf,), scope)


def check_absent(params: Absent, scope: Scope) -> Plan:
    """Look for the job."""
    identifier, command = _known_by(params)
    fine = Plan(comment=f"the job {identifier} is not in the crontab of {params.user}")
    if scope.machine.users().get(params.user) is None:
        return fine
    path = path_of(params.user, scope.machine)
    before = read(path, scope.machine)
    place = crontab.find(before, identifier, command)
    if place is None:
        return fine
    after = crontab.without_job(before, identifier, command)
    leaf = Leaf(path=f"crontab of {params.user}:{identifier}", before=_shown(before[place]))
    table = Table.of(params.user, path, crontab.dump(before), crontab.dump(after))
    return planned(table, (leaf,), scope)


def _known_by(params: Which) -> tuple[str, str]:
    command = (params.command or params.name).strip()
    name = params.name.strip()
    identifier = params.identifier if isinstance(params.identifier, str) else ""
    identifier = " ".join((identifier or name).split())
    if not command or "\n" in command:
        raise HostProblem("a job's command is one line", hint="put it into a script, or use &&")
    if crontab.MARK in identifier or "SALT_CRON_IDENTIFIER" in identifier:
        raise HostProblem(f"{identifier!r} is no identifier")
    return identifier, command


def _schedule(params: Present, identifier: str, old: Line | None, scope: Scope) -> str:
    if params.special:
        if not _SPECIAL.fullmatch(params.special):
            raise HostProblem(f"special: {params.special!r} is no word such as @daily")
        return f"@{params.special.removeprefix('@')}"
    now = old.schedule.split() if old and not old.schedule.startswith("@") else ["*"] * 5
    found: list[str] = []
    for (name, span), there in zip(RANGES.items(), now, strict=True):
        given: str = getattr(params, name)
        if given == RANDOM:
            # what was drawn once stays
            given = there if there != "*" else _drawn(span, f"{identifier}\n{name}", scope)
        if not _FIELD.fullmatch(given):
            raise HostProblem(f"{name}: {given!r} is no field of a crontab")
        found.append(given)
    return " ".join(found)


def _drawn(span: tuple[int, int], what: str, scope: Scope) -> str:
    """Draw a number that this host always draws for this job, so that a dry run draws it too."""
    low, high = span
    seed = hashlib.sha256(f"{scope.facts.get('id', '')}\n{what}".encode()).digest()
    return str(low + int.from_bytes(seed[:8], "big") % (high - low + 1))


def _shown(line: Line | None) -> str | None:
    if line is None:
        return None
    said = f" # {line.comment}" if line.comment else ""
    return f"{line.text.strip()}{said}"


PRESENT: Final = Resource(
    name="cron.present", params=Present, paths=paths_of, check=check_present, apply=apply,
    needs=("crontab",),
)  # fmt: skip
ABSENT: Final = Resource(
    name="cron.absent", params=Absent, paths=paths_of, check=check_absent, apply=apply,
    needs=("crontab",),
    retires=("minute", "hour", "daymonth", "month", "dayweek", "comment", "commented"),
)  # fmt: skip
