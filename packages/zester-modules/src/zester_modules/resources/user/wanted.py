"""What user.present wants of an account, beside what it is: entries of passwd and shadow."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

import msgspec

from zester_modules.accounts.login_defs import Rules, free_id, rules
from zester_modules.accounts.sha512_crypt import new_salt, salt_of, sha512_crypt
from zester_modules.host.machine import HostProblem, Machine, UserEntry
from zester_modules.resources.group.present import new_gid
from zester_modules.resources.user.params import Params

GECOS: Final = ("fullname", "roomnumber", "workphone", "homephone", "other")
AGEING: Final = ("date", "mindays", "maxdays", "warndays", "inactdays", "expire")
NO_PASSWORD: Final = ("", "!", "!!", "*", "!*")
EPOCH: Final = dt.date(1970, 1, 1)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is wanted."""

    entry: UserEntry
    fresh: Mapping[str, int | None]
    """The ageing that it has, or that the tools give to a new one."""
    new_group: bool = False
    """Its primary group has to be made first, with its own name."""
    warnings: tuple[str, ...] = ()


def gecos_of(entry: UserEntry) -> dict[str, str]:
    """Give the parts of the comment field by their names."""
    parts = entry.gecos.split(",", 4)
    return dict(zip(GECOS, [*parts, *[""] * (5 - len(parts))], strict=True))


def ageing_key(name: str) -> str:
    """Give the name of a parameter among an entry's ageing."""
    return "last_change" if name == "date" else name


def wanted(params: Params, before: UserEntry | None, machine: Machine, today: int) -> Wanted:
    """Give the account that the arguments mean.

    Raises:
        HostProblem: there cannot be such an account.
    """
    host = rules(machine)
    uid = _uid(params, before, machine, host)
    gid, new_group = _gid(params, before, machine, uid)
    password, warnings = _password(params, before)
    base = before or _new(params, host, today)
    changed = before is None or password != before.password
    entry = UserEntry(
        name=params.name, uid=uid, gid=gid,
        gecos=_gecos(params, base),
        home=params.home.rstrip("/") or "/" if params.home else base.home,
        shell=params.shell or base.shell,
        password=password,
        ageing=_ageing(params, base, today if changed else None),
    )  # fmt: skip
    _refuse_separators(entry)
    return Wanted(entry=entry, fresh=base.ageing, new_group=new_group, warnings=warnings)


def _new(params: Params, host: Rules, today: int) -> UserEntry:
    """Give the account that the host's tools would make of a name alone."""
    words = host.words
    limits = {
        "mindays": host.number("PASS_MIN_DAYS", -1), "maxdays": host.number("PASS_MAX_DAYS", -1),
        "warndays": host.number("PASS_WARN_AGE", -1), "inactdays": host.number("INACTIVE", -1),
        "expire": _day(words["EXPIRE"]) if words.get("EXPIRE") else -1,
    }  # fmt: skip
    ageing: dict[str, int | None] = {
        key: days if days >= 0 and not params.system else None for key, days in limits.items()
    } | {"last_change": today}
    return UserEntry(
        name=params.name, uid=0, gid=0, home=f"{words.get('HOME') or '/home'}/{params.name}",
        shell=words.get("SHELL") or "/bin/sh", ageing=ageing,
    )  # fmt: skip


def _uid(params: Params, before: UserEntry | None, machine: Machine, host: Rules) -> int:
    others = [one for one in machine.users().values() if one.name != params.name]
    if params.uid is None:
        if before:
            return before.uid
        taken = {one.uid for one in others}
        if not params.system:  # so that its own group can have the same number
            taken |= {one.gid for one in machine.groups().values()}
        return free_id(host.range("UID", system=params.system), taken, system=params.system)
    if before and before.uid == params.uid:
        return params.uid
    if before and not params.allow_uid_change:
        raise HostProblem(
            f"the uid of {params.name} is {before.uid}, not {params.uid}",
            hint="allow_uid_change: true changes it; its files keep the old one",
        )
    owner = next((one.name for one in others if one.uid == params.uid), None)
    if owner and params.unique:
        raise HostProblem(
            f"the uid {params.uid} is already taken by {owner}",
            hint="choose another one, or set unique: false",
        )
    return params.uid


