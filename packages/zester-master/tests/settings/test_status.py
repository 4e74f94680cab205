"""What `zester tree status` and `zester status` know of the settings, asked of any master."""

import time
from pathlib import Path
from typing import Any

from zester_master.site.masters import add_master
from zester_proto.messages.operators import NothingAsk
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus


def make_tree(folder: Path) -> Path:
    folder.mkdir()
    (folder / "top.zy").write_text("base:\n  '*': [common]\n")
    (folder / "common.zy").write_text("a: 1\n")
    return folder


async def status(operator: Operator) -> dict[str, Any]:
    return (await operator.value("tree-status", NothingAsk()))["settings"]


async def test_what_is_published_who_publishes_and_who_has_none_is_told(
    own_bus: Bus, tmp_path: Path
) -> None:
    good, unmounted = make_tree(tmp_path / "one"), tmp_path / "two"
    unmounted.mkdir()
    second = tmp_path / "master-2"
    offline = own_bus.site.paths.offline
    add_master(own_bus.site.paths.root, "master-2", offline, second, now=time.time())
    async with (
        Master.up(own_bus, settings_dir=good) as first,
        RawPeel.up(own_bus, "web-1"),
        Operator.up(own_bus) as operator,
    ):

        async def settled() -> dict[str, Any] | None:
            now = await status(operator)
            same = now["bundles"] == 1 and now["masters"][0]["state"] == "same"
            return now if same else None

        told = await eventually(settled, "the settings are published, and the master says so")
        head = first.agent.published.head
        assert head is not None
        assert (told["holder"], told["problems"]) == ("master-1", [])
        assert told["published"]["generation"] == head.generation
        assert (told["published"]["publisher"], told["published"]["files"]) == ("master-1", 1)
        assert all(told[name]["count"] == 0 for name in ("lacking", "keyless", "refused"))
        trees = await operator.value("tree-status", NothingAsk())
        assert [one["state"] for one in trees["masters"]] == ["none"], "a site may have no states"

        async with Master.up(own_bus, auth=second, settings_dir=unmounted):

            async def seen() -> bool:
                rows = {one["name"]: one for one in (await status(operator))["masters"]}
                return rows.get("master-2", {}).get("state") == "broken"

            await eventually(seen, "its broken settings are told by every master")

            async def named() -> bool:
                found = await operator.value("status", NothingAsk())
                return any("master-2" in one["text"] for one in found["conditions"])

            await eventually(named, "whichever of them answers, or it itself")


async def test_a_peel_without_settings_while_they_are_broken_is_named(
    own_bus: Bus, tmp_path: Path
) -> None:
    tree = make_tree(tmp_path / "settings")
    async with Master.up(own_bus, settings_dir=tree) as master:
        await eventually(lambda: master.agent.published.head, "they are published")
    (tree / "common.zy").write_text("a: [1\n")
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        RawPeel.up(own_bus, "late-1"),
        Operator.up(own_bus) as operator,
    ):
        await eventually(lambda: "settings-broken" in master.conditions(), "they are broken")
        await master.sees("late-1")
        told = await status(operator)
        assert told["lacking"] == {"count": 1, "peels": ["late-1"]}
        assert told["problems"]
