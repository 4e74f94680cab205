"""Locales of the host, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Command
from zester_modules.resources.locale import plain, system_locale
from zester_modules.returns import Return


@function("locale.get_locale", reads=True)
def get_locale(context: Context) -> str:
    """Answer the locale that programs start with; "" where none is set."""
    return system_locale(machine_of(context)) or ""


@function("locale.list_avail", reads=True)
def list_avail(context: Context) -> list[str]:
    """Answer the locales that are made."""
    done = machine_of(context).ask(Command(argv=("locale", "-a")))
    return done.stdout.decode("utf-8", "replace").split()


@function("locale.avail", reads=True)
def avail(context: Context, locale: str) -> bool:
    """Answer whether a locale is made.

    Args:
        locale: such as en_US.UTF-8.
    """
    return plain(locale) in {plain(one) for one in list_avail(context)}


@function("locale.set_locale", dry=True)
def set_locale(context: Context, locale: str) -> Return:
    """Set the locale that programs start with.

    Args:
        locale: such as en_US.UTF-8.
    """
    return by_state(context, "locale.system", locale)


@function("locale.gen_locale", dry=True)
def gen_locale(context: Context, locale: str) -> Return:
    """List a locale, and make it.

    Args:
        locale: such as en_US.UTF-8.
    """
    return by_state(context, "locale.present", locale)
