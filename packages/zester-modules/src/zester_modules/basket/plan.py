"""Which values this host shares, as its settings and its configuration declare them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from zester_modules.errors import Refused
from zester_proto.errors import ZesterError
from zester_proto.messages.basket import NAMES, check_name
from zester_proto.tree.salt_targets import in_our_letters
from zester_proto.units import did_you_mean, parse_duration

INTERVAL: Final = 3600.0
"""Seconds between two looks, unless `basket_interval` says otherwise; Salt's mine has the same."""

LEAST: Final = 10.0
"""Seconds between two looks, at least: masters take two values a second from one peel."""

FORM: Final = "as {function: network.ip_addrs, args: [eth0], interval: 5m} or {fact: os}"
_KEYS: Final = frozenset({"function", "fact", "args", "kwargs", "interval", "allow"})
_MINUTE: Final = 60.0


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One value that this host shares."""

    name: str
    function: str = ""
    fact: str = ""
    """A fact's path, where it is no function's."""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    interval: float = INTERVAL
    allow: str = ""
    """A target: the peels that may read it; all where it is empty."""


def declared(settings: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Declared]:
    """Give what this host shares, by name; settings win over the configuration.

    Args:
        settings: `basket_functions` and `basket_interval`, or Salt's `mine_functions` and
            `mine_interval` (in minutes).
        configured: `basket_functions` of the peel's configuration.

    Raises:
        Refused: something of it makes no sense; the text names it.
    """
    given: Any = settings.get("basket_functions", settings.get("mine_functions")) or {}
    if not isinstance(given, Mapping):
        raise Refused("basket_functions is no map", hint=f"name each value: {FORM}")
    every = _every(settings)
    together = {**configured, **cast("Mapping[str, Any]", given)}
    if len(together) > NAMES:
        raise Refused(f"this host declares {len(together)} values; {NAMES} are taken at most")
    return {str(name): _one(str(name), how, every) for name, how in together.items()}


def _every(settings: Mapping[str, Any]) -> float:
    if "basket_interval" in settings:
        return _seconds("basket_interval", settings["basket_interval"])
    if "mine_interval" in settings:
        return _seconds("mine_interval", settings["mine_interval"], _MINUTE)
    return INTERVAL


def _seconds(of: str, given: Any, unit: float = 1.0) -> float:
    try:
        return max(LEAST, parse_duration(str(given)) * unit)
    except ZesterError as error:
        raise Refused(f"{of}: {error.message}", hint=error.hint) from error


def _one(name: str, how: Any, every: float) -> Declared:
    try:
        check_name(name)
    except ZesterError as error:
        raise Refused(f"basket_functions: {error.message}", hint=error.hint) from error
    if how is None:
        return Declared(name=name, function=name, interval=every)
    if isinstance(how, str):
        return Declared(name=name, function=how, interval=every)
    if isinstance(how, Mapping):
        return _mapped(name, dict(cast("Mapping[str, Any]", how)), every)
    if isinstance(how, list):
        return _listed(name, cast("list[Any]", how), every)
    raise Refused(f"basket_functions: {name} is {how!r}", hint=FORM)


def _mapped(name: str, how: dict[str, Any], every: float) -> Declared:
    if not {"function", "fact"} & how.keys():
        return _salts(name, (), how, every)
    for key in how.keys() - _KEYS:
        hint = did_you_mean(key, sorted(_KEYS)) or FORM
        raise Refused(f"basket_functions: {name} has an unknown key {key!r}", hint=hint)
    args: Any = how.get("args") or ()
    kwargs: Any = how.get("kwargs") or {}
    if isinstance(args, str) or not isinstance(args, Sequence) or not isinstance(kwargs, Mapping):
        raise Refused(f"basket_functions: {name} needs a list of args and a map of kwargs")
    interval = (
        _seconds(f"basket_functions: {name}", how["interval"]) if "interval" in how else every
    )
    return Declared(
        name=name,
        function=str(how.get("function") or ""),
        fact=str(how.get("fact") or ""),
        args=tuple(cast("Sequence[Any]", args)),
        kwargs=dict(cast("Mapping[str, Any]", kwargs)),
        interval=interval,
        allow=str(how.get("allow") or ""),
    )


def _listed(name: str, how: list[Any], every: float) -> Declared:
    """Read Salt's form: a list of arguments, with maps of keywords among them."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for one in how:
        if isinstance(one, Mapping):
            kwargs.update(cast("Mapping[str, Any]", one))
        else:
            args.append(one)
    return _salts(name, tuple(args), kwargs, every)


def _salts(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], every: float) -> Declared:
    function = str(kwargs.pop("mine_function", name))
    target, kind = kwargs.pop("allow_tgt", ""), str(kwargs.pop("allow_tgt_type", "glob"))
    if isinstance(target, list):
        target, kind = ",".join(str(one) for one in cast("list[Any]", target)), "list"
    allow = in_our_letters(str(target), kind) if target else ""
    return Declared(
        name=name, function=function, args=args, kwargs=kwargs, interval=every, allow=allow
    )
