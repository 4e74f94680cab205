"""Users and groups of this host, as the C library and shadow know them."""

import grp
import pwd
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


def _shadow() -> dict[str, tuple[str, dict[str, int | None]]]:
    try:
        lines = Path("/etc/shadow").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    rows = [line.split(":") for line in lines]
    return {
        row[0]: (
            row[1],
            {name: int(value) if value.isdigit() else None
             for name, value in zip(_AGEING, row[2:8], strict=False)},
        )
        for row in rows if len(row) >= 8
    }  # fmt: skip
