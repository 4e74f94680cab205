"""cron.env_present and cron.env_absent: variables in a user's crontab."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.cron.table import Table, apply, path_of, paths_of, planned, read
from zester_modules.tables import crontab


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """Set no such variable in a crontab."""

    name: Annotated[str, Meta(description="the variable")]
    user: Annotated[str, Meta(description="whose crontab it is in")] = "root"


class Present(Absent, frozen=True, kw_only=True):
    """Set a variable in a crontab, before all jobs."""

    value: Annotated[str, Meta(description="its value")] = ""


def check_present(params: Present, scope: Scope) -> Plan:
    """Compare the value."""
    if not params.name or any(one in params.name for one in "=#\"' \t\n") or "\n" in params.value:
        raise HostProblem(f"{params.name!r} cannot be set in a crontab to {params.value!r}")
    path = path_of(params.user, scope.machine)
    before = read(path, scope.machine)
    after = crontab.with_variable(before, params.name, params.value)
    return _planned(params, path, before, after, scope)


def check_absent(params: Absent, scope: Scope) -> Plan:
    """Look whether it is set."""
    if scope.machine.users().get(params.user) is None:
        return Plan(comment=f"there is no user {params.user}")
    path = path_of(params.user, scope.machine)
    before = read(path, scope.machine)
    return _planned(params, path, before, crontab.without_variable(before, params.name), scope)


def _planned(
    params: Absent, path: str, before: list[crontab.Line], after: list[crontab.Line], scope: Scope
) -> Plan:
    if before == after:
        return Plan(comment=f"{params.name} is as it should be in the crontab of {params.user}")
    leaf = Leaf(
        path=f"crontab of {params.user}:{params.name}",
        before=crontab.value_of(before, params.name), after=crontab.value_of(after, params.name),
    )  # fmt: skip
    table = Table.of(params.user, path, crontab.dump(before), crontab.dump(after))
    return planned(table, (leaf,), scope)


ENV_PRESENT: Final = Resource(
    name="cron.env_present", params=Present, paths=paths_of, check=check_present, apply=apply,
    needs=("crontab",),
)  # fmt: skip
ENV_ABSENT: Final = Resource(
    name="cron.env_absent", params=Absent, paths=paths_of, check=check_absent, apply=apply,
    needs=("crontab",),
)  # fmt: skip
