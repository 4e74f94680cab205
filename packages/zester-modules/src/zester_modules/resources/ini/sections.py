"""ini.sections_present and ini.sections_absent: sections of an ini file."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.resource import Plan, Resource, Scope
from zester_modules.resources.file.edit import edited
from zester_modules.resources.file.steps import apply
from zester_modules.resources.ini.text import Ini


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Sections by name; of a map only the names count."""

    name: Annotated[str, Meta(description="path of the file")]
    sections: Annotated[list[str] | dict[str, Any], Meta(description="names of the sections")]
    separator: Annotated[str, Meta(description="not looked at")] = "="


def check_present(params: Params, scope: Scope) -> Plan:
    """Plan to add what is missing."""

    def change(text: str) -> str:
        ini = Ini(text)
        for section in params.sections:
            ini.add_section(section)
        return ini.text()

    return edited(params.name, scope, change, create=True)


def check_absent(params: Params, scope: Scope) -> Plan:
    """Plan to take them away, with their options."""

    def change(text: str) -> str:
        ini = Ini(text)
        for section in params.sections:
            if section:
                ini.drop_section(section)
        return ini.text()

    return edited(params.name, scope, change, missing_is_fine=True)


SECTIONS_PRESENT: Final = Resource(
    name="ini.sections_present", params=Params, reach="path", check=check_present, apply=apply,
    retires=("encoding",),
)  # fmt: skip
SECTIONS_ABSENT: Final = Resource(
    name="ini.sections_absent", params=Params, reach="path", check=check_absent, apply=apply,
    retires=("encoding",),
)  # fmt: skip
