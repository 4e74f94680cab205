"""The named commands as typer knows them; the words and their help come from `options.COMMANDS`."""

from typing import Annotated, Any

import typer

from zester_cli.invocation import Invocation
from zester_cli.options import COMMANDS, find_command, find_subcommand

_EPILOG = "Options for every command (--output, --quiet, ...): zester --help"
_GROUP: dict[str, Any] = {"add_completion": False, "no_args_is_help": True, "epilog": _EPILOG}

app = typer.Typer(**_GROUP)
_groups = {one.name: typer.Typer(**_GROUP) for one in COMMANDS if one.subcommands}
for _name, _group in _groups.items():
    app.add_typer(_group, name=_name, help=getattr(find_command(_name), "help", ""))

Jid = Annotated[str, typer.Argument(metavar="JID", help="the job's id", show_default=False)]
Expression = Annotated[str, typer.Argument(help="a target", show_default=False)]


def _about(command: str, subcommand: str = "") -> dict[str, Any]:
    """Give name and help of a command from the one table of them."""
    found = find_subcommand((command, subcommand)) if subcommand else find_command(command)
    assert found is not None
    return {"name": found.name, "help": found.help, "epilog": _EPILOG}


def _invocation(context: typer.Context) -> Invocation:
    return context.ensure_object(Invocation)


@_groups["job"].command(**_about("job", "list"))
def _job_list(  # noqa: PLR0917  # typer makes options of them
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="at most so many", min=1, max=1000)] = 50,
    state: Annotated[
        str, typer.Option(help="running, complete, stopped or cancelled", show_default=False)
    ] = "",
    function: Annotated[str, typer.Option(help="jobs of a function", show_default=False)] = "",
    target: Annotated[str, typer.Option(help="jobs with this target", show_default=False)] = "",
    operator: Annotated[str, typer.Option(help="jobs of an operator", show_default=False)] = "",
    since: Annotated[
        str, typer.Option(help="not older than 30s, 5m, 2h, 1d", show_default=False)
    ] = "",
) -> int:
    from zester_cli.commands import job  # noqa: PLC0415  # each command pays for itself
    from zester_proto.messages.operators import JobsAsk  # noqa: PLC0415

    ask = JobsAsk(
        limit=limit, state=state, function=function, target=target, operator=operator,
        since=job.since(since),
    )  # fmt: skip
    return job.listing(_invocation(context), ask)


@_groups["job"].command(**_about("job", "active"))
def _job_active(context: typer.Context) -> int:
    from zester_cli.commands import job  # noqa: PLC0415
    from zester_proto.messages.operators import JobsAsk  # noqa: PLC0415

    return job.listing(_invocation(context), JobsAsk(active=True))


@_groups["job"].command(**_about("job", "show"))
def _job_show(
    context: typer.Context,
    jid: Jid,
    peel: Annotated[
        str, typer.Option(metavar="ID", help="this peel alone", show_default=False)
    ] = "",
    failed: Annotated[bool, typer.Option("--failed", help="only what was no success")] = False,
    slowest: Annotated[bool, typer.Option("--slowest", help="only the ten slowest")] = False,
) -> int:
    from zester_cli.commands import job  # noqa: PLC0415

    selection = job.Selection(peel, failed, 10 if slowest else 0)
    return job.show_job(_invocation(context), jid, selection)


@_groups["job"].command(**_about("job", "wait"))
def _job_wait(context: typer.Context, jid: Jid) -> int:
    from zester_cli.commands import job  # noqa: PLC0415

    return job.watch(_invocation(context), jid, live=False)


@_groups["job"].command(**_about("job", "follow"))
def _job_follow(context: typer.Context, jid: Jid) -> int:
    from zester_cli.commands import job  # noqa: PLC0415

    return job.watch(_invocation(context), jid, live=True)


@_groups["job"].command(**_about("job", "cancel"))
def _job_cancel(context: typer.Context, jid: Jid) -> int:
    from zester_cli.commands import job  # noqa: PLC0415

    return job.cancel(_invocation(context), jid)


@_groups["job"].command(**_about("job", "rerun"))
def _job_rerun(
    context: typer.Context,
    jid: Jid,
    failed: Annotated[bool, typer.Option("--failed", help="only those that failed")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="only those offline, lost or never asked")
    ] = False,
) -> int:
    from zester_cli.commands import again  # noqa: PLC0415

    return again.rerun(_invocation(context), jid, failed=failed, missing=missing)


@_groups["job"].command(**_about("job", "resume"))
def _job_resume(context: typer.Context, jid: Jid) -> int:
    from zester_cli.commands import again  # noqa: PLC0415

    return again.resume(_invocation(context), jid)


@_groups["peel"].command(**_about("peel", "list"))
def _peel_list(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="a target; all if not given")] = "*",
) -> int:
    from zester_cli.commands import peel  # noqa: PLC0415

    return peel.listing(_invocation(context), target)


@_groups["peel"].command(**_about("peel", "show"))
def _peel_show(
    context: typer.Context,
    peel_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
) -> int:
    from zester_cli.commands import peel  # noqa: PLC0415

    return peel.show(_invocation(context), peel_id)


@_groups["peel"].command(**_about("peel", "ping"))
def _peel_ping(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="a target; all if not given")] = "*",
) -> int:
    from zester_cli.argv import RunCall  # noqa: PLC0415
    from zester_cli.commands.run import run  # noqa: PLC0415

    invocation = _invocation(context)
    return run(RunCall(invocation.options, target, "test.ping"), invocation.screen)


@_groups["peel"].command(**_about("peel", "drain"))
def _peel_drain(context: typer.Context, target: Expression) -> int:
    from zester_cli.commands import peel  # noqa: PLC0415

    return peel.drain(_invocation(context), target, on=True)


