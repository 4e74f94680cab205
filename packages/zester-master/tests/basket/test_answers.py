"""What masters give peels of the basket: whose values, to whom, and what they do not take."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

import pytest

from zester_cli.errors import CliError
from zester_master.basket import answering, values
from zester_master.basket.access import BadAccess
from zester_proto.codec import encode, unpack
from zester_proto.link import LinkError, kv
from zester_proto.messages.basket import (
    VALUE_LIMIT,
    VIEW_BYTES,
    BasketRow,
    BasketView,
    entry_key,
)
from zester_proto.messages.operators import BasketLook
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus


class Stage(NamedTuple):
    """A master with rules, and three peels."""

    bus: Bus
    master: Master
    web: RawPeel
    db: RawPeel
    evil: RawPeel

    def dropped(self) -> float:
        """Give how many values the master did not take."""
        return self.master.metric('zester_dropped_total{reason="basket"}')


def shown(view: BasketView) -> dict[str, object]:
    """Give the values of an answer, by peel."""
    assert view.problem == ""
    return {row.peel: unpack(row.value, limit=VALUE_LIMIT) for row in view.rows}


@pytest.fixture
async def stage(own_bus: Bus, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Stage]:
    monkeypatch.setattr(values, "FRESH", 0.0)
    rules: dict[str, Any] = {
        "basket_access": {"db.address": "web-1"},
        "basket_sources": {"db.address": "db-*"},
    }
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(own_bus, **rules))
        peels = [
            await stack.enter_async_context(RawPeel.up(own_bus, one, role=one[:2]))
            for one in ("web-1", "db-1", "evil")
        ]
        await master.sees("web-1", "db-1", "evil")
        yield Stage(own_bus, master, *peels)


async def test_a_peel_reads_what_those_share_whom_a_target_means(stage: Stage):
    await stage.db.share("ip", ["10.0.0.1"])
    await stage.evil.share("ip", {"{{ x }}": "!secret y"})

    view = await stage.web.read_basket("*", "ip")
    assert shown(view) == {"db-1": ["10.0.0.1"], "evil": {"{{ x }}": "!secret y"}}
    assert all(abs(view.time - row.at) < 30 for row in view.rows)
    assert shown(await stage.web.read_basket("G@role:db", "ip")) == {"db-1": ["10.0.0.1"]}
    assert shown(await stage.web.read_basket("nobody-*", "ip")) == {}
    assert shown(await stage.web.read_basket("*", "other")) == {}


async def test_rules_say_who_reads_and_whose_values_count(stage: Stage):
    await stage.db.share("db.address", "10.0.0.1")
    await stage.evil.share("db.address", "6.6.6.6")
    await stage.db.share("only", 1, allow="G@role:we")
    await stage.db.share("nobody", 1, allow="(((")

    assert shown(await stage.web.read_basket("*", "db.address")) == {"db-1": "10.0.0.1"}
    assert "may not read db.address" in (await stage.evil.read_basket("*", "db.address")).problem
    assert shown(await stage.web.read_basket("*", "only")) == {"db-1": 1}
    assert shown(await stage.evil.read_basket("*", "only")) == {}
    assert shown(await stage.web.read_basket("*", "nobody")) == {}


async def test_what_is_not_that_peels_value_of_that_name_is_not_taken(stage: Stage):
    peel = stage.evil
    await peel.share("moved", 1, key=entry_key("evil", "elsewhere"))
    await peel.share("lies", 1, name="other")
    await peel.share("large", "x" * VALUE_LIMIT)
    await kv.put(peel.link, "basket", entry_key("evil", "junk"), b"\xff")
    with pytest.raises(LinkError):
        await peel.share("ip", 1, key=entry_key("db-1", "ip"))

    for name in ("elsewhere", "lies", "large", "junk"):
        assert shown(await stage.web.read_basket("*", name)) == {}, name
    assert stage.dropped() == 4


async def test_questions_that_make_no_sense_are_answered_with_a_no(stage: Stage):
    assert "cannot name" in (await stage.web.read_basket("*", "a b")).problem
    assert "(((" in (await stage.web.read_basket("(((", "ip")).problem
    guess = await stage.web.read_basket("I@password:a* and db-1", "ip")
    assert "a peel could find out those of others" in guess.problem


async def test_a_large_answer_comes_in_parts(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answering, "VIEW_BYTES", 100)
    for peel in (stage.web, stage.db, stage.evil):
        await peel.share("ip", "x" * 60)

    first = await stage.web.read_basket("*", "ip")
    second = await stage.web.read_basket("*", "ip", after="db-1")
    assert (list(shown(first)), first.more) == (["db-1"], True)
    assert (list(shown(second)), second.more) == (["evil"], True)


async def test_a_flood_of_questions_is_not_answered_and_has_consequences(stage: Stage):
    async def shut_out() -> bool:
        for _ in range(1000):
            await stage.evil.link.publish("zester.peel.evil.basket", b"", reply="_INBOX_evil.x")
        return "evil" in stage.master.context.quarantined

    await eventually(shut_out, "it is shut out")
    await stage.db.share("ip", 1)
    assert shown(await stage.web.read_basket("*", "ip")) == {"db-1": 1}


async def test_a_peel_that_is_forgotten_takes_its_values_along(stage: Stage):
    await stage.db.share("ip", 1)
    link = stage.master.context.link
    await kv.delete(link, "facts", "db-1")

    async def gone() -> bool:
        return not await kv.get_many(link, "basket", "db-1.*")

    await eventually(gone, "what it shared is gone")
    assert shown(await stage.web.read_basket("*", "ip")) == {}


async def test_operators_see_values_names_and_ages(stage: Stage):
    await stage.db.share("db.address", "10.0.0.1", allow="web-*")
    await stage.evil.share("db.address", "6.6.6.6")
    async with Operator.up(stage.bus) as operator:
        rows = await operator.rows("basket", BasketLook(target="*", name="db.address"))
        assert {peel: row["value"] for peel, row in rows.items()} == {"db-1": "10.0.0.1"}
        listed = await operator.rows("basket", BasketLook(target="db-*"))
        (row,) = listed["db-1"]["values"]
        assert (row["name"], row["function"], row["allow"]) == (
            "db.address", "test.value", "web-*",
        )  # fmt: skip
        for ask in (BasketLook(target="no-*"), BasketLook(name="a b")):
            with pytest.raises(CliError):
                await operator.value("basket", ask)


async def test_rules_that_are_no_targets_end_the_start(own_bus: Bus):
    for rule, text in (("(((", "basket_access: ip"), ("I@a:b", "asks for settings")):
        with pytest.raises(BadAccess, match=text):
            async with Master.up(own_bus, basket_access={"ip": rule}):
                pass


def test_a_view_is_small_enough_for_a_peel():
    row = BasketRow("p" * 128, 1.0, b"x" * VALUE_LIMIT)
    assert len(encode(row)) + VIEW_BYTES < 512 * 1024
