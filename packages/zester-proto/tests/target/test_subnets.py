import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.target.subnets import Net, address, addresses, network


@given(st.ip_addresses(), st.ip_addresses(), st.data())
def test_an_address_lies_in_a_network_if_python_says_so(
    base: ipaddress.IPv4Address | ipaddress.IPv6Address,
    other: ipaddress.IPv4Address | ipaddress.IPv6Address,
    data: st.DataObject,
):
    length = data.draw(st.integers(0, base.max_prefixlen))
    python = ipaddress.ip_network((base, length), strict=False)
    net = network(str(python))

    for one in (base, other):
        assert net.holds(one.version, int(one)) == (one in python)


@given(st.ip_addresses())
def test_an_address_is_read_from_its_text(one: ipaddress.IPv4Address | ipaddress.IPv6Address):
    assert address(str(one)) == (one.version, int(one))
    assert address(one.exploded) == (one.version, int(one))


@pytest.mark.parametrize(
    "value", ["", "10.0.0", "10.0.0.256", "10.0.0.1/8", "x", ":::", "a\0b", 5, None, {"a": 1}]
)
def test_what_is_no_address_is_passed_over(value: Any):
    assert address(value) is None


def test_a_fact_holds_one_address_or_a_list_of_them():
    assert addresses("10.0.0.1") == [(4, 10 << 24 | 1)]
    assert addresses(["::1%lo", "junk", "0.0.0.2"]) == [(6, 1), (4, 2)]
    assert addresses(None) == []


def test_a_network_is_its_first_bits():
    assert network("10.0.0.0/8") == Net(4, 10, 8)
    assert network("10.0.0.0/255.0.0.0") == Net(4, 10, 8)
    assert network("0.0.0.0/0") == Net(4, 0, 0)
    assert network("::1") == Net(6, 1, 128)


@pytest.mark.parametrize(
    "text", ["", "10.0.0.1/8", "999.1.1.1", "2001:db8::1/32", "10.0.0.0/33", "host"]
)
def test_what_is_no_network_is_refused(text: str):
    with pytest.raises(ValueError, match=r"\w"):
        network(text)
