"""What peels share: give values of this host, and read those of others (settings.md 6)."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any, Final

from zester_modules.basket.desk import AgentBasket
from zester_modules.basket.plan import Declared, declared
from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.facts import lookup
from zester_modules.returns import Return
from zester_modules.states.template_calls import TemplateCalls
from zester_modules.words import Value
from zester_proto.errors import ZesterError
from zester_proto.messages.basket import check_name, is_name
from zester_proto.units import did_you_mean

_MISSING: Final = object()


@function("basket.get", reads=True)
def get(context: Context, target: str, name: str) -> list[dict[str, Any]]:
    """Answer what peels share under a name: the peel, its value, and the value's age in seconds.

    It is what those hosts claim.

    Args:
        target: which peels.
        name: the name, mostly that of a function: `network.ip_addrs`.
    """
    if context.basket is None:
        return []
    items = context.basket(target, name)
    return [one.shown() | {"age": round(one.age, 1)} for one in items]


@function("basket.valid", reads=True)
def valid(context: Context) -> dict[str, Any]:
    """Answer which values this host declares, with their function and interval."""
    found = declared(context.settings, _configured(context))
    return {
        name: {"fact": one.fact} if one.fact else _shown(one) for name, one in found.values.items()
    } | {name: {"problem": error.message} for name, error in found.wrong.items()}


def _shown(one: Declared) -> dict[str, Any]:
    shown: dict[str, Any] = {"function": one.function, "interval": one.interval}
    if one.args:
        shown["args"] = list(one.args)
    if one.kwargs:
        shown["kwargs"] = dict(one.kwargs)
    return shown | ({"allow": one.allow} if one.allow else {})


@function("basket.update", lock="basket", timeout=300.0)
def update(context: Context, *names: str) -> Return:
    """Look at the declared values anew, and share them.

    A function that fails leaves the value that was shared before.

    Args:
        names: these alone; all that are declared if none is given.
    """
    plan = declared(context.settings, _configured(context))
    known = {*plan.values, *plan.wrong}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, sorted(known)) or "basket.valid lists what is declared"
            raise Refused(f"this host declares no value {name!r}", hint=hint)
    desk = _desk(context)
    calls = TemplateCalls(context, context.template_functions)
    shared: list[str] = []
    failed = {name: one.message for name, one in plan.wrong.items() if not names or name in names}
    for name in names or plan.values:
        one = plan.values.get(name)
        if one is None:
            continue
        try:
            desk.give(name, _source(one), _value(context, calls, one), one.allow)
        except ZesterError as error:
            failed[name] = error.message
        except Exception as error:  # noqa: BLE001  # any failure of a function is its own
            failed[name] = f"{type(error).__name__}: {error}"
        else:
            shared.append(name)
    intervals = {name: one.interval for name, one in plan.values.items()}
    # what makes no sense is declared all the same: its last value stays
    desk.plan(dict.fromkeys(filter(is_name, plan.wrong), plan.interval) | intervals, failed)
    answer = {"shared": shared, "failed": failed}
    if not failed:
        return Return(answer)
    first = next(iter(failed))
    return Return(answer, "failed", error=f"{first}: {failed[first]}")


@function("basket.send")
def send(context: Context, name: str, *args: Value, function: str = "", **kwargs: Value) -> bool:
    """Share the value of a function once, until `basket.delete`.

    Args:
        name: under which name.
        args: for the function.
        function: which function; the one of that name if not given.
        kwargs: for the function.
    """
    check_name(name)
    mine = str(kwargs.pop("mine_function", ""))
    one = Declared(name=name, function=function or mine or name, args=args, kwargs=kwargs)
    calls = TemplateCalls(context, context.template_functions)
    _desk(context).give(name, one.function, _value(context, calls, one))
    return True


@function("basket.delete")
def delete(context: Context, name: str) -> bool:
    """Share a value no longer; false if it was not shared. What is declared comes again.

    Args:
        name: its name.
    """
    return bool(_desk(context).drop([check_name(name)]))


@function("basket.flush")
def flush(context: Context) -> list[str]:
    """Share nothing any more, until the next look at what is declared; answer what was shared."""
    return _desk(context).drop([])


def _configured(context: Context) -> dict[str, Any]:
    return dict(context.trees.basket_functions) if context.trees is not None else {}


def _desk(context: Context) -> AgentBasket:
    agent = context.trees.agent if context.trees is not None else ""
    if not agent:
        raise Refused(
            "values are shared by an agent, and this is none",
            hint="run it as a job: zester PEEL basket.update",
        )
    return AgentBasket(agent)


def _source(one: Declared) -> str:
    return f"fact {one.fact}" if one.fact else one.function


def _value(context: Context, calls: TemplateCalls, one: Declared) -> Any:
    # it leaves this host: secrets do not
    return context.masker.data(_found(context, calls, one))


def _found(context: Context, calls: TemplateCalls, one: Declared) -> Any:
    if not one.fact:
        known = context.registry.find(one.function)
        if not known.reads and one.function not in context.template_functions:
            raise Refused(
                f"{one.function} can change the host, and is not run for the basket",
                hint=f"a peel that is to allow it lists {one.function} in `template_functions`",
            )
        return calls(one.function, *one.args, **one.kwargs)
    found = lookup(context.facts, one.fact, _MISSING)
    if found is _MISSING:
        raise Refused(f"this host has no fact {one.fact!r}")
    return found
