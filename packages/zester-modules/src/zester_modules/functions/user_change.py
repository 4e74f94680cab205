"""Accounts that are made, changed and removed by states."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.returns import Return


@function("user.add", dry=True)
def add(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    name: str,
    uid: int | None = None,
    gid: str | None = None,
    groups: list[str] | None = None,
    home: str | None = None,
    shell: str | None = None,
    unique: bool = True,
    system: bool = False,
    fullname: str | None = None,
    createhome: bool = True,
) -> Return:
    """Make an account; one that is there is refused.

    Args:
        name: the user.
        uid: its number; else a free one.
        gid: the primary group, by number or name.
        groups: further groups.
        home: the home.
        shell: the login shell.
        unique: no other user may have the number.
        system: take a number from those of the system.
        fullname: the whole name.
        createhome: make the home.
    """
    if name in machine_of(context).users():
        raise Refused(f"there is a user {name!r} already", hint="user.info describes it")
    return by_state(
        context, "user.present", name, uid=uid, gid=gid, groups=groups, home=home, shell=shell,
        unique=unique, system=system, fullname=fullname, createhome=createhome,
    )  # fmt: skip


@function("user.delete", dry=True)
def delete(context: Context, name: str, remove: bool = False, force: bool = False) -> Return:
    """Remove an account.

    Args:
        name: the user.
        remove: its home and its mail, too.
        force: even while it is logged in.
    """
    return by_state(context, "user.absent", name, purge=remove, force=force)


@function("user.chuid", dry=True)
def chuid(context: Context, name: str, uid: int) -> Return:
    """Give a user another number.

    Args:
        name: the user.
        uid: the number.
    """
    return by_state(context, "user.present", _there(context, name), uid=uid, allow_uid_change=True)


@function("user.chgid", dry=True)
def chgid(context: Context, name: str, gid: str) -> Return:
    """Give a user another primary group.

    Args:
        name: the user.
        gid: the group, by number or name.
    """
    return by_state(context, "user.present", _there(context, name), gid=gid, allow_gid_change=True)


@function("user.chshell", dry=True)
def chshell(context: Context, name: str, shell: str) -> Return:
    """Give a user another login shell.

    Args:
        name: the user.
        shell: the shell.
    """
    return by_state(context, "user.present", _there(context, name), shell=shell)


@function("user.chhome", dry=True)
def chhome(context: Context, name: str, home: str, persist: bool = False) -> Return:
    """Give a user another home.

    Args:
        name: the user.
        home: the home.
        persist: take along what is in the old one.
    """
    return by_state(
        context, "user.present", _there(context, name), home=home, persist_home=persist,
        createhome=False,
    )  # fmt: skip


@function("user.chfullname", dry=True)
def chfullname(context: Context, name: str, fullname: str) -> Return:
    """Give a user another whole name.

    Args:
        name: the user.
        fullname: the name.
    """
    return by_state(context, "user.present", _there(context, name), fullname=fullname)


@function("user.chgroups", dry=True)
def chgroups(context: Context, name: str, groups: list[str], append: bool = False) -> Return:
    """Have a user in these groups.

    Args:
        name: the user.
        groups: beside the primary one.
        append: leave it in its others.
    """
    return by_state(
        context, "user.present", _there(context, name), groups=groups, remove_groups=not append
    )


def _there(context: Context, name: str) -> str:
    if name not in machine_of(context).users():
        raise Refused(f"there is no user {name!r}", hint="user.add makes one")
    return name
