"""Addresses and networks, IPv4 and IPv6, as numbers."""

import socket
from functools import lru_cache
from typing import Any, NamedTuple, cast


class Net(NamedTuple):
    """The addresses whose first `length` bits are `prefix`.

    Attributes:
        version: 4 or 6.
        prefix: the network's first bits, as a number of `length` bits.
        length: how many bits.
    """

    version: int
    prefix: int
    length: int

    def holds(self, version: int, address: int) -> bool:
        """Say whether an address lies in it."""
        shift = (32 if self.version == 4 else 128) - self.length
        return version == self.version and address >> shift == self.prefix


@lru_cache(maxsize=256)
def network(text: str) -> Net:
    """Read `10.0.0.1`, `10.0.0.0/8` or `2001:db8::/32`.

    Raises:
        ValueError: it is none of these, or bits of the host are set.
    """
    import ipaddress  # noqa: PLC0415  # only who asks for networks pays for it

    net = ipaddress.ip_network(text)
    shift = net.max_prefixlen - net.prefixlen
    return Net(net.version, int(net.network_address) >> shift, net.prefixlen)


def address(value: Any) -> tuple[int, int] | None:
    """Give version and number of an address as a fact holds it, or None where it is none."""
    if type(value) is not str:
        return None
    text = value.partition("%")[0]  # fe80::1%eth0
    version, family = (6, socket.AF_INET6) if ":" in text else (4, socket.AF_INET)
    try:
        return version, int.from_bytes(socket.inet_pton(family, text))
    except (OSError, ValueError):
        return None


def addresses(value: Any) -> list[tuple[int, int]]:
    """Give all addresses that a fact holds: a text or a list of them."""
    values = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [found for one in values if (found := address(one)) is not None]
