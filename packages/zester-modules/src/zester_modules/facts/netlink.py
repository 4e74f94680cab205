"""The addresses of this host, from the kernel itself (man 7 rtnetlink)."""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Final

import msgspec

_GETADDR: Final = 22
_NEWADDR: Final = 20
_ERROR: Final = 2
_DONE: Final = 3
_REQUEST_DUMP: Final = 0x301

_HEADER: Final = struct.Struct("=IHHII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH")

_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_IFA_FLAGS: Final = 8
_TEMPORARY: Final = 0x01
_FAMILIES: Final = {socket.AF_INET: 4, socket.AF_INET6: 6}


class Address(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One address of an interface."""

    interface: str
    version: int
    text: str
    prefix: int

    @property
    def is_link_local(self) -> bool:
        """Whether it says nothing beyond its own cable."""
        return ipaddress.ip_address(self.text).is_link_local


def addresses() -> list[Address]:
    """Give all addresses of this host but those that IPv6 makes up for a day.

    Raises:
        OSError: the kernel does not answer, or refuses.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.settimeout(3)
        request = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        size = _HEADER.size + len(request)
        link.sendto(_HEADER.pack(size, _GETADDR, _REQUEST_DUMP, 1, 0) + request, (0, 0))
        answers = bytearray()
        while not _is_done(answers):
            answers += link.recv(256 * 1024)
    return parse_addresses(bytes(answers), dict(socket.if_nameindex()))


def _is_done(data: bytes | bytearray) -> bool:
    return any(kind in {_DONE, _ERROR} for kind, _ in _messages(bytes(data)))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        size, kind, *_ = _HEADER.unpack_from(data, at)
        if size < _HEADER.size:
            return
        yield kind, data[at + _HEADER.size : at + size]
        at += size + 3 & ~3


def parse_addresses(data: bytes, interfaces: dict[int, str]) -> list[Address]:
    """Read the kernel's answer, sorted.

    Raises:
        OSError: the answer is a refusal.
    """
    found: list[Address] = []
    for kind, body in _messages(data):
        if kind == _ERROR:
            number = -struct.unpack_from("=i", body)[0]
            raise OSError(number, "the kernel does not tell its addresses")
        if kind == _NEWADDR and len(body) >= _ADDRESS.size:
            found += _address(body, interfaces)
    return sorted(found)


def _address(body: bytes, interfaces: dict[int, str]) -> list[Address]:
    family, prefix, flags, _scope, index = _ADDRESS.unpack_from(body)
    attributes = dict(_attributes(body[_ADDRESS.size :]))
    if _IFA_FLAGS in attributes:
        (flags,) = struct.unpack_from("=I", attributes[_IFA_FLAGS])
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    version = _FAMILIES.get(family)
    # the flag means "secondary" for IPv4, and those stay
    if not packed or version is None or (version == 6 and flags & _TEMPORARY):
        return []
    text = str(ipaddress.ip_address(packed))
    name = interfaces.get(index, str(index))
    return [Address(interface=name, version=version, text=text, prefix=prefix)]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if size < _ATTRIBUTE.size:
            return
        yield kind, data[at + _ATTRIBUTE.size : at + size]
        at += size + 3 & ~3
