"""Names and addresses of `/etc/hosts`, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.returns import Return
from zester_modules.tables import hosts_file
from zester_modules.tables.hosts_file import HOSTS, Line


def _lines(context: Context) -> list[Line]:
    return hosts_file.parse(machine_of(context).read(HOSTS) or b"")


@function("hosts.list_hosts", reads=True)
def list_hosts(context: Context) -> dict[str, dict[str, Any]]:
    """Answer the names of every address, and its comment where there is one."""
    found: dict[str, dict[str, Any]] = {}
    for one in _lines(context):
        if one.address:
            entry = found.setdefault(one.address, {"aliases": []})
            entry["aliases"] += [name for name in one.names if name not in entry["aliases"]]
            entry |= {"comment": one.comment} if one.comment else {}
    return found


@function("hosts.get_ip", reads=True)
def get_ip(context: Context, host: str) -> str:
    """Answer the first address of a name; "" where it has none.

    Args:
        host: the name.
    """
    return next((one.address for one in _lines(context) if host in one.names), "")


@function("hosts.get_alias", reads=True)
def get_alias(context: Context, ip: str) -> list[str]:
    """Answer the names of an address.

    Args:
        ip: the address.
    """
    return hosts_file.names_of(_lines(context), ip)


@function("hosts.has_pair", reads=True)
def has_pair(context: Context, ip: str, alias: str) -> bool:
    """Answer whether an address has a name.

    Args:
        ip: the address.
        alias: the name.
    """
    return alias in hosts_file.names_of(_lines(context), ip)


@function("hosts.add_host", dry=True)
def add_host(context: Context, ip: str, alias: str) -> Return:
    """Let a name stand for an address, beside others.

    Args:
        ip: the address.
        alias: the name.
    """
    return by_state(context, "host.present", alias, ip=[ip])


@function("hosts.rm_host", dry=True)
def rm_host(context: Context, ip: str, alias: str) -> Return:
    """Let a name no longer stand for an address.

    Args:
        ip: the address.
        alias: the name.
    """
    return by_state(context, "host.absent", alias, ip=[ip])


@function("hosts.set_host", dry=True)
def set_host(context: Context, ip: str, alias: str) -> Return:
    """Let an address have these names and no others.

    Args:
        ip: the address.
        alias: its names, with blanks between them; none: it goes.
    """
    return by_state(context, "host.only", ip, hostnames=alias.split())