@_groups["peel"].command(**_about("peel", "undrain"))
def _peel_undrain(context: typer.Context, target: Expression) -> int:
    from zester_cli.commands import peel  # noqa: PLC0415

    return peel.drain(_invocation(context), target, on=False)


@_groups["peel"].command(**_about("peel", "unquarantine"))
def _peel_unquarantine(
    context: typer.Context,
    peel_id: Annotated[str, typer.Argument(metavar="ID", show_default=False)],
) -> int:
    from zester_cli.commands import peel  # noqa: PLC0415

    return peel.unquarantine(_invocation(context), peel_id)


@_groups["master"].command(**_about("master", "list"))
def _master_list(context: typer.Context) -> int:
    from zester_cli.commands import master  # noqa: PLC0415

    return master.listing(_invocation(context))


@_groups["tree"].command(**_about("tree", "status"))
def _tree_status(context: typer.Context) -> int:
    from zester_cli.commands import tree  # noqa: PLC0415

    return tree.status(_invocation(context))


@_groups["tree"].command(**_about("tree", "diff"))
def _tree_diff(context: typer.Context) -> int:
    from zester_cli.commands import tree  # noqa: PLC0415

    return tree.diff(_invocation(context))


@_groups["tree"].command(**_about("tree", "publish"))
def _tree_publish(context: typer.Context) -> int:
    from zester_cli.commands import tree  # noqa: PLC0415

    return tree.publish(_invocation(context))


Keys = typer.Argument(metavar="KEY...", help="facts, as os or cpu:count", show_default=False)


@_groups["facts"].command(**_about("facts", "get"))
def _facts_get(
    context: typer.Context, target: Expression, keys: Annotated[list[str] | None, Keys] = None
) -> int:
    from zester_cli.commands import facts  # noqa: PLC0415

    return facts.get(_invocation(context), target, keys or [])


@_groups["facts"].command(**_about("facts", "query"))
def _facts_query(
    context: typer.Context, target: Expression, keys: Annotated[list[str], Keys]
) -> int:
    from zester_cli.commands import facts  # noqa: PLC0415

    return facts.query(_invocation(context), target, keys)


Key = Annotated[str, typer.Argument(metavar="KEY", help="as nginx:port", show_default=False)]
PeelId = Annotated[str, typer.Argument(metavar="PEEL", help="its id", show_default=False)]


@_groups["settings"].command(**_about("settings", "show"))
def _settings_show(
    context: typer.Context,
    peel_id: PeelId,
    reveal: Annotated[
        bool, typer.Option("--show", help="with secrets (administrators; it is noted)")
    ] = False,
) -> int:
    from zester_cli.commands import settings  # noqa: PLC0415

    return settings.show(_invocation(context), peel_id, reveal=reveal)


@_groups["settings"].command(**_about("settings", "get"))
def _settings_get(context: typer.Context, target: Expression, key: Key) -> int:
    from zester_cli.commands import settings  # noqa: PLC0415

    return settings.get(_invocation(context), target, key)


@_groups["settings"].command(**_about("settings", "trace"))
def _settings_trace(context: typer.Context, peel_id: PeelId, key: Key) -> int:
    from zester_cli.commands import settings  # noqa: PLC0415

    return settings.trace(_invocation(context), peel_id, key)


@_groups["settings"].command(**_about("settings", "compare"))
def _settings_compare(context: typer.Context, target: Expression) -> int:
    from zester_cli.commands import settings  # noqa: PLC0415  # only the command that runs pays

    return settings.compare(_invocation(context), target)


@_groups["basket"].command(**_about("basket", "get"))
def _basket_get(
    context: typer.Context,
    target: Expression,
    name: Annotated[
        str, typer.Argument(help="as network.ip_addrs; basket list shows them", show_default=False)
    ],
) -> int:
    from zester_cli.commands import basket  # noqa: PLC0415

    return basket.get(_invocation(context), target, name)


@_groups["basket"].command(**_about("basket", "list"))
def _basket_list(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="a target; all if not given")] = "*",
) -> int:
    from zester_cli.commands import basket  # noqa: PLC0415

    return basket.listing(_invocation(context), target)


@app.command(**_about("target"))
def _target(
    context: typer.Context,
    expression: Annotated[str, typer.Argument(metavar="EXPR", show_default=False)],
    explain: Annotated[bool, typer.Option("--explain", help="count each part")] = False,
    fleet: Annotated[
        str, typer.Option(metavar="FILE", help="a made-up fleet in JSON lines", show_default=False)
    ] = "",
    groups: Annotated[
        str, typer.Option(metavar="FILE", help="its groups, as JSON", show_default=False)
    ] = "",
) -> int:
    from zester_cli.commands.target import target  # noqa: PLC0415

    return target(_invocation(context), expression, explain=explain, fleet=fleet, groups=groups)


@app.command(**_about("doc"))
def _doc(
    context: typer.Context,
    function: Annotated[
        str, typer.Argument(help="a function, or the first name of several", show_default=False)
    ] = "",
) -> int:
    from zester_cli.commands.doc import doc  # noqa: PLC0415

    return doc(_invocation(context), function)


@app.command(**_about("status"))
def _status(context: typer.Context) -> int:
    from zester_cli.commands import master  # noqa: PLC0415

    return master.status(_invocation(context))


@app.command(**_about("whoami"))
def _whoami(context: typer.Context) -> int:
    from zester_cli.commands.whoami import whoami  # noqa: PLC0415

    return whoami(_invocation(context))


@app.command(**_about("completion"))
def _completion(
    context: typer.Context,
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish", show_default=False)],
) -> int:
    from zester_cli.completion import script  # noqa: PLC0415

    _invocation(context).screen.write(script(shell))
    return 0
