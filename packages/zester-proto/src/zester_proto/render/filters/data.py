"""Filters that write and read data, and that look into it."""

import json
import pprint
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

import yaml
from jinja2 import StrictUndefined, pass_environment
from jinja2.exceptions import TemplateRuntimeError

from zester_proto.render.data import read_value
from zester_proto.render.kinds import is_dict, is_list, is_map, is_set
from zester_proto.render.values import word

_SAFE: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MAX_DEPTH: Final = 100


class _Dumper(_SAFE):
    """PyYAML's dumper; an ordered mapping keeps its order, others are sorted, as in Salt."""


def _ordered(dumper: Any, value: Mapping[Any, Any]) -> Any:
    return dumper.represent_dict(list(value.items()))


_Dumper.add_representer(OrderedDict, _ordered)


def simple(value: Any, depth: int = 0) -> Any:
    """Return data as dicts, lists and what writers know; texts lose their subclasses.

    Raises:
        UndefinedError: something in it was never given.
        TemplateRuntimeError: it is too deep.
    """
    if depth > _MAX_DEPTH:
        raise TemplateRuntimeError(f"data of more than {_MAX_DEPTH} levels")
    match value:
        case StrictUndefined():
            return str(value)
        case None | bool() | int() | float() | bytes():
            return value
        case str():
            return str(value)
        case _ if is_map(value):
            pairs = ((simple(k, depth + 1), simple(v, depth + 1)) for k, v in value.items())
            return OrderedDict(pairs) if isinstance(value, OrderedDict) else dict(pairs)
        case _ if is_set(value):
            return {simple(item, depth + 1) for item in value}
        case Iterable():
            return [simple(item, depth + 1) for item in cast("Iterable[Any]", value)]
        case _:
            return value


def to_yaml(value: Any, flow_style: bool | None = True) -> str:
    """Return a value as YAML; on one line with `flow_style`, in a block with `yaml(False)`."""
    written: str = yaml.dump(
        simple(value), Dumper=_Dumper, default_flow_style=flow_style, allow_unicode=True
    )
    return written.strip().removesuffix("\n...")


def dict_to_sls_yaml_params(value: Mapping[Any, Any], flow_style: bool | None = False) -> str:
    """Return a mapping as the list of single pairs that a state takes."""
    return to_yaml([{key: item} for key, item in value.items()], flow_style)


def to_json(value: Any, sort_keys: bool = True, indent: int | None = None) -> str:
    """Return a value as JSON with sorted keys."""
    return json.dumps(
        _listed(simple(value)), sort_keys=sort_keys, indent=indent, ensure_ascii=False
    )


_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})


def tojson(value: Any, indent: int | None = None, **options: Any) -> str:
    """Return a value as JSON that may stand in HTML too; keys keep their order."""
    options.setdefault("ensure_ascii", True)
    return json.dumps(_listed(simple(value)), indent=indent, **options).translate(_HTML)


def _listed(value: Any) -> Any:
    if is_map(value):
        return {key: _listed(item) for key, item in value.items()}
    if is_set(value) or is_list(value):
        return [_listed(item) for item in value]
    return value


def to_python(value: Any) -> str:
    """Return a value as Python would write it."""
    return pprint.pformat(simple(value)).strip()


def _reader(kind: str) -> Callable[..., Any]:
    @pass_environment
    def read(environment: Any, value: Any) -> Any:
        return read_value(kind, value, environment.dialect, environment.secrets)

    return read


def traverse(data: Any, key: Any, default: Any = None, delimiter: str = ":") -> Any:
    """Return what lies at a path such as `a:b:0` in data, or the default.

    A number is an index of a list or, if a mapping in that list has it, a key of that. A key that
    is not there as a text is looked for as what it means (`1`, `true`).
    """
    if isinstance(key, str):
        steps: list[Any] = key.split(delimiter)
    else:
        steps = [key] if isinstance(key, int) else list(key)
    for step in steps:
        found, data = _in_list(data, step) if is_list(data) else _in_map(data, step)
        if not found:
            return default
    return data


def _in_list(items: list[Any], step: Any) -> tuple[bool, Any]:
    try:
        index: Any = int(step)
    except (TypeError, ValueError):
        index = step
    for item in items:
        if is_dict(item) and index in item:
            return True, item[index]
    if isinstance(index, int) and -len(items) <= index < len(items):
        return True, items[index]
    return False, None


def _in_map(data: Any, step: Any) -> tuple[bool, Any]:
    for key in (step, word(step, "sls") if isinstance(step, str) and step else step):
        try:
            return True, data[key]
        except (KeyError, IndexError, TypeError):
            continue
    return False, None


def to_entries(data: Mapping[Any, Any] | list[Any]) -> list[dict[str, Any]]:
    """Return a mapping or list as a list of `{key, value}`."""
    pairs = data.items() if isinstance(data, Mapping) else enumerate(data)
    return [{"key": key, "value": value} for key, value in pairs]


def from_entries(entries: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
    """Return a list of `{key, value}` or `{name, value}` as a mapping."""
    lowered = [{str(name).lower(): item for name, item in entry.items()} for entry in entries]
    named = [(entry.get("key") or entry.get("name"), entry.get("value")) for entry in lowered]
    return {key: value for key, value in named if key}


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "yaml": to_yaml,
    "json": to_json,
    "tojson": tojson,
    "python": to_python,
    "dict_to_sls_yaml_params": dict_to_sls_yaml_params,
    "load_yaml": _reader("yaml"),
    "load_json": _reader("json"),
    "load_text": _reader("text"),
    "traverse": traverse,
    "to_entries": to_entries,
    "from_entries": from_entries,
}
