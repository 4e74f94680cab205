"""A host's network interfaces and addresses."""

import ipaddress
import socket
from typing import Any, Final

from zester_modules.facts.netlink import Address, addresses
from zester_modules.facts.source import Source

_UP: Final = 0x1
_FOLDER: Final = "/sys/class/net"
_ELSEWHERE: Final = ("192.0.2.1", 9)
"""Of TEST-NET-1 (RFC 5737); connecting a datagram socket sends nothing."""


def network(source: Source) -> dict[str, Any]:
    """Collect `ipv4`, `ipv6`, `default_ipv4` and `network`."""
    found = addresses()
    facts = {
        "ipv4": _sorted(one.text for one in found if one.version == 4),
        "ipv6": _sorted(one.text for one in found if one.version == 6),
        "network": {"interfaces": interfaces(source, found)},
    }
    default = default_ipv4()
    return facts | ({"default_ipv4": default} if default else {})


def interfaces(source: Source, found: list[Address]) -> dict[str, Any]:
    """Give the interfaces by name.

    The ends of containers' cables (neither a device nor an address of their own) are left out:
    they come and go with every container.
    """
    result: dict[str, Any] = {}
    for name in source.names(_FOLDER):
        own = [one for one in found if one.interface == name]
        is_device = source.exists(f"{_FOLDER}/{name}/device")
        if is_device or any(not one.is_link_local for one in own):
            result[name] = _interface(source, name, own)
    return result


def _interface(source: Source, name: str, own: list[Address]) -> dict[str, Any]:
    flags = source.text(f"{_FOLDER}/{name}/flags")
    mtu = source.text(f"{_FOLDER}/{name}/mtu")
    return {
        "mac": source.text(f"{_FOLDER}/{name}/address"),
        "mtu": int(mtu) if mtu.isdecimal() else 0,
        "up": bool(int(flags or "0", 16) & _UP),
        "ipv4": [f"{one.text}/{one.prefix}" for one in own if one.version == 4],
        "ipv6": [f"{one.text}/{one.prefix}" for one in own if one.version == 6],
    }


def _sorted(texts: Any) -> list[str]:
    return [str(one) for one in sorted({ipaddress.ip_address(text) for text in texts})]


def default_ipv4() -> str:
    """Give the address from which this host would speak to others, or ""."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            found = str(probe.getsockname()[0])
        except OSError:
            return ""
    return "" if found == "0.0.0.0" else found
