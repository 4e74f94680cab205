"""Arguments as they were given, fitted to a function's own signature."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import AnyFunction, Parameter
from zester_modules.words import Verbatim
from zester_proto.units import did_you_mean

_KEY: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


class BoundCall(msgspec.Struct, frozen=True, kw_only=True):
    """A function with arguments of the right types."""

    function: AnyFunction
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def invoke(self, context: Context) -> Any:
        """Call the function; a coroutine function gives its coroutine."""
        return self.function.call(context, *self.args, **self.kwargs)


def bind(
    function: AnyFunction, args: Sequence[Any], kwargs: Mapping[str, Any], *, words: bool = True
) -> BoundCall:
    """Convert arguments by the function's signature (bus.md 6.12: types are the peel's business).

    Texts are converted, other values (from files and schedules) are checked.

    Args:
        function: whose signature counts.
        args: by place.
        kwargs: by name.
        words: texts are words of an operator; without it a text that may be anything stays text.

    Raises:
        BadArgument: unknown, missing, given twice, too many, or of the wrong type.
    """
    by_place = [one for one in function.parameters if one.shape == "word"]
    placed = _place(function, by_place, args, words)
    named = _name(function, placed, kwargs, words)
    for one in by_place[len(placed) :]:
        if one.name in named:
            placed[one.name] = named.pop(one.name)
        elif one.required:
            raise _missing(function, one)
        else:
            placed[one.name] = one.default
    for one in function.parameters:
        if one.shape == "key" and one.required and one.name not in named:
            raise _missing(function, one)
    rest = _rest(function, args[len(by_place) :], words)
    return BoundCall(function=function, args=(*placed.values(), *rest), kwargs=named)


def _place(
    function: AnyFunction, by_place: list[Parameter], args: Sequence[Any], words: bool
) -> dict[str, Any]:
    pairs = zip(by_place, args, strict=False)
    return {one.name: _convert(function, one.name, one, value, words) for one, value in pairs}


def _rest(function: AnyFunction, args: Sequence[Any], words: bool) -> list[Any]:
    rest = next((one for one in function.parameters if one.shape == "words"), None)
    if rest is not None:
        return [_convert(function, rest.name, rest, value, words) for value in args]
    if not args:
        return []
    for word in args:
        key, sign, _ = ("" if isinstance(word, Verbatim) else str(word)).partition("=")
        if sign and _KEY.fullmatch(key):  # meant for an argument by name
            raise _unknown(function, key, [one.name for one in _by_name(function)])
    most = sum(one.shape == "word" for one in function.parameters)
    were = "was" if most + len(args) == 1 else "were"
    count = f"{most} argument{'s' * (most != 1)}" if most else "no arguments"
    raise BadArgument(
        function.name,
        "",
        f"it takes {count} by place, {most + len(args)} {were} given",
        expects=usage(function),
        hint=f"usage: {usage(function)}; words with spaces need quotes",
    )


def _name(
    function: AnyFunction, placed: dict[str, Any], kwargs: Mapping[str, Any], words: bool
) -> dict[str, Any]:
    by_name = {one.name: one for one in _by_name(function)}
    anything = next((one for one in function.parameters if one.shape == "keys"), None)
    named: dict[str, Any] = {}
    for name, value in kwargs.items():
        parameter = by_name.get(name, anything)
        if parameter is None:
            raise _unknown(function, name, list(by_name))
        if name in placed:
            raise BadArgument(
                function.name, name, "it was given twice, by place and by name",
                expects=parameter.kind.label, hint=f"leave {name}= or one word out",
            )  # fmt: skip
        named[name] = _convert(function, name, parameter, value, words)
    return named


def _by_name(function: AnyFunction) -> list[Parameter]:
    return [one for one in function.parameters if one.shape in {"word", "key"}]


def _convert(
    function: AnyFunction, name: str, parameter: Parameter, value: Any, words: bool
) -> Any:
    kind = parameter.kind
    if not words and (kind.label == "value" or value is None):
        return value  # Python's own: it has a type already, and None is "not given"
    try:
        return kind.convert(value)
    except (ValueError, RecursionError) as error:
        near = did_you_mean(str(value), kind.choices) if kind.choices else ""
        raise BadArgument(
            function.name, name, str(error), expects=kind.label,
            hint=near or _takes(name, parameter),
        ) from None  # fmt: skip


def _takes(name: str, parameter: Parameter) -> str:
    if parameter.kind.label == "value":
        return "what begins with [, { or a quote is a list, a map or text, and has to end as one"
    example = f", such as {parameter.kind.example}" if parameter.kind.example else ""
    return f"{name} takes: {parameter.kind.label}{example}"


def _unknown(function: AnyFunction, name: str, known: list[str]) -> BadArgument:
    takes = did_you_mean(name, known) if known else "it takes none by name"
    return BadArgument(
        function.name, "", f"it has no argument {name!r}", expects=usage(function),
        hint=f"{takes}; a word with = in it that is no argument belongs after --",
    )  # fmt: skip


def _missing(function: AnyFunction, parameter: Parameter) -> BadArgument:
    return BadArgument(
        function.name, parameter.name, "this argument is missing",
        expects=parameter.kind.label, hint=f"usage: {usage(function)}",
    )  # fmt: skip


def usage(function: AnyFunction) -> str:
    """Give the one line that shows how a function is called."""
    words = [function.name]
    for one in function.parameters:
        name = one.name.upper()
        form = {
            "word": name if one.required else f"[{name}]",
            "words": f"[{name}...]",
            "key": f"{one.name}=..." if one.required else f"[{one.name}=...]",
            "keys": "[KEY=VALUE...]",
        }[one.shape]
        words.append(form)
    return " ".join(words)
