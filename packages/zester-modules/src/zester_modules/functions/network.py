"""Networks and addresses as data."""

# ruff: noqa: D417  # the context is handed to every function alike

import ipaddress

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function


@function("network.calc_net", reads=True)
def calc_net(context: Context, ip_addr: str, netmask: str | None = None) -> str:  # noqa: ARG001  # every function is handed it
    """Answer the network that an address lies in.

    Args:
        ip_addr: the address, maybe with its prefix.
        netmask: as digits with dots, or as the length of the prefix.
    """
    text = f"{ip_addr}/{netmask}" if netmask else ip_addr
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise BadArgument("network.calc_net", "ip_addr", str(error)) from None


@function("network.ip_in_subnet", reads=True)
def ip_in_subnet(context: Context, ip_addr: str, cidr: str) -> bool:  # noqa: ARG001  # every function is handed it
    """Answer whether an address lies in a network.

    Args:
        ip_addr: the address.
        cidr: the network, such as `10.0.0.0/8`.
    """
    try:
        return ipaddress.ip_address(ip_addr) in ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        raise BadArgument("network.ip_in_subnet", "ip_addr", str(error)) from None
