"""Pages put together: the chain, the parts, and what breaks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_cli.pages import BadPage, Gap, Item, PageReader
from zester_proto.codec import Raw, digest, encode, pack
from zester_proto.messages.operators import Page, PageRow
from zester_proto.messages.trust import Signed

REQUEST = "0" * 24


def unsigned(signed: Signed) -> bytes:
    return signed.body


def reader() -> PageReader:
    return PageReader(REQUEST, unsigned, frozenset({"running"}))


class Chain:
    """Makes pages that follow each other."""

    def __init__(self, epoch: int = 1) -> None:
        self.epoch = epoch
        self.n = 0
        self.previous = b""

    def page(self, *rows: PageRow, final: bool = False, request: str = REQUEST) -> bytes:
        body = encode(
            Page(
                request=request, epoch=self.epoch, n=self.n, previous=self.previous, rows=rows,
                counts={"ok": self.n}, final=final,
                info=Raw(pack({"n": self.n} if final or not self.n else None)),
            )
        )  # fmt: skip
        self.n += 1
        self.previous = digest(body)
        return encode(Signed(type="page", key_id="k", body=body, sig=b""))


def whole(key: str, data: bytes = b"", outcome: str = "ok", late: str = "") -> PageRow:
    return PageRow(key=key, outcome=outcome, total=len(data), data=data, late=late)


def part(key: str, data: bytes, offset: int, length: int) -> PageRow:
    return PageRow(key=key, outcome="ok", offset=offset, total=len(data),
                   data=data[offset : offset + length])  # fmt: skip


def test_rows_come_together() -> None:
    one, chain = reader(), Chain()
    assert one.take(chain.page(whole("a"), whole("b", b"x", "failed", "ok")))
    assert one.take(chain.page(whole("c"), final=True))
    assert one.items == {"a": Item("ok"), "b": Item("failed", b"x", "ok"), "c": Item("ok")}
    assert one.final
    assert one.counts == {"ok": 1}
    assert one.info == pack({"n": 1})  # the last page tells how the job ended


@given(st.binary(min_size=1, max_size=60), st.integers(1, 20))
def test_an_outcome_counts_when_its_last_part_is_there(data: bytes, step: int) -> None:
    one, chain = reader(), Chain()
    for at in range(0, len(data), step):
        assert "a" not in one.items
        one.take(chain.page(part("a", data, at, step)))
    assert one.items == {"a": Item("ok", data)}


def test_a_second_row_of_one_key_takes_the_place_of_the_first() -> None:
    one, chain = reader(), Chain()
    one.take(chain.page(whole("a", b"1"), whole("a", b"2", "offline", "ok")))
    assert one.items == {"a": Item("offline", b"2", "ok")}


def test_a_stage_is_forgotten_with_the_outcome() -> None:
    one, chain = reader(), Chain()
    one.take(chain.page(whole("a", outcome="running"), whole("b", outcome="running")))
    assert one.stages == {"a": "running", "b": "running"}
    one.take(chain.page(whole("a")))
    assert one.stages == {"b": "running"}


def test_what_is_known_is_not_used_twice() -> None:
    one, chain = reader(), Chain()
    first = chain.page(whole("a"))
    assert one.take(first)
    assert not one.take(first)
    assert one.taken == 1


def test_a_missing_page_is_a_gap() -> None:
    one, chain = reader(), Chain()
    one.take(chain.page())
    chain.page()
    chain.page()
    with pytest.raises(Gap, match="pages 1 to 2"):
        one.take(chain.page())


def test_a_page_of_another_chain_is_a_gap() -> None:
    one, chain, other = reader(), Chain(), Chain()
    one.take(chain.page(whole("a")))
    other.page(whole("b"))
    with pytest.raises(Gap, match="does not follow"):
        one.take(other.page())


@pytest.mark.parametrize(
    "rows",
    [
        [part("a", b"xyz", 1, 1)],
        [part("a", b"xyz", 0, 1), part("a", b"xyz", 2, 1)],
        [PageRow(key="a", total=1, data=b"xy")],
        [PageRow(key="a", total=2**40, data=b"x")],
        [PageRow(key="a", total=-1, data=b"")],
        [PageRow(key="a", offset=-1, total=2, data=b"x")],
    ],
)
def test_parts_that_do_not_fit_are_a_gap(rows: list[PageRow]) -> None:
    with pytest.raises(Gap):
        reader().take(Chain().page(*rows))


def test_a_higher_epoch_begins_again_and_fences_the_lower_one() -> None:
    one, old, new = reader(), Chain(1), Chain(2)
    one.take(old.page(part("a", b"xyz", 0, 1)))
    assert one.take(new.page(whole("b")))
    assert not one.take(old.page(part("a", b"xyz", 1, 2), final=True))
    assert one.take(new.page(whole("a"), final=True))
    assert sorted(one.items) == ["a", "b"]


def test_a_takeover_whose_first_page_is_lost_is_a_gap() -> None:
    one, new = reader(), Chain(2)
    one.take(Chain(1).page())
    new.page()
    with pytest.raises(Gap, match="pages 0 to 0"):
        one.take(new.page())


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xc1", encode(Signed(type="page", key_id="k", body=b"\xc1", sig=b""))]
)
def test_what_is_no_page_is_dropped(data: bytes) -> None:
    with pytest.raises(BadPage):
        reader().take(data)


def test_a_page_for_another_request_is_dropped() -> None:
    with pytest.raises(BadPage, match="for request"):
        reader().take(Chain().page(request="1" * 24))


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_being_dropped(data: bytes) -> None:
    with pytest.raises(BadPage):
        reader().take(data)
