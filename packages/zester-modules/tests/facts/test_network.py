import ipaddress
import socket
import struct
from pathlib import Path

import psutil
import pytest

from zester_modules.facts import network
from zester_modules.facts.netlink import Address, addresses, parse_addresses
from zester_modules.facts.source import Source


def message(kind: int, body: bytes) -> bytes:
    head = struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 1)
    return (head + body).ljust((16 + len(body) + 3) & ~3, b"\0")


def attribute(kind: int, body: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(body), kind) + body.ljust((len(body) + 3) & ~3, b"\0")


def entry(text: str, prefix: int, index: int = 2, flags: int = 0, *, wide: bool = False) -> bytes:
    address = ipaddress.ip_address(text)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    body = struct.pack("=BBBBI", family, prefix, 0 if wide else flags, 0, index)
    body += attribute(3, b"label7\0")
    body += attribute(1, address.packed)
    return message(20, body + (attribute(8, struct.pack("=I", flags)) if wide else b""))


def test_the_addresses_of_this_host_are_those_that_psutil_sees():
    families = {socket.AF_INET, socket.AF_INET6}
    expected = {
        (name, one.address.partition("%")[0])
        for name, found in psutil.net_if_addrs().items()
        for one in found
        if one.family in families
    }
    assert {(one.interface, one.text) for one in addresses()} == expected


def test_secondary_ipv4_addresses_stay_and_temporary_ipv6_ones_do_not():
    data = entry("10.0.0.2", 24, flags=1) + entry("2001:db8::5", 64, flags=1)
    data += (
        entry("2001:db8::6", 64, flags=0x101, wide=True) + entry("fe80::1", 64) + message(3, b"")
    )
    assert [one.text for one in parse_addresses(data, {2: "eth0"})] == ["10.0.0.2", "fe80::1"]


def test_an_interface_that_vanished_meanwhile_is_called_by_its_number():
    (found,) = parse_addresses(entry("10.0.0.2", 24, index=9), {})
    assert found == Address(interface="9", version=4, text="10.0.0.2", prefix=24)


def test_a_refusal_of_the_kernel_is_an_error():
    with pytest.raises(OSError, match="does not tell"):
        parse_addresses(message(2, struct.pack("=i", -1)), {})


@pytest.mark.parametrize("data", [b"", b"\1", b"\0" * 40, message(20, b"")[:17]])
def test_bytes_that_are_no_answer_hold_no_address(data: bytes):
    assert parse_addresses(data, {}) == []


def test_the_ends_of_containers_cables_are_left_out(tmp_path: Path):
    for name in ("eth0/device", "veth12", "docker0", "lo"):
        (tmp_path / "sys/class/net" / name).mkdir(parents=True)
    folder = tmp_path / "sys/class/net/eth0"
    (folder / "flags").write_text("0x1003\n")
    (folder / "mtu").write_text("1500\n")
    (folder / "address").write_text("02:00:00:00:00:01\n")
    found = [
        Address(interface="veth12", version=6, text="fe80::2", prefix=64),
        Address(interface="docker0", version=4, text="172.17.0.1", prefix=16),
        Address(interface="lo", version=4, text="127.0.0.1", prefix=8),
    ]
    result = network.interfaces(Source(tmp_path), found)
    assert list(result) == ["docker0", "eth0", "lo"]
    assert result["eth0"] == {
        "mac": "02:00:00:00:00:01", "mtu": 1500, "up": True, "ipv4": [], "ipv6": [],
    }  # fmt: skip
    assert result["docker0"]["ipv4"] == ["172.17.0.1/16"]
    assert not result["docker0"]["up"]


def test_addresses_are_sorted_as_numbers():
    found = network.network(Source())
    numbers = [ipaddress.ip_address(one) for one in found["ipv4"]]
    assert numbers == sorted(numbers)
    assert "127.0.0.1" in found["ipv4"]
    assert found.get("default_ipv4", "127.0.0.1") in found["ipv4"]
