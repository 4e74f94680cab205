"""Configuration: defaults, then a file, then flags, all described by one msgspec Struct.

A field of the Struct is a key of the file; one that is no map is also a flag (`nats_url`:
`--nats-url`; `addr` of the Struct `enroll`: `--enroll-addr`). Every error names the file and
line, or the flag.
"""

import argparse
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

import msgspec
from msgspec import inspect

from zester_proto.config_convert import BadValue, convert, describe, is_map
from zester_proto.config_files import tree_here, tree_in_child
from zester_proto.config_tree import ConfigError, Mapping, Node, Scalar
from zester_proto.units import did_you_mean

__all__ = ["BadValue", "ConfigError", "Loaded", "add_flags", "load", "load_in_child"]

T = TypeVar("T", bound=msgspec.Struct)
DEFAULT: Final = "default"


class Loaded(NamedTuple, Generic[T]):
    """A configuration.

    Attributes:
        value: the settings.
        origin: of every key (dotted) where its value came from: `default`, FILE:LINE, or a flag.
        path: the file that was read; None without one.
    """

    value: T
    origin: dict[str, str]
    path: Path | None


class _Key(NamedTuple):
    """A key that has a value of its own."""

    name: str
    """Dotted where it lies in a Struct of its own."""
    field: inspect.Field
    owner: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-").replace(".", "-")


def _keys(kind: type[msgspec.Struct]) -> Iterator[_Key]:
    for field in _fields(kind):
        if isinstance(field.type, inspect.StructType):
            for inner in field.type.fields:
                yield _Key(f"{field.encode_name}.{inner.encode_name}", inner, field.encode_name)
        else:
            yield _Key(field.encode_name, field, "")


