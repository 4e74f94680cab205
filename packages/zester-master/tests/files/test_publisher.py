"""Masters publish what lies in their folders: real masters on a real bus."""

import shutil
from pathlib import Path

import pytest

from zester_cli.client import answer_value
from zester_master.files.upload import KEPT
from zester_proto.codec import unpack
from zester_proto.link import kv
from zester_proto.messages.operators import NothingAsk
from zester_proto.messages.trees import BUCKET, HEAD, TreeHead, blob_key
from zester_proto.permissions import Role
from zester_testing.masters import Master, Operator, eventually
from zester_testing.site import Bus

STATE = "a:\n  test.nop: []\n"


@pytest.fixture
def states(tmp_path: Path) -> Path:
    folder = tmp_path / "states"
    folder.mkdir()
    (folder / "a.zy").write_text(STATE)
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another tree."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "a.zy").write_text(STATE + "# other\n")
    return folder


def make_folder(folder: Path) -> None:
    folder.mkdir()


def head(master: Master) -> TreeHead | None:
    return master.agent.heads.head


async def published(master: Master, after: TreeHead | None = None) -> TreeHead:
    def newer() -> TreeHead | None:
        found = head(master)
        least = after.generation if after else 0
        return found if found is not None and found.generation > least else None

    return await eventually(newer, "the trees are published")


async def blobs(master: Master) -> dict[str, int]:
    found = await kv.get_many(master.context.link, BUCKET, "blob.*")
    return {key: entry.revision for key, entry in found.items()}


async def ask_publish(bus: Bus) -> None:
    async with Operator.up(bus, Role.ADMIN) as operator:
        answer_value(await operator.client.ask("tree-publish", NothingAsk()))