def _gid(params: Params, before: UserEntry | None, machine: Machine, uid: int) -> tuple[int, bool]:
    wish = params.name if params.gid_from_name and params.gid is None else params.gid
    if wish is not None:
        return _gid_of(wish, params, before, machine), False
    if before:
        return before.gid, False
    host = rules(machine)
    if params.usergroup is False or (params.usergroup is None and not host.own_groups):
        return host.number("GROUP", 100), False
    own = machine.groups().get(params.name)
    if own is not None:
        return own.gid, False
    return new_gid(machine, system=params.system, wish=uid), True


def _gid_of(wish: int | str, params: Params, before: UserEntry | None, machine: Machine) -> int:
    groups = machine.groups()
    named = groups.get(wish) if isinstance(wish, str) else None
    gid = named.gid if named else int(wish) if str(wish).isdigit() else None
    if gid is None or all(one.gid != gid for one in groups.values()):
        raise HostProblem(f"there is no group {wish}", hint="make the group before the user")
    if before and before.gid != gid and not params.allow_gid_change:
        raise HostProblem(
            f"the gid of {params.name} is {before.gid}, not {gid}",
            hint="allow_gid_change: true changes it; its files keep the old one",
        )
    return gid


def _gecos(params: Params, base: UserEntry) -> str:
    parts = gecos_of(base)
    for name in GECOS:
        given: str | None = getattr(params, name)
        if given is not None and "," in given and name != "other":
            raise HostProblem(f"{name} holds a comma, which parts the fields of passwd")
        if given is not None:
            parts[name] = given
    return ",".join(parts[name] for name in GECOS).rstrip(",")


def _password(params: Params, before: UserEntry | None) -> tuple[str, tuple[str, ...]]:
    """Give what shadow has to hold."""
    now = before.password if before else "!"
    wish = now
    warnings: tuple[str, ...] = ()
    if params.empty_password:
        wish = ""
    elif params.password and (params.enforce_password or now in NO_PASSWORD):
        wish = params.password
        if params.hash_password:
            wish = sha512_crypt(params.password, salt_of(now) or new_salt())
        elif not wish.startswith(("$", "!", "*")):
            warnings = ("the password is no hash; hash_password: true makes one",)
    if params.password_lock and not wish.startswith("!"):
        wish = f"!{wish}"
    elif params.password_lock is False and wish.startswith("!"):
        bare = wish.lstrip("!")
        if not bare:
            return wish, (*warnings, "the password stays locked: without one, anybody could log in")
        wish = bare
    return wish, warnings


def _ageing(params: Params, base: UserEntry, changed: int | None) -> dict[str, int | None]:
    found: dict[str, int | None] = dict(base.ageing)
    if changed is not None:
        found["last_change"] = changed
    for name in AGEING:
        given: int | str | None = getattr(params, name)
        if given is not None:
            days = _day(given) if isinstance(given, str) else given
            found[ageing_key(name)] = days if days >= 0 else None
    return found


def _day(text: str) -> int:
    try:
        return (dt.date.fromisoformat(text) - EPOCH).days
    except ValueError:
        raise HostProblem(
            f"expire: {text!r} is no day", hint="write it 2030-12-31, or as days since 1970"
        ) from None


def _refuse_separators(entry: UserEntry) -> None:
    for what, text in (
        ("the home", entry.home), ("the shell", entry.shell), ("the comment", entry.gecos),
        ("the password", entry.password),
    ):  # fmt: skip
        if ":" in text or "\n" in text:
            raise HostProblem(f"{what} of {entry.name} holds a colon or a line's end")
    if not entry.home.startswith("/"):
        raise HostProblem(f"the home of {entry.name} is no absolute path: {entry.home!r}")
