"""file.keyvalue: settings in files of `key = value`."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import edited, lines_of, text_from
from zester_modules.resources.file.sourced import worded
from zester_modules.resources.file.steps import apply


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep values of keys; the rest of the file and of their lines stays."""

    name: Annotated[str, Meta(description="path of the file")]
    key: Annotated[str, Meta(description="one key")] = ""
    value: Annotated[str | None, Meta(description="its value")] = None
    key_values: Annotated[dict[str, Any] | None, Meta(description="several keys")] = None
    separator: Annotated[str, Meta(description="what stands between key and value")] = "="
    append_if_not_found: Annotated[bool, Meta(description="add missing keys at the end")] = False
    prepend_if_not_found: Annotated[bool, Meta(description="the same, at the beginning")] = False
    uncomment: Annotated[
        str, Meta(description="signs before a commented key, which is brought to life")
    ] = ""
    count: Annotated[int, Meta(description="lines of one key that count; 0 is all")] = 1
    search_only: Annotated[bool, Meta(description="only say whether it is so")] = False
    key_ignore_case: Annotated[bool, Meta(description="keys in any case")] = False
    value_ignore_case: Annotated[bool, Meta(description="values in any case are the same")] = False
    ignore_if_missing: Annotated[bool, Meta(description="a missing file is fine")] = False
    create_if_missing: Annotated[bool, Meta(description="make a missing file")] = False
    prune: Annotated[bool, Meta(description="remove lines that begin with no such key")] = False
    show_changes: Annotated[bool, Meta(description="show a diff")] = True


def _pairs(params: Params) -> dict[str, str]:
    pairs = {key: worded(value) for key, value in (params.key_values or {}).items()}
    if params.key:
        if params.value is None:
            raise HostProblem(f"the key {params.key!r} has no value")
        pairs[params.key] = params.value
    if not pairs:
        raise HostProblem("neither key nor key_values says what is wanted")
    if any("\n" in text for pair in pairs.items() for text in pair):
        raise HostProblem("a key or a value is more than one line")
    return pairs


def _changed(params: Params, lines: list[str], pairs: dict[str, str]) -> list[str]:
    def form(text: str, *, ignore: bool) -> str:
        return text.strip().casefold() if ignore else text.strip()

    wanted = {form(key, ignore=params.key_ignore_case): (key, val) for key, val in pairs.items()}
    seen: dict[str, int] = dict.fromkeys(wanted, 0)
    new: list[str] = []
    for line in lines:
        bare = line.lstrip()
        alive = bare.lstrip(params.uncomment).lstrip() if params.uncomment else bare
        name, sign, value = alive.partition(params.separator.strip() or params.separator)
        key = form(name, ignore=params.key_ignore_case)
        if params.prune and not form(alive, ignore=params.key_ignore_case).startswith((*wanted,)):
            continue
        if not sign or key not in wanted or 0 < params.count <= seen[key]:
            new.append(line)
            continue
        seen[key] += 1
        text = wanted[key][1]
        same = form(value, ignore=params.value_ignore_case) == form(
            text, ignore=params.value_ignore_case
        )
        indent = line[: len(line) - len(bare)]
        gap = value[: len(value) - len(value.lstrip())]
        fresh = f"{indent}{name}{sign}{gap}{text}"
        if params.separator != params.separator.strip():
            fresh = f"{indent}{name.rstrip()}{params.separator}{text}"
        new.append((indent + alive if same else fresh) if alive != bare or not same else line)
    missing = [f"{key}{params.separator}{val}" for name, (key, val) in wanted.items()
               if not seen[name]]  # fmt: skip
    if params.prepend_if_not_found:
        return missing + new
    return new + missing if params.append_if_not_found else new


def check(params: Params, scope: Scope) -> Plan:
    """Plan to set values that are others."""
    pairs = _pairs(params)
    if not params.separator:
        raise HostProblem("the separator is empty")

    def change(text: str) -> str:
        lines = lines_of(text)
        new = _changed(params, lines, pairs)
        if new == lines:
            return text
        if params.search_only:
            raise HostProblem(f"{params.name} has other values, and is only looked at")
        return text_from(new, text)

    return edited(
        params.name, scope, change, create=params.create_if_missing,
        missing_is_fine=params.ignore_if_missing, show=params.show_changes,
    )  # fmt: skip


KEYVALUE: Final = Resource(
    name="file.keyvalue", params=Params, reach="path", check=check, apply=apply
)