async def test_an_edit_is_live_and_only_what_is_new_is_sent(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        first = await published(master)
        before = await blobs(master)

        (states / "b.zy").write_text(STATE + "# b\n")
        second = await published(master, first)

        after = await blobs(master)
        assert second.root != first.root
        assert second.environments["base"].files == 2
        assert {key: after[key] for key in before} == before
        assert len(after) == len(before) + 1


async def test_old_revisions_and_only_their_blobs_go(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        last = await published(master)
        heads = [last]
        for number in range(KEPT):
            (states / "b.zy").write_text(STATE + f"# {number}\n")
            last = await published(master, last)
            heads.append(last)

        kept = {f"root.{one.root.hex()}" for one in heads[-KEPT:]}

        async def is_tidy() -> bool:
            return set(await kv.get_many(master.context.link, BUCKET, "root.*")) == kept

        await eventually(is_tidy, "the oldest revision is gone")
        # the file that all share, and one of each revision
        assert len(await blobs(master)) == KEPT + 1


async def test_what_a_broken_off_publishing_left_goes_with_the_next(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        last = await published(master)
    async with Master.up(own_bus, states_dir=states) as master:
        link = master.context.link
        await eventually(lambda: head(master), "it knows what is published")
        whole, part = blob_key(b"\1" * 32), blob_key(b"\2" * 32)
        for key in (whole, f"{whole}.1", f"{part}.1"):
            await kv.put(link, BUCKET, key, b"left")
        (states / "b.zy").write_text(STATE + "# b\n")
        await published(master, last)

        async def are_gone() -> bool:
            return len(await kv.get_many(link, BUCKET, "blob.>")) == len(await blobs(master)) == 2

        await eventually(are_gone, "only what the trees name is in the store")


async def test_named_targets_are_published_with_the_trees(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        first = await published(master)
        assert first.groups == {}
    async with Master.up(own_bus, states_dir=states, groups={"web": "web-*"}) as master:
        second = await published(master, first)
        assert (second.root, second.groups) == (first.root, {"web": "web-*"})


async def test_a_broken_tree_keeps_the_last_good_one_until_it_is_mended(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        good = await published(master)

        (states / "b.zy").write_text("{% if %}\n")
        await eventually(lambda: "tree-broken" in master.conditions(), "the mistake is told")
        assert "b.zy:1" in master.conditions()["tree-broken"]
        assert head(master) == good

        (states / "b.zy").write_text(STATE)
        await published(master, good)
        assert "tree-broken" not in master.conditions()


async def test_a_folder_that_vanishes_or_is_emptied_publishes_nothing(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        good = await published(master)
        shutil.rmtree(states)
        await eventually(lambda: "tree-broken" in master.conditions(), "it is told")
        assert "No such file" in master.conditions()["tree-broken"]

        make_folder(states)
        await eventually(
            lambda: "not mounted" in master.conditions().get("tree-broken", ""), "so is this"
        )
        assert head(master) == good


async def test_of_two_masters_one_publishes_and_the_other_waits_for_a_word(
    own_bus: Bus, states: Path, second_master: Path, other: Path
):
    async with Master.up(own_bus, states_dir=states) as one:
        first = await published(one)
        async with Master.up(own_bus, second_master, states_dir=other) as two:
            await eventually(lambda: "tree-differs" in two.conditions(), "the other says so")
            assert "master-1 may publish now" in two.conditions()["tree-differs"]
            assert "tree-differs" not in one.conditions()

            # a wish that is used up must not be taken for its own by who comes later
            await ask_publish(own_bus)
            again = await published(one, first)
            assert again.root == first.root
            one.agent.stop()
            await eventually(lambda: two.agent.publisher.lease.held, "the other takes over")
            await eventually(
                lambda: "this master may publish" in two.conditions()["tree-differs"],
                "it has looked, and published nothing",
            )
            assert (await published(two)).root == first.root

            (other / "b.zy").write_text(STATE)
            edited = await published(two, again)
            assert edited.publisher == "master-2"
            await eventually(lambda: "tree-differs" not in two.conditions(), "its own count now")


async def test_an_operator_decides_which_tree_it_is(
    own_bus: Bus, states: Path, second_master: Path, other: Path
):
    async with Master.up(own_bus, states_dir=states) as one:
        first = await published(one)
    async with Master.up(own_bus, second_master, states_dir=other) as two:
        await eventually(lambda: two.agent.publisher.lease.held, "the other takes over")
        await eventually(lambda: "tree-differs" in two.conditions(), "and says so")
        assert head(two) == first
        await ask_publish(own_bus)
        assert (await published(two, first)).publisher == "master-2"


async def test_a_difference_shows_links_and_empty_folders(
    own_bus: Bus, states: Path, second_master: Path, other: Path
):
    (states / "turned").symlink_to("a.zy")
    (states / "gone").mkdir()
    for name, target in {"turned": "/etc/other", "new": "nowhere"}.items():
        (other / name).symlink_to(target)
    (other / "empty").mkdir()
    (other / "a.zy").write_text(STATE)
    async with Master.up(own_bus, states_dir=states) as one:
        await published(one)
    async with Master.up(own_bus, second_master, states_dir=other) as two:
        await eventually(lambda: "tree-differs" in two.conditions(), "it has looked")
        async with Operator.up(own_bus, Role.ADMIN) as operator:
            _, reader = await operator.client.ask_list("tree-diff", NothingAsk())
        rows = {
            name: (item.outcome, unpack(item.data)["diff"])
            for name, item in sorted(reader.items.items())
        }
    lines = {
        key: [one for one in text.splitlines() if one[:3] not in {"---", "+++"}][1:]
        for key, (_, text) in rows.items()
    }
    assert lines == {
        "base:empty": ["+folder that holds nothing"],
        "base:gone": ["-folder that holds nothing"],
        "base:new": ["+link to nowhere"],
        "base:turned": ["-link to a.zy", "+link to /etc/other"],
    }
    assert [state for state, _ in rows.values()] == ["added", "removed", "added", "changed"]


async def test_publishing_when_asked_mends_a_damaged_store(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        first = await published(master)
        link = master.context.link
        name = master.agent.publisher.folders.local
        assert name is not None
        key = blob_key(next(iter(name.blobs)))
        await kv.put(link, BUCKET, key, b"damaged")

        await ask_publish(own_bus)
        again = await published(master, first)

        entry = await kv.get(link, BUCKET, key)
        assert entry is not None
        assert entry.value != b"damaged"
        assert again.root == first.root


async def test_a_head_that_no_master_signed_is_not_believed(own_bus: Bus, states: Path):
    async with Master.up(own_bus, states_dir=states) as master:
        first = await published(master)
        forged = await kv.put(master.context.link, BUCKET, HEAD, b"forged")
        await eventually(lambda: master.agent.heads.revision == forged, "it was seen")
        assert head(master) == first
        (states / "b.zy").write_text(STATE)
        assert (await published(master, first)).root != first.root
