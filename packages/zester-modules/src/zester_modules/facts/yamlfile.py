"""YAML as facts are written in it: the core schema of YAML 1.2, so that `no` and `1:30` are text.

Only children and workers import this; YAML never enters the agent.
"""

import re
from typing import Any, Final, cast

import yaml

MAX_DEPTH: Final = 60
"""Levels; what `codec.normalise` takes, less some."""

_TAGS: Final = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN\0"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, pattern, firsts in _TAGS:
        for first in firsts:
            key = "" if first == "\0" else first
            table.setdefault(key, []).append((tag, re.compile(rf"(?:{pattern})\Z")))
    return table


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C where PyYAML was built with it: ten times as fast."""


def _loader() -> Any:
    class Loader(_Base):
        """Safe, of the core schema, and without duplicate keys."""

        yaml_implicit_resolvers = _resolvers()

    kind: Any = Loader
    kind.add_constructor("tag:yaml.org,2002:int", _integer)
    kind.add_constructor("tag:yaml.org,2002:map", _mapping)
    return kind


class _Dumper(yaml.SafeDumper):
    """Quotes whatever the loader would take for something else than text."""


def _integer(loader: Any, node: Any) -> int:
    text: str = loader.construct_scalar(node)
    based = text[:2] in {"0o", "0x"}
    return int(text[2:], {"o": 8, "x": 16}[text[1]]) if based else int(text)


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(
                None, None, "a key has to be a word", key_node.start_mark
            )
        if key_node.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key_node.value!r} is there twice", key_node.start_mark
            )
        seen.add(key_node.value)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_Dumper.yaml_implicit_resolvers = _resolvers()
_LOADER: Final = _loader()


def load(text: str) -> Any:
    """Read one document.

    Raises:
        ValueError: it is not YAML, or has a key twice; the text names the line.
    """
    try:
        _check_depth(text)
        loader = _LOADER(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ValueError(_problem(error)) from None


def _check_depth(text: str) -> None:
    # the loader in C calls itself at each level, and 20,000 brackets end the whole process
    depth = 0
    events: Any = cast("Any", yaml).parse(text, Loader=_LOADER)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1
            raise ValueError(f"line {line}: more than {MAX_DEPTH} levels deep")


def _problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def dump(value: Any) -> str:
    """Write a value so that `load` gives it back, keys sorted."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, default_flow_style=False)
