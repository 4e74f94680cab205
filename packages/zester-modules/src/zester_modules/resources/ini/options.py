"""ini.options_present and ini.options_absent: options of an ini file."""

from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import edited
from zester_modules.resources.file.sourced import worded
from zester_modules.resources.file.steps import apply
from zester_modules.resources.ini.text import Ini


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keep options; an option beside the sections stands before the first of them."""

    name: Annotated[str, Meta(description="path of the file; made if it is missing")]
    sections: Annotated[
        dict[str, Any], Meta(description="section: {option: value}, or option: value")
    ]
    separator: Annotated[str, Meta(description="between an option and its value")] = "="
    strict: Annotated[bool, Meta(description="no other options in these sections")] = False


class AbsentParams(msgspec.Struct, frozen=True, kw_only=True):
    """Take options away."""

    name: Annotated[str, Meta(description="path of the file")]
    sections: Annotated[dict[str, Any], Meta(description="section: [options], or option: null")]
    separator: Annotated[str, Meta(description="between an option and its value")] = "="


def _given(sections: dict[str, Any]) -> dict[str, dict[str, str]]:
    given: dict[str, dict[str, str]] = {}
    for key, value in sections.items():
        if isinstance(value, dict):
            pairs = cast("dict[Any, Any]", value).items()
            given[key] = {str(name): _value(name, one) for name, one in pairs}
        else:
            given.setdefault("", {})[key] = _value(key, value)
    return given


def _value(name: Any, value: Any) -> str:
    text = "" if value is None else worded(value)
    if "\n" in text or "\n" in str(name):
        raise HostProblem(f"the option {name!r} is more than one line")
    return text


def check_present(params: Params, scope: Scope) -> Plan:
    """Plan to set what has other values."""
    given = _given(params.sections)

    def change(text: str) -> str:
        ini = Ini(text, params.separator)
        for section, options in given.items():
            ini.add_section(section)
            for key in ini.options(section) if params.strict and section else ():
                if key not in options:
                    ini.drop(section, key)
            for key, value in options.items():
                ini.set(section, key, value)
        return ini.text()

    return edited(params.name, scope, change, create=True)


def check_absent(params: AbsentParams, scope: Scope) -> Plan:
    """Plan to take away what is there."""

    def change(text: str) -> str:
        ini = Ini(text, params.separator)
        for section, options in params.sections.items():
            if isinstance(options, list | dict):
                for key in cast("list[Any]", options):
                    ini.drop(section, str(key))
            else:
                ini.drop("", section)
        return ini.text()

    return edited(params.name, scope, change, missing_is_fine=True)


_RETIRES: Final = ("no_spaces", "encoding")
OPTIONS_PRESENT: Final = Resource(
    name="ini.options_present",
    params=Params,
    reach="path",
    check=check_present,
    apply=apply,
    retires=_RETIRES,
)
OPTIONS_ABSENT: Final = Resource(
    name="ini.options_absent", params=AbsentParams, reach="path", check=check_absent, apply=apply,
    retires=_RETIRES,
)  # fmt: skip
