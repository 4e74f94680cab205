"""What every state takes beside its own parameters: guards, retry, and the rest of states.md 4."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from zester_modules.params import converted
from zester_modules.states.blocks import ALL_REQUISITES, Arg
from zester_modules.states.chunks import Chunk
from zester_modules.states.model import Guard, Options, Retry
from zester_modules.words import Duration, Mode
from zester_proto.render.nodes import Dialect, Mapping, Node, Scalar, Sequence
from zester_proto.render.values import plain, scalar

Note = Callable[[str, str, Arg], None]
"""Notes what is wrong with an option: text, hint, and where it stands."""

_GUARDS: Final[tuple[Literal["onlyif", "unless", "creates", "check_cmd"], ...]] = (
    "onlyif", "unless", "creates", "check_cmd",
)  # fmt: skip
_NOTHING: Final = frozenset({
    "aggregate", "reload_grains", "reload_pillar", "onfail_stop", "prerequired", "order",
    "__reqs__", "state", "fun",
})  # fmt: skip
SHARED: Final = frozenset({"runas", "cwd", "env", "umask", "timeout", "shell"})
"""A state's own parameters that its guards' shell has too."""

OWN: Final = (
    frozenset({
        *_GUARDS, "retry", "failhard", "parallel", "fire_event", "reload_modules", "no_log",
    })
    | _NOTHING
    | ALL_REQUISITES
)  # fmt: skip
"""Options that are never a resource's own parameters, but for `check_cmd`."""


def read_options(chunk: Chunk, own: frozenset[str], note: Note, *, strict_guards: bool) -> Options:
    """Read a state's options.

    Args:
        chunk: the state.
        own: names of its resource's parameters.
        note: takes what is wrong.
        strict_guards: a boolean as a guard means what it says, also in a `.sls`.
    """
    reader = _Reader(chunk, note, strict_guards or chunk.source.dialect == "zy")
    found: dict[str, Any] = {"guards": reader.guards(own)}
    for name, read in (
        ("retry", reader.retry), ("failhard", reader.truth), ("parallel", reader.truth),
        ("reload_modules", reader.truth), ("no_log", reader.truth), ("fire_event", reader.event),
        ("runas", reader.text), ("cwd", reader.text), ("shell", reader.text),
        ("umask", reader.mode), ("timeout", reader.seconds), ("env", reader.env),
    ):  # fmt: skip
        arg = chunk.args.get(name)
        value = read(arg) if arg is not None and not _is_null(arg.value, reader.dialect) else None
        if value is not None:
            found[name] = value
    return Options(**found)


class _Reader:
    def __init__(self, chunk: Chunk, note: Note, strict: bool) -> None:
        self._chunk = chunk
        self._note = note
        self._strict = strict
        self.dialect: Dialect = chunk.source.dialect

    def guards(self, own: frozenset[str]) -> tuple[Guard, ...]:
        found: list[Guard] = []
        for kind in _GUARDS:
            arg = self._chunk.args.get(kind)
            if arg is None or (kind == "check_cmd" and kind in own):
                continue
            if isinstance(arg.value, Mapping):
                nodes: tuple[Node, ...] = (arg.value,)
            else:
                nodes = arg.items()
            for node in nodes:
                one = self._guard(kind, node, arg)
                if one is not None:
                    found.append(one)
        return tuple(found)

    def _guard(
        self, kind: Literal["onlyif", "unless", "creates", "check_cmd"], node: Node, arg: Arg
    ) -> Guard | None:
        if isinstance(node, Mapping):
            return self._call(kind, node, arg)
        if not isinstance(node, Scalar):
            self._note(f"`{kind}` holds a list in a list", "write each command by itself", arg)
            return None
        meant = scalar(node, self.dialect)
        if meant is None:
            return None
        if isinstance(meant, bool) and kind != "creates":
            if self._strict:
                return Guard(kind=kind, truth=meant, place=node.place)
            hint = "write a command, or `guards: strict` in the peel's configuration"
            self._note(f"`{kind}: {node.text}` is passed over, as in Salt", hint, arg)
            return None
        return Guard(kind=kind, command=node.text, place=node.place)

    def _call(
        self, kind: Literal["onlyif", "unless", "creates", "check_cmd"], node: Mapping, arg: Arg
    ) -> Guard | None:
        values = {key.text: value for key, value in node.pairs}
        function = values.pop("fun", None)
        if not isinstance(function, Scalar):
            self._note(
                f"`{kind}` holds a mapping without `fun`", "write `fun: module.function`", arg
            )
            return None
        args = values.pop("args", None)
        wanted = values.pop("get_return", None)
        items = args.items if isinstance(args, Sequence) else (args,) if args is not None else ()
        return Guard(
            kind=kind, function=function.text,
            args=tuple(plain(one, self.dialect) for one in items),
            kwargs={key: plain(value, self.dialect) for key, value in values.items()},
            get_return=wanted.text if isinstance(wanted, Scalar) else "", place=node.place,
        )  # fmt: skip

    def retry(self, arg: Arg) -> Retry | None:
        given: Any = arg.value
        meant = scalar(given, self.dialect) if isinstance(given, Scalar) else None
        if isinstance(meant, bool):
            return Retry() if meant else None
        try:
            values = (
                {"attempts": meant} if meant else converted(dict[str, Any], given, self.dialect)
            )
            found = msgspec.convert(values, Retry, strict=False)
            # 0 of them are 1 for Salt
            fewest = 1 if self.dialect == "zy" else 0
            if values.keys() <= set(Retry.__struct_fields__) and found.attempts >= fewest:
                return found
        except (msgspec.ValidationError, ValueError):
            pass
        hint = "it is true, a number, or attempts, interval, until and splay"
        self._note(f"`retry` of {self._chunk.id!r} does not say how often", hint, arg)
        return None

    def truth(self, arg: Arg) -> bool | None:
        return self._converted(arg, bool, "true or false")

    def event(self, arg: Arg) -> bool | str | None:
        if isinstance(arg.value, Scalar):
            meant = scalar(arg.value, self.dialect)
            return meant if isinstance(meant, bool) else arg.value.text
        return self._wrong(arg, "true, or the event's tag")

    def text(self, arg: Arg) -> str | None:
        if isinstance(arg.value, Scalar):
            return arg.value.text
        return self._wrong(arg, "text")

    def mode(self, arg: Arg) -> int | None:
        return self._converted(arg, Mode, "an octal mode", "0644")

    def seconds(self, arg: Arg) -> float | None:
        return self._converted(arg, Duration, "a duration", "30s or 5m")

    def env(self, arg: Arg) -> dict[str, str] | None:
        return self._converted(arg, dict[str, str], "a mapping of texts", "{LANG: C}")

    def _converted(self, arg: Arg, annotation: Any, label: str, example: str = "") -> Any:
        try:
            return converted(annotation, arg.value, self.dialect)
        except ValueError:
            return self._wrong(arg, label, example)

    def _wrong(self, arg: Arg, label: str, example: str = "") -> None:
        hint = f"it takes {label}" + (f", such as {example}" if example else "")
        self._note(f"`{arg.key}` of {self._chunk.id!r} is not {label}", hint, arg)


def _is_null(node: Node, dialect: Dialect) -> bool:
    return isinstance(node, Scalar) and scalar(node, dialect) is None
