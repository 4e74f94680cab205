"""What peels share and read, all the way: real peels, a real master, real workers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from zester_master.basket import values
from zester_proto.link import kv
from zester_proto.messages.operators import BasketLook
from zester_testing.masters import Master, Operator, eventually
from zester_testing.peels import Peel
from zester_testing.raw_master import RawMaster
from zester_testing.sealing import Sealing
from zester_testing.site import Bus

CONFIG = """\
basket_functions:
  os: {fact: os}
  id: {function: facts.get, args: [id], interval: 10s}
  missing: {fact: nobody.has.it}
  odd name: {fact: os}
"""


class Stage(NamedTuple):
    """A master, an operator and a peel that shares."""

    bus: Bus
    master: Master
    operator: Operator
    peel: Peel
    folder: Path

    async def shared(self, name: str) -> Any:
        """Wait until the peel shares a value, and give it with its time."""

        async def found() -> Any:
            rows = await self.operator.rows("basket", BasketLook(target="sharer", name=name))
            return rows.get("sharer")

        return await eventually(found, f"it shares {name}")

    async def names(self) -> list[str]:
        """Give the names under which it shares something."""
        listed = await self.operator.rows("basket", BasketLook(target="sharer"))
        return [row["name"] for row in listed["sharer"]["values"]]

    async def asked(self, run: str, /, *args: Any, **kwargs: Any) -> Any:
        """Run a function on the peel and give its outcome, value and error."""
        told = await self.operator.run("sharer", run, *args, kwargs=kwargs)
        result = told.result("sharer")
        return result.outcome, result.value, result.error


@pytest.fixture
async def stage(
    own_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Stage]:
    monkeypatch.setattr(values, "FRESH", 0.0)
    config = tmp_path / "peel.yaml"
    config.write_text(CONFIG)
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(own_bus))
        operator = await stack.enter_async_context(Operator.up(own_bus))
        peel = stack.enter_context(Peel.up(own_bus, "sharer", tmp_path, config=config))
        await master.sees("sharer")
        yield Stage(own_bus, master, operator, peel, tmp_path)


async def test_values_travel_from_their_host_to_who_asks(stage: Stage):
    shared = await stage.shared("id")
    assert (shared["value"], shared["function"]) == ("sharer", "facts.get")
    assert (await stage.shared("os"))["function"] == "fact os"

    # a value that fails is told, and the others are there
    conditions = await eventually(
        lambda: asyncio.to_thread(stage.peel.conditions), "it says what failed"
    )
    assert "missing: this host has no fact 'nobody.has.it'" in conditions["basket"]
    assert "'odd name' cannot name a value of the basket" in conditions["basket"]
    assert await stage.names() == ["id", "os"]

    # what was looked at again is newer
    outcome, value, error = await stage.asked("basket.update", "id")
    assert (outcome, value, error) == ("ok", {"shared": ["id"], "failed": {}}, "")
    await eventually(lambda: _newer(stage, shared["at"]), "the value is newer")

    outcome, value, _ = await stage.asked("basket.get", "*", "id")
    assert (outcome, value[0]["peel"], value[0]["value"]) == ("ok", "sharer", "sharer")
    assert 0 <= value[0]["age"] < 60
    assert (await stage.asked("mine.get", "*", "id"))[1] == {"sharer": "sharer"}

    # by hand, and away again
    assert (await stage.asked("mine.send", "mine", "text", mine_function="test.echo"))[1] is True
    assert (await stage.shared("mine"))["value"] == "text"
    assert (await stage.asked("basket.delete", "mine"))[1] is True
    await eventually(lambda: _without(stage, "mine"), "it is away")
    outcome, _, error = await stage.asked("basket.send", "x", "true", function="cmd.run")
    assert (outcome, "can change the host" in error) == ("refused", True)

    # a new configuration: what is no longer declared goes
    (stage.folder / "peel.yaml").write_text("basket_functions: {id: {fact: id}}\n")
    stage.peel.kill()
    stage.peel.start()
    await eventually(lambda: _without(stage, "os"), "what is not declared is away")
    assert await stage.names() == ["id"]


async def _newer(stage: Stage, at: float) -> bool:
    return (await stage.shared("id"))["at"] > at


async def _without(stage: Stage, name: str) -> bool:
    return name not in await stage.names() and bool(
        await kv.get_many(stage.master.context.link, "basket", "sharer.*")
    )


async def test_settings_declare_values_and_a_change_of_them_counts_at_once(
    bus: Bus, master: RawMaster, tmp_path: Path
):
    identity = bus.site.peel("declares")
    sealing = Sealing(master, identity)
    declared = "basket_functions: {id: {fact: id}, salts: [{mine_function: test.ping}]}\n"
    await sealing.put(await sealing.bundle(1, {"base.sls": declared}, "base"))
    master.settings = 1
    with Peel.up(bus, "declares", tmp_path):
        await eventually(lambda: _shares(master, "id", "salts"), "it shares what settings say")
        changed = "mine_functions: {id: {fact: id}}\n"
        await sealing.put(await sealing.bundle(2, {"base.sls": changed}, "base"))
        await eventually(lambda: _shares(master, "id"), "it shares what they say now")


async def _shares(master: RawMaster, *names: str) -> bool:
    found = await kv.get_many(master.link, "basket", "declares.*")
    return set(found) == {f"declares.{name}" for name in names}
