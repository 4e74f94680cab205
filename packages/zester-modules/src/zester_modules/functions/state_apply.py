"""Functions that run states: of the tree, of its top file, or a single one."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import TYPE_CHECKING, Any

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function
from zester_modules.functions.state_names import state_names
from zester_modules.returns import Outcome, Return
from zester_modules.words import Value, Written

if TYPE_CHECKING:
    from zester_modules.facts.collected import Collected
    from zester_modules.states.session import Session

LOCK = "state"
"""Two runs of states on one peel wait for each other."""


@function("state.apply", dry=True, lock=LOCK)
def apply(
    context: Context,
    *names: str,
    exclude: list[Value] | None = None,
    saltenv: str = "",
    pillar: dict[str, Value] | None = None,
    failhard: bool = False,
    test: bool | None = None,
) -> Return:
    """Apply state files, or without names all that the top file has for this peel.

    Args:
        names: state files such as `nginx` or `nginx.config`; several may be one word with commas.
        exclude: files not to apply, or {id: ID}.
        saltenv: the environment; else base, and for the top file all.
        pillar: settings laid on top for this run.
        failhard: stop after the first state that fails.
        test: a dry run: say what would change.
    """
    return _applied(
        context, state_names(apply, names) or None, exclude, saltenv,
        pillar=pillar, test=test, failhard=failhard,
    )  # fmt: skip


@function("state.sls", dry=True, lock=LOCK)
def sls(
    context: Context,
    *names: str,
    exclude: list[Value] | None = None,
    saltenv: str = "",
    pillar: dict[str, Value] | None = None,
    failhard: bool = False,
    test: bool | None = None,
) -> Return:
    """Apply state files: Salt's name for `state.apply` with names.

    Args:
        names: state files.
        exclude: files not to apply, or {id: ID}.
        saltenv: the environment; else base.
        pillar: settings laid on top for this run.
        failhard: stop after the first state that fails.
        test: a dry run: say what would change.
    """
    if not names:
        raise BadArgument("state.sls", "names", "no state file is named", expects="a reference",
                          hint="state.highstate applies the top file")  # fmt: skip
    return _applied(
        context, state_names(sls, names), exclude, saltenv,
        pillar=pillar, test=test, failhard=failhard,
    )  # fmt: skip


@function("state.highstate", dry=True, lock=LOCK)
def highstate(
    context: Context,
    *,
    exclude: list[Value] | None = None,
    saltenv: str = "",
    pillar: dict[str, Value] | None = None,
    failhard: bool = False,
    test: bool | None = None,
) -> Return:
    """Apply all that the top file has for this peel.

    Args:
        exclude: files not to apply, or {id: ID}.
        saltenv: this environment alone.
        pillar: settings laid on top for this run.
        failhard: stop after the first state that fails.
        test: a dry run: say what would change.
    """
    return _applied(context, None, exclude, saltenv, pillar=pillar, test=test, failhard=failhard)


@function("state.single", dry=True, lock=LOCK)
def single(
    context: Context, fun: str, name: str = "", *, test: bool | None = None, **arguments: Written
) -> Return:
    """Apply one state that stands in no file.

    Args:
        fun: the state, such as `pkg.installed`.
        name: its name; else `fun`.
        test: a dry run: say what would change.
        arguments: its arguments, and what every state takes, such as `unless` and `retry`.
    """
    from zester_modules.states.single import made_by_hand  # noqa: PLC0415  # brings templates

    session = _session(context, "", None, test)
    done = session.single(made_by_hand(session, fun, name or fun, arguments))
    return _returned(done, session.context)


def _session(
    context: Context, env: str, pillar: dict[str, Any] | None, test: bool | None
) -> "Session":
    import msgspec  # noqa: PLC0415  # as below

    from zester_modules.states.session import Session  # noqa: PLC0415  # brings templates

    dry = context.test or bool(test)
    return Session(msgspec.structs.replace(context, test=dry), env=env, pillar=pillar)


def _applied(
    context: Context,
    names: list[str] | None,
    exclude: list[Any] | None,
    env: str,
    *,
    pillar: dict[str, Any] | None,
    test: bool | None,
    failhard: bool,
) -> Return:
    excluded: list[Any] = []
    for one in exclude or []:
        excluded += [part.strip() for part in one.split(",")] if isinstance(one, str) else [one]
    session = _session(context, env, pillar, test)
    return _returned(session.apply(names, excluded, failhard=failhard), session.context)


def _returned(result: dict[str, Any], context: Context) -> Return:
    """Give a run's result as the function's answer."""
    facts: Collected | None = None
    if any(one["result"] == "changed" and one["function"].startswith("grains.")
           for one in result["states"]):  # fmt: skip
        from zester_modules.facts.collect import collect_for  # noqa: PLC0415  # few runs set facts

        facts = collect_for(context)
    outcome = Outcome(result["result"])
    if outcome is Outcome.REFUSED:
        count = len(result["errors"]) + int(result.get("more_errors", 0))
        return Return(
            result, outcome, error=f"the tree has {count} error{'s' * (count != 1)}; nothing ran",
            hint="state.lint shows them with their lines",
        )  # fmt: skip
    if outcome is Outcome.FAILED:
        failed = [str(one["id"]) for one in result["states"] if one["result"] == "failed"]
        return Return(
            result, outcome, error=f"{len(failed)} of {len(result['states'])} states failed: "
            + ", ".join(failed[:5]) + (" ..." if len(failed) > 5 else ""), facts=facts,
        )  # fmt: skip
    return Return(result, outcome, facts=facts)
