"""cmd.script and cmd.wait_script: a script of the tree, run from a private folder."""

import shlex
import uuid
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Changes, Plan, Resource, Scope
from zester_modules.resources.cmd.command import (
    RETIRES,
    CommandParams,
    command_of,
    effects_of,
    ended,
    paths_of,
    planned,
)
from zester_modules.resources.sources import missing, text_of


class Params(CommandParams, frozen=True, kw_only=True):
    """Fetch a script, and run it with arguments."""

    source: Annotated[str, Meta(description="where from; else the name")] = ""
    source_hash: Annotated[str, Meta(description="its digest, where it comes from the web")] = ""
    args: Annotated[str, Meta(description="its arguments, as a shell reads them")] = ""
    template: Annotated[str, Meta(description="jinja renders it first")] = ""
    context: Annotated[dict[str, Any] | None, Meta(description="names for the template")] = None
    defaults: Annotated[
        dict[str, Any] | None, Meta(description="names for the template that context may override")
    ] = None


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A script to run."""

    text: bytes
    params: Params


def check(params: Params, scope: Scope) -> Plan:
    """Fetch the script, and plan to run it."""
    source = params.source or params.name.split(None, 1)[0]
    found = scope.sources.fetch(source, digest=params.source_hash)
    if found is None:
        raise missing(source)
    text = found.read_bytes()
    if params.template:
        rendered = scope.render(
            text_of(text, source), source=source, context=params.context or {},
            defaults=params.defaults or {},
        )  # fmt: skip
        text = rendered.encode()
    plan = planned(params, scope, "the script would be run")
    return msgspec.structs.replace(plan, todo=Todo(text=text, params=params))


def apply(plan: Plan, scope: Scope) -> Changes:
    """Put the script where only its user can read it, run it, and take it away."""
    todo: Todo = plan.todo
    params = todo.params
    machine = scope.machine
    user = machine.users()[params.runas] if params.runas else None
    me = machine.stat(str(scope.folder))
    uid, gid = (user.uid, user.gid) if user else (me.uid, me.gid) if me else (0, 0)
    # /tmp and not the run's folder, which another user cannot enter
    path = f"/tmp/zester-script-{uuid.uuid4().hex}"  # noqa: S108  # 122 random bits, made at once
    machine.write(path, todo.text, mode=0o700, uid=uid, gid=gid)
    try:
        own = params.args or _rest(params)
        words = " ".join([shlex.quote(path), own]).strip()
        command = msgspec.structs.replace(command_of(params, scope), shell=words)
        return ended(params, machine.do(command, effects_of(params)), scope)
    finally:
        if machine.stat(path) is not None:
            machine.remove(path)


def _rest(params: Params) -> str:
    """Give the arguments that stand behind the script in the name."""
    _, _, rest = params.name.partition(" ")
    return rest.strip() if rest and not params.source else ""


def _nothing(_params: Params, _scope: Scope) -> Plan:
    return Plan(comment="nothing that it watches has changed")


SCRIPT: Final = Resource(
    name="cmd.script", params=Params, check=check, apply=apply, kind="action", paths=paths_of,
    retires=RETIRES,
)  # fmt: skip
WAIT_SCRIPT: Final = Resource(
    name="cmd.wait_script", params=Params, check=_nothing, apply=apply, react=check, kind="action",
    paths=paths_of, retires=RETIRES,
)  # fmt: skip
