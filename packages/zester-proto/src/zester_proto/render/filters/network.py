"""Filters on addresses and networks."""

import ipaddress
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final

from jinja2.exceptions import TemplateRuntimeError

_MAX_HOSTS: Final = 65_536
_ALIASES: Final = {
    "ll": "link_local", "linklocal": "link_local", "lo": "loopback", "public": "global",
    "sl": "site_local",
}  # fmt: skip
_KINDS: Final = frozenset({
    "global", "link_local", "loopback", "multicast", "private", "reserved", "site_local",
    "unspecified",
})  # fmt: skip


def _read(value: Any, version: int | None, options: str | None) -> str | None:
    """Return an address, or an address with its network, if it is one of this version and kind."""
    try:
        address: Any = ipaddress.ip_address(value)
    except ValueError:
        try:
            address = ipaddress.ip_interface(value)
        except ValueError:
            return None
    if version is not None and address.version != version:
        return None
    return str(address) if all(_is(address, kind) for kind in _kinds(options)) else None


def _kinds(options: str | None) -> list[str]:
    words = [word.strip().replace("-", "_") for word in (options or "").split(",")]
    return [kind for word in words if (kind := _ALIASES.get(word, word)) in _KINDS]


def _is(address: Any, kind: str) -> bool:
    if kind == "global":
        return not address.is_private
    return bool(getattr(address, f"is_{kind}", False))


def _filter(version: int | None) -> Callable[..., Any]:
    def addresses(value: Any, options: str | None = None) -> Any:
        """Return the addresses of a list, or one address, or None."""
        if isinstance(value, str | bytes):
            return _read(value, version, options)
        if not isinstance(value, list | tuple | Generator):
            return None
        versions = (4, 6) if version is None else (version,)
        items: list[Any] = [*value]
        found = [_read(item, number, options) for number in versions for item in items]
        return [address for address in found if address is not None]

    return addresses


def _test(version: int | None) -> Callable[..., bool]:
    def check(value: Any, options: str | None = None) -> bool:
        return _read(value, version, options) is not None

    return check


def _of_networks(make: Callable[[str], Any]) -> Callable[..., Any]:
    def of(value: Any, options: str | None = None, version: int | None = None) -> Any:
        found = _filter(version)(value, options)
        if not found:
            return None
        return make(found) if isinstance(found, str) else [make(item) for item in found]

    return of


def _hosts(value: str) -> list[str]:
    network = ipaddress.ip_network(value, strict=False)
    if network.num_addresses > _MAX_HOSTS:
        raise TemplateRuntimeError(f"{network} has more than {_MAX_HOSTS} hosts")
    return [str(host) for host in network.hosts()]


def _size(value: str) -> int:
    return ipaddress.ip_network(value, strict=False).num_addresses


def _interface(value: str) -> str:
    return str(ipaddress.ip_interface(value))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "is_ip": _test(None),
    "is_ipv4": _test(4),
    "is_ipv6": _test(6),
    "ipaddr": _filter(None),
    "ipv4": _filter(4),
    "ipv6": _filter(6),
    "ip_host": _of_networks(_interface),
    "network_hosts": _of_networks(_hosts),
    "network_size": _of_networks(_size),
}
