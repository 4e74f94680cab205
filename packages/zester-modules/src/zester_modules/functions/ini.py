"""Options of ini files, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.edits import text_at
from zester_modules.resources.ini.text import Ini
from zester_modules.returns import Return
from zester_modules.words import Value


@function("ini.get_section", reads=True)
def get_section(
    context: Context, file_name: str, section: str, separator: str = "="
) -> dict[str, str]:
    """Answer the options of a section with their values.

    Args:
        file_name: path of the file.
        section: its name; "" is the part before the first one.
        separator: between an option and its value.
    """
    return Ini(text_at(machine_of(context), file_name), separator).options(section)


@function("ini.get_option", reads=True)
def get_option(
    context: Context, file_name: str, section: str, option: str, separator: str = "="
) -> str | None:
    """Answer the value of an option; null where it has none.

    Args:
        file_name: path of the file.
        section: its name; "" is the part before the first one.
        option: its name.
        separator: between an option and its value.
    """
    return get_section(context, file_name, section, separator).get(option)


@function("ini.set_option", dry=True)
def set_option(
    context: Context, file_name: str, sections: dict[str, Value], separator: str = "="
) -> Return:
    """Give options their values.

    Args:
        file_name: path of the file.
        sections: section: {option: value}, or option: value.
        separator: between an option and its value.
    """
    return by_state(
        context, "ini.options_present", file_name, sections=sections, separator=separator
    )


@function("ini.remove_option", dry=True)
def remove_option(
    context: Context, file_name: str, section: str, option: str, separator: str = "="
) -> Return:
    """Take an option away.

    Args:
        file_name: path of the file.
        section: its name.
        option: its name.
        separator: between an option and its value.
    """
    return by_state(
        context, "ini.options_absent", file_name, sections={section: [option]},
        separator=separator,
    )  # fmt: skip
