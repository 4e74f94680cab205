"""What a peel believes of others' values: answers of a master, right, forged, late and old."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from zester_peel.basket import views
from zester_peel.basket.views import BasketRefused, Seen, Views
from zester_peel.clock import SiteClock
from zester_peel.trust import TrustWalk
from zester_proto.codec import decode, pack, unpack
from zester_proto.identity.signing import SigningKey
from zester_proto.link import LinkOptions, Message, NatsLink
from zester_proto.logs import Log
from zester_proto.messages.basket import BadName, BasketAnswer, BasketAsk, BasketRow, BasketView
from zester_proto.subjects import BASKET_ALL
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

ROW = BasketRow("db-1", 100.0, pack("10.0.0.1"))
Change = Callable[[BasketView], BasketView]


class Told:
    """A master that answers about the basket as a test says."""

    def __init__(self, master: RawMaster) -> None:
        self.master = master
        self.asked: list[BasketAsk] = []
        self.silent = False
        self.key: SigningKey | None = None
        self.kind: Any = "basket"
        self.change: Change = lambda view: view

    async def hear(self, message: Message) -> None:
        """Answer a question."""
        ask = decode(message.data, BasketAsk)
        self.asked.append(ask)
        if self.silent:
            return
        view = BasketView(
            site=self.master.site, id="reader", nonce=ask.nonce, target=ask.target, name=ask.name,
            time=200.0, rows=(ROW,),
        )  # fmt: skip
        data = self.master.signed(self.kind, self.change(view), self.key)
        await self.master.link.publish(message.reply, data)


@pytest.fixture
async def told(master: RawMaster, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(views, "_SECONDS", 0.3)
    monkeypatch.setattr(views, "FRESH", 0.0)
    monkeypatch.setattr(views, "SILENT", 0.0)
    found = Told(master)
    await master.link.subscribe(BASKET_ALL, found.hear)
    await master.link.flush()
    return found


@pytest.fixture
async def link(bus: Bus) -> AsyncGenerator[NatsLink]:
    peel = bus.site.peel("reader")
    found = NatsLink(LinkOptions(urls=(bus.url,), creds=peel.credentials, ca=bus.site.ca))
    async with found:
        await found.connect_once(30.0)
        yield found


@pytest.fixture
def reader(bus: Bus, link: NatsLink, tmp_path: Path) -> Views:
    peel, log = bus.site.peel("reader"), Log("test")
    trust = TrustWalk(peel.trust, tmp_path / "trust", link, SiteClock(), log)
    return Views("reader", tmp_path / "read", link=link, trust=trust, log=log)


def rows(seen: Seen) -> dict[str, Any]:
    answer = decode(seen.path.read_bytes(), BasketAnswer)
    return {row.peel: unpack(row.value) for row in answer.rows}


async def test_an_answer_is_kept_for_this_user_alone(told: Told, reader: Views):
    seen = await reader.get("*", "ip")

    assert (rows(seen), seen.asked) == ({"db-1": "10.0.0.1"}, True)
    assert (seen.path.stat().st_mode & 0o777, seen.path.parent.stat().st_mode & 0o777) == (
        0o600, 0o700,
    )  # fmt: skip
    assert [(one.target, one.name) for one in told.asked] == [("*", "ip")]


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": b"x" * 16},
        {"id": "other"},
        {"site": "other"},
        {"target": "db-*"},
        {"name": "other"},
        {"rows": (ROW, ROW)},
        {"more": True},
    ],
    ids=["nonce", "peel", "site", "target", "name", "twice", "endless"],
)
async def test_an_answer_to_another_question_is_not_taken(
    told: Told, reader: Views, change: dict[str, Any]
):
    told.change = lambda view: msgspec.structs.replace(view, **change)
    with pytest.raises(BasketRefused, match="is not known"):
        await reader.get("*", "ip")


async def test_what_no_master_signed_as_a_basket_is_not_taken(told: Told, reader: Views):
    told.key = SigningKey.generate()
    with pytest.raises(BasketRefused):
        await reader.get("*", "ip")
    told.key, told.kind = None, "answer"
    with pytest.raises(BasketRefused):
        await reader.get("*", "ip")


async def test_without_a_master_what_was_kept_is_given_and_nothing_else(
    told: Told, reader: Views, link: NatsLink
):
    await reader.get("*", "ip")
    told.silent = True

    seen = await reader.get("*", "ip")
    assert (rows(seen), seen.asked) == ({"db-1": "10.0.0.1"}, False)
    with pytest.raises(BasketRefused, match=r"db-\* shares as ip is not known"):
        await reader.get("db-*", "ip")
    await link.close()
    assert not (await reader.get("*", "ip")).asked


async def test_a_no_takes_away_what_was_kept(told: Told, reader: Views):
    seen = await reader.get("*", "ip")
    told.change = lambda view: msgspec.structs.replace(view, problem="no", hint="ask", rows=())

    with pytest.raises(BasketRefused, match=r"^no$"):
        await reader.get("*", "ip")
    assert not seen.path.exists()


async def test_parts_are_put_together(told: Told, reader: Views):
    def part(view: BasketView) -> BasketView:
        after = told.asked[-1].after
        row = BasketRow("db-2" if after else "db-1", 100.0, pack(1))
        return msgspec.structs.replace(view, rows=(row,), more=not after)

    told.change = part
    assert rows(await reader.get("*", "ip")) == {"db-1": 1, "db-2": 1}
    assert [one.after for one in told.asked] == ["", "db-1"]


async def test_one_answer_serves_all_who_ask_at_once(
    told: Told, reader: Views, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(views, "FRESH", 60.0)
    await asyncio.gather(*(reader.get("*", "ip") for _ in range(10)))
    assert len(told.asked) == 1


async def test_few_answers_are_kept(told: Told, reader: Views, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(views, "KEPT", 2)
    paths = [(await reader.get("*", name)).path for name in ("a", "b", "c")]
    assert len(told.asked) == 3
    assert [path.exists() for path in paths] == [False, True, True]


async def test_questions_that_make_no_sense_are_not_asked(told: Told, reader: Views):
    for target, name in (("*", "a b"), ("x" * 5000, "ip")):
        with pytest.raises((BadName, BasketRefused)):
            await reader.get(target, name)
    assert not told.asked
