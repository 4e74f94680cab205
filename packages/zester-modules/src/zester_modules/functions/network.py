"""Networks and addresses as data, and those of this host."""

# ruff: noqa: D417  # the context is handed to every function alike

import ipaddress
import socket
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.facts.netlink import Address, addresses
from zester_modules.function import function

_CARDS = "/sys/class/net"


@function("network.calc_net", reads=True)
def calc_net(context: Context, ip_addr: str, netmask: str | None = None) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the network that an address lies in.

    Args:
        ip_addr: the address, maybe with its prefix.
        netmask: as digits with dots, or as the length of the prefix.
    """
    text = f"{ip_addr}/{netmask}" if netmask else ip_addr
    return str(_network("network.calc_net", "ip_addr", text))


@function("network.ip_in_subnet", reads=True)
def ip_in_subnet(context: Context, ip_addr: str, cidr: str) -> bool:  # noqa: ARG001  # every function is handed it
    """Answer whether an address lies in a network.

    Args:
        ip_addr: the address.
        cidr: the network, such as `10.0.0.0/8`.
    """
    network = _network("network.ip_in_subnet", "cidr", cidr)
    return _address("network.ip_in_subnet", ip_addr) in network


@function("network.in_subnet", reads=True)
def in_subnet(context: Context, cidr: str) -> bool:  # noqa: ARG001  # every function is handed it
    """Answer whether this host has an address in a network.

    Args:
        cidr: the network, such as `10.0.0.0/8`.
    """
    network = _network("network.in_subnet", "cidr", cidr)
    return any(ipaddress.ip_address(one.text) in network for one in addresses())


@function("network.is_private", reads=True)
def is_private(context: Context, ip_addr: str) -> bool:  # noqa: ARG001  # every function is handed it
    """Answer whether an address is of no use in the internet.

    Args:
        ip_addr: the address.
    """
    return _address("network.is_private", ip_addr).is_private


@function("network.is_loopback", reads=True)
def is_loopback(context: Context, ip_addr: str) -> bool:  # noqa: ARG001  # every function is handed it
    """Answer whether an address never leaves the host.

    Args:
        ip_addr: the address.
    """
    return _address("network.is_loopback", ip_addr).is_loopback


@function("network.ip_addrs", reads=True)
def ip_addrs(  # the signature is Salt's
    context: Context,  # noqa: ARG001  # every function is handed it
    interface: list[str] | None = None,
    include_loopback: bool = False,
    cidr: str = "",
    type: str = "",  # noqa: A002  # Salt's name
) -> list[str]:
    """Answer the IPv4 addresses of this host.

    Args:
        interface: only those of interfaces with these names; they may be globs.
        include_loopback: those that never leave the host, too.
        cidr: only those in this network.
        type: `public` or `private`.
    """
    if type not in {"", "public", "private"}:
        raise BadArgument(
            "network.ip_addrs", "type", f"{type!r} is none", expects="public, private"
        )
    found = _own(4, interface or [], cidr, loopback=include_loopback)
    return [
        one
        for one in found
        if not type or ipaddress.ip_address(one).is_private == (type != "public")
    ]


@function("network.ip_addrs6", reads=True)
def ip_addrs6(
    context: Context,  # noqa: ARG001  # every function is handed it
    interface: list[str] | None = None,
    include_loopback: bool = False,
    cidr: str = "",
) -> list[str]:
    """Answer the IPv6 addresses of this host.

    Args:
        interface: only those of interfaces with these names; they may be globs.
        include_loopback: those that never leave the host, too.
        cidr: only those in this network.
    """
    return _own(6, interface or [], cidr, loopback=include_loopback)


@function("network.subnets", reads=True)
def subnets(context: Context) -> list[str]:  # noqa: ARG001  # every function is handed it
    """Answer the IPv4 networks that this host has an address in."""
    found = [one for one in addresses() if one.version == 4]
    nets = {ipaddress.ip_interface(f"{one.text}/{one.prefix}").network for one in found}
    return [str(one) for one in sorted(nets, key=str) if not one.is_loopback]


@function("network.interfaces", reads=True)
def interfaces(context: Context) -> dict[str, dict[str, Any]]:  # noqa: ARG001  # every function is handed it
    """Answer the interfaces of this host with their addresses."""
    found = addresses()
    return {
        name: _interface(name, [one for one in found if one.interface == name])
        for _, name in socket.if_nameindex()
    }


@function("network.hw_addr", reads=True)
def hw_addr(context: Context, iface: str) -> str:
    """Answer the hardware address of an interface.

    Args:
        iface: its name.
    """
    known = interfaces(context)
    if iface not in known:
        raise Refused(f"there is no interface {iface!r}", hint=f"there are: {', '.join(known)}")
    return str(known[iface]["hwaddr"])


@function("network.get_hostname", reads=True)
def get_hostname(context: Context) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the name that this host gives itself."""
    return socket.gethostname()


@function("network.connect", reads=True)
def connect(
    context: Context,  # noqa: ARG001  # every function is handed it
    host: str,
    port: int,
    timeout: float = 5.0,
) -> dict[str, Any]:
    """Answer whether a TCP connection to another host comes about.

    Args:
        host: its name or address.
        port: where it listens.
        timeout: seconds that it has.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return {"result": True, "comment": f"connected to {host} at port {port}"}
    except (OSError, OverflowError) as error:
        return {"result": False, "comment": f"{host} at port {port}: {error}"}


def _own(version: int, names: Iterable[str], cidr: str, *, loopback: bool) -> list[str]:
    globs = [part for one in names for part in one.split(",")]
    network = _network("network.ip_addrs", "cidr", cidr) if cidr else None
    found = [
        ipaddress.ip_address(one.text)
        for one in addresses()
        if one.version == version
        and (not globs or any(fnmatchcase(one.interface, glob) for glob in globs))
    ]
    return [
        str(one)
        for one in sorted(set(found), key=int)
        if (loopback or not one.is_loopback) and (network is None or one in network)
    ]


def _interface(name: str, own: list[Address]) -> dict[str, Any]:
    folder = Path(_CARDS, name)
    try:
        flags = int((folder / "flags").read_text(), 16)
        hardware = (folder / "address").read_text().strip()
    except (OSError, ValueError):
        flags, hardware = 0, ""
    found: dict[str, Any] = {"up": bool(flags & 1), "hwaddr": hardware}
    for one in own:
        if one.version == 4:
            net = ipaddress.IPv4Interface(f"{one.text}/{one.prefix}").network
            entry = {"address": one.text, "netmask": str(net.netmask), "label": name}
            found.setdefault("inet", []).append(entry)
        else:
            scope = "link" if one.is_link_local else _scope(one.text)
            entry = {"address": one.text, "prefixlen": str(one.prefix), "scope": scope}
            found.setdefault("inet6", []).append(entry)
    return found


def _scope(text: str) -> str:
    return "host" if ipaddress.ip_address(text).is_loopback else "global"


def _network(function: str, name: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise BadArgument(function, name, str(error)) from None


def _address(function: str, text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise BadArgument(function, "ip_addr", str(error)) from None
