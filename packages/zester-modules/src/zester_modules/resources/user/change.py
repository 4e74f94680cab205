"""Brings an account from what it is to what it shall be, tool by tool, each effect named."""

from collections.abc import Mapping
from typing import Final

import msgspec

from zester_modules.accounts.tool import run_tool
from zester_modules.host.machine import Effects, GroupEntry, Machine, UserEntry
from zester_modules.resources.user.home import make_home, move_home
from zester_modules.resources.user.membership import groups_of, with_member
from zester_modules.resources.user.params import Params
from zester_modules.resources.user.wanted import ageing_key

LOCKED: Final = "!"
"""What useradd writes where the hash of a password would be."""
_CHAGE: Final = {
    "date": "--lastday", "mindays": "--mindays", "maxdays": "--maxdays", "warndays": "--warndays",
    "inactdays": "--inactive", "expire": "--expiredate",
}  # fmt: skip
_USERMOD: Final = {
    "uid": "--uid", "gid": "--gid", "home": "--home", "shell": "--shell", "gecos": "--comment",
}  # fmt: skip


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is and as it is wanted."""

    before: UserEntry | None
    after: UserEntry
    groups: list[str]
    make_home: bool
    new_group: bool
    fresh: Mapping[str, int | None]
    """The ageing that it has, or that the tools give to a new one."""
    today: int
    """In days since 1970."""
    params: Params


def change(todo: Todo, machine: Machine) -> None:
    """Make or change the account; every step leaves one that is whole."""
    now = _modified(todo, todo.before, machine) if todo.before else _made(todo, machine)
    if groups_of(now.name, machine) != todo.groups:
        effects = Effects(groups=with_member(machine, now.name, todo.groups))
        names = ",".join(todo.groups)
        run_tool(machine, "usermod", "--groups", names, "--", now.name, effects=effects)
    if todo.make_home:
        make_home(todo.after, machine, skeleton=todo.before is None)
    if now.password != todo.after.password:
        now = _with_password(now, todo, machine)
    _age(now, todo, machine)


def _made(todo: Todo, machine: Machine) -> UserEntry:
    after, params = todo.after, todo.params
    if todo.new_group:
        group = GroupEntry(name=after.name, gid=after.gid)
        own = ("--system",) if params.system else ()
        run_tool(
            machine, "groupadd", f"--gid={after.gid}", *own, "--", after.name,
            effects=Effects(groups={after.name: group}),
        )  # fmt: skip
    words = [
        "useradd", "--no-create-home", "--no-user-group", f"--uid={after.uid}",
        f"--gid={after.gid}", f"--home-dir={after.home}", f"--comment={after.gecos}",
        f"--shell={after.shell}",
    ]  # fmt: skip
    words += ["--system"] if params.system else []
    words += ["--non-unique"] if not params.unique else []
    words += ["--no-log-init"] if params.nologinit else []
    made = msgspec.structs.replace(after, password=LOCKED, ageing=todo.fresh)
    run_tool(machine, *words, "--", after.name, effects=Effects(users={after.name: made}))
    return made


def _modified(todo: Todo, before: UserEntry, machine: Machine) -> UserEntry:
    after = todo.after
    now = msgspec.structs.replace(after, password=before.password, ageing=before.ageing)
    words: list[str] = []
    for name, flag in _USERMOD.items():
        if getattr(before, name) != getattr(now, name):
            words += [flag, str(getattr(now, name))]
    if not words:
        return before
    words += ["--non-unique"] if before.uid != after.uid and not todo.params.unique else []
    run_tool(machine, "usermod", *words, "--", now.name, effects=Effects(users={now.name: now}))
    if todo.params.persist_home and before.home != after.home:
        move_home(before, after, machine)
    return now


def _with_password(now: UserEntry, todo: Todo, machine: Machine) -> UserEntry:
    after = todo.after
    ageing = dict(now.ageing) | {"last_change": todo.today}
    new = msgspec.structs.replace(now, password=after.password, ageing=ageing)
    effects = Effects(users={now.name: new})
    if after.password:
        line = f"{now.name}:{after.password}\n".encode()
        run_tool(machine, "chpasswd", "--encrypted", effects=effects, stdin=line)
    else:
        run_tool(machine, "usermod", "--password=", "--", now.name, effects=effects)
    return new


def _age(now: UserEntry, todo: Todo, machine: Machine) -> None:
    wanted = todo.after.ageing
    words: list[str] = []
    for name, flag in _CHAGE.items():
        key = ageing_key(name)
        if getattr(todo.params, name) is None or now.ageing.get(key) == wanted[key]:
            continue
        days = wanted[key]
        words += [flag, str(-1 if days is None else days)]
    if words:
        new = msgspec.structs.replace(now, ageing=wanted)
        run_tool(machine, "chage", *words, "--", now.name, effects=Effects(users={now.name: new}))
