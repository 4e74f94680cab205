"""Lines of /etc/hosts: what nobody asked for stays byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from zester_modules.tables import hosts_file

NAMES = st.sampled_from(["a", "b", "c.example", "localhost"])
ADDRESSES = st.sampled_from(["127.0.0.1", "::1", "192.0.2.1", "0:0:0:0:0:0:0:1"])
GAPS = st.sampled_from([b" ", b"\t", b"  \t"])
ENDS = st.sampled_from([b"", b" # said", b"#said", b"  "])
ANY = st.binary(max_size=20)


@st.composite
def entries(draw: st.DrawFn) -> bytes:
    """Make a line that names an address."""
    names = " ".join(draw(st.lists(NAMES, min_size=1, max_size=3))).encode()
    return draw(ADDRESSES).encode() + draw(GAPS) + names + draw(ENDS)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Make a file of such lines, strange ones between them."""
    lines = draw(st.lists(st.one_of(entries(), ANY), max_size=6))
    return b"\n".join(lines) + draw(st.sampled_from([b"", b"\n"]))


FILE = files()


@given(FILE)
def test_a_file_that_is_read_and_written_is_the_same(data: bytes) -> None:
    assert hosts_file.dump(hosts_file.parse(data)) == data


@given(FILE, ADDRESSES, NAMES)
def test_a_name_is_there_once_it_is_given_and_others_stay(
    data: bytes, address: str, name: str
) -> None:
    lines = hosts_file.parse(data)
    after = hosts_file.with_name(lines, address, name)
    assert name in hosts_file.names_of(after, address)
    assert hosts_file.with_name(after, address, name) == after
    assert hosts_file.parse(hosts_file.dump(after)) == after
    others, kept = strange(hosts_file.ended(lines), address), strange(after, address)
    assert kept in (others, strange(lines, address))


def strange(lines: list[hosts_file.Line], address: str) -> list[str]:
    """Give the lines that are not of an address."""
    return [one.text for one in lines if not hosts_file.same(one.address, address)]


@given(FILE, ADDRESSES, NAMES)
def test_a_name_that_was_taken_is_gone(data: bytes, address: str, name: str) -> None:
    after = hosts_file.without(hosts_file.parse(data), address, name)
    assert name not in hosts_file.names_of(after, address)
    assert hosts_file.parse(hosts_file.dump(after)) == after


@given(FILE, ADDRESSES, st.lists(NAMES, max_size=3, unique=True))
def test_an_address_has_exactly_its_names(data: bytes, address: str, names: list[str]) -> None:
    after = hosts_file.with_only(hosts_file.parse(data), address, names)
    assert hosts_file.names_of(after, address) == names
    assert hosts_file.parse(hosts_file.dump(after)) == after
