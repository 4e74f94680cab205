"""Users and groups of this host, as the C library and shadow know them."""

import grp
import pwd
from collections.abc import Callable
from pathlib import Path

from zester_modules.host.machine import GroupEntry, UserEntry

_AGEING = ("last_change", "mindays", "maxdays", "warndays", "inactdays", "expire")


def users() -> dict[str, UserEntry]:
    """Give the accounts by name."""
    shadow = _shadow()
    return {
        one.pw_name: UserEntry(
            name=one.pw_name, uid=one.pw_uid, gid=one.pw_gid, gecos=one.pw_gecos, home=one.pw_dir,
            shell=one.pw_shell, password=shadow.get(one.pw_name, ("", {}))[0],
            ageing=shadow.get(one.pw_name, ("", {}))[1],
        )
        for one in pwd.getpwall()
    }  # fmt: skip


def groups() -> dict[str, GroupEntry]:
    """Give the groups by name."""
    return {
        one.gr_name: GroupEntry(name=one.gr_name, gid=one.gr_gid, members=tuple(one.gr_mem))
        for one in grp.getgrall()
    }


def users_in(read: Callable[[str], bytes | None]) -> dict[str, UserEntry]:
    """Give the accounts that the files of another root name."""
    shadow = _shadow_of(_text(read("/etc/shadow")))
    rows = [line.split(":") for line in _text(read("/etc/passwd")).splitlines()]
    return {
        row[0]: UserEntry(
            name=row[0], uid=int(row[2]), gid=int(row[3]), gecos=row[4], home=row[5], shell=row[6],
            password=shadow.get(row[0], ("", {}))[0], ageing=shadow.get(row[0], ("", {}))[1],
        )
        for row in rows if len(row) >= 7 and row[2].isdigit() and row[3].isdigit()
    }  # fmt: skip


def groups_in(read: Callable[[str], bytes | None]) -> dict[str, GroupEntry]:
    """Give the groups that the files of another root name."""
    rows = [line.split(":") for line in _text(read("/etc/group")).splitlines()]
    return {
        row[0]: GroupEntry(
            name=row[0], gid=int(row[2]), members=tuple(one for one in row[3].split(",") if one)
        )
        for row in rows
        if len(row) >= 4 and row[2].isdigit()
    }


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")


def _shadow() -> dict[str, tuple[str, dict[str, int | None]]]:
    try:
        return _shadow_of(Path("/etc/shadow").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}


def _shadow_of(text: str) -> dict[str, tuple[str, dict[str, int | None]]]:
    rows = [line.split(":") for line in text.splitlines()]
    return {
        row[0]: (
            row[1],
            {name: int(value) if value.isdigit() else None
             for name, value in zip(_AGEING, row[2:8], strict=False)},
        )
        for row in rows if len(row) >= 8
    }  # fmt: skip