def _fields(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return info.fields


def add_flags(parser: argparse.ArgumentParser, kind: type[msgspec.Struct]) -> None:
    """Give a parser one flag for every key that is no map; what is not given stays None."""
    for key in _keys(kind):
        if is_map(key.field.type):
            continue
        shown = describe(key.field.type)
        if shown.boolean:
            parser.add_argument(
                key.flag, dest=key.name, default=None, help=shown.help,
                action=argparse.BooleanOptionalAction,
            )  # fmt: skip
        else:
            parser.add_argument(
                key.flag, dest=key.name, default=None, help=shown.help, metavar=shown.metavar,
                action="append",
            )  # fmt: skip


def load(
    kind: type[T],
    path: Path | None,
    default_path: Path,
    flags: argparse.Namespace | AnyMapping[str, Any] | None = None,
    *,
    required: bool = False,
    read: Callable[[Path], Mapping | None] = tree_here,
) -> Loaded[T]:
    """Load a configuration.

    Args:
        kind: the Struct that describes it.
        path: the file that was asked for; it must exist.
        default_path: read where none was asked for and it exists.
        flags: what `add_flags` parsed, by dotted key.
        required: the default file must exist too.
        read: reads a file.

    Raises:
        ConfigError: anything is wrong; all mistakes of a file at once, one a line.
    """
    chosen = path or default_path
    present = path is not None or required or default_path.exists()
    tree = read(chosen) if present else None
    given = vars(flags) if isinstance(flags, argparse.Namespace) else dict(flags or {})
    work = _Work(str(chosen), {}, {}, [])
    if tree is not None:
        _take_file(work, kind, tree)
    for key in _keys(kind):
        if given.get(key.name) is not None:
            _take_flag(work, key, given[key.name])
    value = _build(work, kind)
    origin = {key.name: work.origin.get(key.name, DEFAULT) for key in _keys(kind)}
    return Loaded(value, origin, chosen if present else None)


def load_in_child(
    kind: type[T],
    path: Path | None,
    default_path: Path,
    flags: argparse.Namespace | AnyMapping[str, Any] | None = None,
    *,
    required: bool = False,
) -> Loaded[T]:
    """Do as `load`, but have a short-lived child read the YAML: for the agent, which stays small.

    Raises:
        ConfigError: as `load`.
    """
    return load(kind, path, default_path, flags, required=required, read=tree_in_child)


class _Work(NamedTuple):
    path: str
    values: dict[str, Any]
    """By dotted key."""
    origin: dict[str, str]
    problems: list[ConfigError]


def _take_file(work: _Work, kind: type[msgspec.Struct], tree: Mapping) -> None:
    fields = {field.encode_name: field for field in _fields(kind)}
    for key, node in tree.items:
        field = fields.get(key.text)
        if field is None:
            work.problems.append(_unknown(work, key, key.text, fields))
        elif isinstance(field.type, inspect.StructType):
            _take_struct(work, key, field.type, node)
        else:
            _take_node(work, key.text, field.type, node)


def _take_struct(work: _Work, key: Scalar, kind: inspect.StructType, node: Node) -> None:
    if not isinstance(node, Mapping):
        work.problems.append(
            ConfigError(
                f"{work.path}:{node.line}: {key.text} is a group of keys",
                hint=f"below it, indented: {', '.join(one.encode_name for one in kind.fields)}",
            )
        )
        return
    fields = {field.encode_name: field for field in kind.fields}
    for inner, value in node.items:
        field = fields.get(inner.text)
        name = f"{key.text}.{inner.text}"
        if field is None:
            work.problems.append(_unknown(work, inner, name, fields))
        else:
            _take_node(work, name, field.type, value)


def _unknown(
    work: _Work, key: Scalar, name: str, fields: AnyMapping[str, inspect.Field]
) -> ConfigError:
    return ConfigError(
        f"{work.path}:{key.line}: there is no key {name!r}", hint=did_you_mean(key.text, fields)
    )


def _take_node(work: _Work, name: str, kind: inspect.Type, node: Node) -> None:
    where = f"{work.path}:{node.line}"
    try:
        work.values[name] = convert(kind, node)
        work.origin[name] = where
    except BadValue as error:
        work.problems.append(ConfigError(f"{where}: {name}: {error.message}", hint=error.hint))


def _take_flag(work: _Work, key: _Key, given: Any) -> None:
    words = cast("list[object]", given if isinstance(given, list) else [given])
    plain = isinstance(given, bool)
    text = str(given).lower() if plain else ",".join(str(word) for word in words)
    if not plain and len(words) > 1 and not describe(key.field.type).many:
        text = str(words[-1])  # as with every other command, the last one holds
    try:
        work.values[key.name] = convert(key.field.type, Scalar(text, 0, plain=False))
        work.origin[key.name] = key.flag
    except BadValue as error:
        work.problems.append(ConfigError(f"{key.flag}: {error.message}", hint=error.hint))


def _build(work: _Work, kind: type[T]) -> T:
    missing = [key for key in _keys(kind) if key.field.required and key.name not in work.values]
    for key in missing:
        if not any(f"{key.name}:" in problem.message for problem in work.problems):
            work.problems.append(
                ConfigError(
                    f"{key.name} is not set", hint=f"write it into {work.path}, or give {key.flag}"
                )
            )
    _raise(work.problems)
    nested: dict[str, Any] = {}
    for field in _fields(kind):
        name = field.encode_name
        if isinstance(field.type, inspect.StructType):
            inner = {
                key.field.name: work.values[key.name]
                for key in _keys(kind)
                if key.owner == name and key.name in work.values
            }
            nested[field.name] = field.type.cls(**inner)
        elif name in work.values:
            nested[field.name] = work.values[name]
    try:
        return kind(**nested)
    except BadValue as error:  # a Struct's own check of how its fields fit together
        where = work.origin.get(error.key, work.path)
        text = (
            f"{where}: {error.key}: {error.message}" if error.key else f"{where}: {error.message}"
        )
        raise ConfigError(text, hint=error.hint) from error


def _raise(problems: list[ConfigError]) -> None:
    if not problems:
        return
    if len(problems) == 1:
        raise problems[0]
    lines = [f"{one.message}" + (f" ({one.hint})" if one.hint else "") for one in problems]
    raise ConfigError("\n".join(lines))
