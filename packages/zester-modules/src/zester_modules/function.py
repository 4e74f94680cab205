"""The declaration of one function: its name, its flags, and its parameters from the signature."""

import inspect
import re
import typing
from collections.abc import Callable
from functools import cached_property
from typing import Any, Concatenate, Final, Generic, Literal, ParamSpec, TypeVar, cast

import msgspec

from zester_modules.context import Context
from zester_modules.words import Kind, kind_of

P = ParamSpec("P")
R = TypeVar("R")

Runs = Literal["inline", "worker", "command"]
"""Where a function runs (bus.md 6.11): as a coroutine in the agent, in a worker of its own, or
not at all: a `command` only plans a `CommandSpec`, which the agent starts in a group of its own."""

Shape = Literal["word", "words", "key", "keys"]
"""How a parameter is given: by place or name, all further places, by name alone, any name."""

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*", re.ASCII)
_SHAPES: Final[dict[Any, Shape]] = {
    inspect.Parameter.POSITIONAL_ONLY: "word",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "word",
    inspect.Parameter.VAR_POSITIONAL: "words",
    inspect.Parameter.KEYWORD_ONLY: "key",
    inspect.Parameter.VAR_KEYWORD: "keys",
}


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a function."""

    name: str
    kind: Kind
    shape: Shape
    required: bool
    default: Any = None


class Function(Generic[P, R]):
    """A function that can be asked for by name; calling it calls the Python function.

    Attributes:
        name: `module.function`.
        runs: where it runs.
        reads: it has no side effects, so that a job of it is remembered in memory alone.
        dry: it honours `context.test`; one that neither reads nor honours it is refused in a
            dry run.
        timeout: seconds that it may take unless the job says otherwise; None: up to the deadline.
        lock: functions of one peel with the same word here never run at the same time.
    """

    def __init__(
        self,
        call: Callable[Concatenate[Context, P], R],
        name: str,
        *,
        runs: Runs,
        reads: bool,
        dry: bool,
        timeout: float | None,
        lock: str,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise TypeError(f"{name!r} is no name of a function: it must look like module.function")
        if runs == "inline" and not inspect.iscoroutinefunction(cast("object", call)):
            raise TypeError(f"{name} runs in the agent and has to be a coroutine function")
        self.call = call
        self.name = name
        self.runs: Runs = runs
        self.reads = reads
        self.dry = dry
        self.timeout = timeout
        self.lock = lock
        self.__doc__ = call.__doc__

    def __call__(self, context: Context, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the Python function."""
        return self.call(context, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters after the context, in the signature's order.

        Raises:
            TypeError: one has no annotation, or one that no word can be turned into.
        """
        hints = typing.get_type_hints(self.call, include_extras=True)
        found = list(inspect.signature(self.call).parameters.values())[1:]
        return tuple(self._parameter(one, hints) for one in found)

    def _parameter(self, one: inspect.Parameter, hints: dict[str, Any]) -> Parameter:
        if one.name not in hints:
            raise TypeError(f"{self.name}: the parameter {one.name} has no type")
        empty = one.default is inspect.Parameter.empty
        shape = _SHAPES[one.kind]
        return Parameter(
            name=one.name,
            kind=kind_of(hints[one.name]),
            shape=shape,
            required=empty and shape in {"word", "key"},
            default=None if empty else one.default,
        )


AnyFunction = Function[..., Any]


def function(
    name: str,
    *,
    runs: Runs = "worker",
    reads: bool = False,
    dry: bool = False,
    timeout: float | None = None,
    lock: str = "",
) -> Callable[[Callable[Concatenate[Context, P], R]], Function[P, R]]:
    """Declare a function that operators can run.

    Its first parameter is the `Context`, the others need types that `words.kind_of` knows; the
    docstring's first line is its summary and the section `Args:` the help of its parameters. The
    flags are those of `Function`.

    Raises:
        TypeError: the name is malformed, or an inline function is no coroutine function.
    """

    def declare(call: Callable[Concatenate[Context, P], R]) -> Function[P, R]:
        return Function(call, name, runs=runs, reads=reads, dry=dry, timeout=timeout, lock=lock)

    return declare
