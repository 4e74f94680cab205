"""cron.file: a user's whole crontab from a source."""

import hashlib
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.cron.table import Table, apply, path_of, paths_of, planned, read
from zester_modules.resources.sources import missing, text_of
from zester_modules.tables import crontab


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have the whole crontab of a user as a source says."""

    name: Annotated[str, Meta(description="the source: salt://, zester://, http(s):// or a path")]
    source_hash: Annotated[str, Meta(description="its digest, or where that stands")] = ""
    user: Annotated[str, Meta(description="whose crontab it is")] = "root"
    template: Annotated[str, Meta(description="jinja: render the source first")] = ""
    context: Annotated[dict[str, Any] | None, Meta(description="variables of the template")] = None
    defaults: Annotated[dict[str, Any] | None, Meta(description="the same, weaker")] = None
    replace: Annotated[bool, Meta(description="replace a crontab that is there")] = True


def check(params: Params, scope: Scope) -> Plan:
    """Compare the crontab with the source."""
    path = path_of(params.user, scope.machine)
    before = crontab.dump(read(path, scope.machine))
    if before and not params.replace:
        return Plan(comment=f"{params.user} has a crontab")
    after = crontab.dump(crontab.ended(crontab.parse(_wanted(params, scope))))
    if before == after:
        return Plan(comment=f"the crontab of {params.user} is that of {params.name}")
    leaf = Leaf(
        path=f"crontab of {params.user}:contents", before=_digest(before), after=_digest(after)
    )
    return planned(Table.of(params.user, path, before, after), (leaf,), scope)


def _digest(data: bytes) -> str | None:
    return f"sha256={hashlib.sha256(data).hexdigest()}" if data else None


def _wanted(params: Params, scope: Scope) -> bytes:
    found = scope.sources.fetch(params.name, digest=params.source_hash)
    if found is None:
        raise missing(params.name)
    data = found.read_bytes()
    if not params.template:
        return data
    if params.template != "jinja":
        raise HostProblem(f"template: {params.template!r} is not known; jinja is")
    return scope.render(
        text_of(data, params.name), source=params.name, context=params.context or {},
        defaults=params.defaults or {},
    ).encode()  # fmt: skip


FILE: Final = Resource(
    name="cron.file", params=Params, paths=paths_of, check=check, apply=apply,
    needs=("crontab",),
    retires=("source_hash_name", "backup"),
)  # fmt: skip
