"""What a peel believes of trees on the bus: a real server, and a master that says what it likes."""

from pathlib import Path

import msgspec
import pytest

from zester_master.site.masters import load_master
from zester_peel.config import PeelConfig
from zester_peel.files.keeper import TreeKeeper
from zester_peel.trees import PeelTrees
from zester_proto.codec import digest, encode
from zester_proto.identity.signing import SigningKey
from zester_proto.link import chunks, kv
from zester_proto.messages.trees import (
    AHEAD,
    BUCKET,
    PIECE,
    BadTree,
    Manifests,
    TreeFile,
    blob_key,
    root_key,
)
from zester_testing.kept import Kept, kept_settings, kept_trees
from zester_testing.masters import eventually
from zester_testing.published_tree import PublishedTree
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus, Site


@pytest.fixture
def kept(bus: Bus, tmp_path: Path) -> Kept[TreeKeeper]:
    return kept_trees(bus, tmp_path, bus.site.peel("keeper"))


@pytest.fixture
def tree(master: RawMaster) -> PublishedTree:
    return PublishedTree(master)


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


async def test_what_is_forged_or_old_is_refused_and_what_was_good_stays(
    kept: Kept[TreeKeeper], tree: PublishedTree, tmp_path: Path
) -> None:
    foreign = load_master(Site.make(tmp_path / "other").paths.master).keys.job
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        good = await tree.put(10, await tree.file("a/b", b"good"))
        await tree.publish(good)
        await kept.takes(10)
        file = keeper.store.revision(good.root) / "base" / "a" / "b"

        newer = await tree.put(20, await tree.file("c", b"new"))
        await tree.publish(newer, SigningKey.generate())
        await kept.complains("signed by no master")
        await tree.publish(newer, foreign)
        await kept.complains("signed by no master")
        await tree.publish(await tree.put(9))
        await kept.complains("generation 9 of the trees, and 10 is known")
        await tree.publish(msgspec.structs.replace(newer, site="other"))
        await kept.complains("not the trees of this site")
        await tree.publish(msgspec.structs.replace(newer, root=good.root))
        await kept.complains("not the trees of this site")

        assert keeper.head == good
        assert file.read_bytes() == b"good"
        assert await keeper.ensure(good.root) == file.parents[2]
        await tree.publish(newer)
        await kept.takes(20)
        await eventually(lambda: not kept.told(), "all is well again")


@pytest.mark.parametrize("paths", [("../out",), ("/out",), ("a", "a"), ("a", "a/b"), ("a/../b",)])
async def test_manifests_that_climb_out_are_refused(
    kept: Kept[TreeKeeper], tree: PublishedTree, tmp_path: Path, paths: tuple[str, ...]
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        sound = await tree.file("x", b"x")
        bad = [TreeFile(path, 0o644, sound.size, sound.pieces) for path in paths]
        head = await tree.put(30, *bad)
        await tree.publish(head)
        await kept.complains("the newest state trees cannot be had")
        with pytest.raises(BadTree):
            await keeper.ensure(head.root)
        assert keeper.head is None
        assert names(tmp_path) <= {"trees", "trust"}


async def test_a_blob_with_another_digest_is_refused_until_it_is_right(
    kept: Kept[TreeKeeper], tree: PublishedTree
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        file = await tree.file("a", b"what it should be", stored=b"what it should not be")
        head = await tree.put(40, file)
        await tree.publish(head)
        await kept.complains("is damaged")
        assert not keeper.store.is_whole(head.root)

        await tree.file("a", b"what it should be")
        await kept.takes(40)


async def test_half_a_tree_is_not_taken_until_the_rest_is_there(
    kept: Kept[TreeKeeper], tree: PublishedTree
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        good = await tree.put(44, await tree.file("a", b"good"))
        await tree.publish(good)
        await kept.takes(44)

        # the head and one file are there, the other file is not
        missing = TreeFile("b", 0o644, 4, (digest(b"rest"),))
        half = await tree.put(45, await tree.file("a", b"more"), missing)
        await tree.publish(half)
        await kept.complains("of the state trees is not in the store (yet)")
        assert keeper.head == good
        assert not keeper.store.is_whole(half.root)
        with pytest.raises(BadTree, match="not in the store"):
            await keeper.ensure(half.root)

        await tree.file("b", b"rest")
        await kept.takes(45)
        base = await keeper.ensure(half.root) / "base"
        assert {one.name: one.read_bytes() for one in base.iterdir()} == {
            "a": b"more", "b": b"rest",
        }  # fmt: skip


async def test_a_wiped_peel_waits_for_a_welcome_and_takes_nothing_older(
    bus: Bus, kept: Kept[TreeKeeper], tree: PublishedTree, tmp_path: Path
) -> None:
    other = kept_trees(bus, tmp_path / "other", bus.site.peel("keeper"))
    async with kept.serving() as keeper, other.serving() as welcome:
        await tree.publish(await tree.put(50))
        await keeper.following.connected(1)
        welcome.welcomed(0)
        await other.takes(50)  # long enough for the first to have looked, if it did not wait
        assert keeper.head is None
        keeper.welcomed(51)
        await kept.complains("generation 50 of the trees, and 51 is known")
        assert keeper.head is None
        await tree.publish(await tree.put(51))
        await kept.takes(51)


async def test_a_job_that_names_a_root_that_is_gone_fails_and_says_so(
    kept: Kept[TreeKeeper], tree: PublishedTree
) -> None:
    async with kept.serving() as keeper:
        head = await tree.put(60, await tree.file("a", b"sixty"))
        with pytest.raises(BadTree, match="are gone"):
            await keeper.ensure(head.root)
        await kv.put(
            tree.master.link, BUCKET, root_key(b"x" * 32), tree.master.signed("tree", head)
        )
        with pytest.raises(BadTree, match="other trees than those"):
            await keeper.ensure(b"x" * 32)
        await kv.put(
            tree.master.link, BUCKET, root_key(head.root), tree.master.signed("tree", head)
        )
        assert (await keeper.ensure(head.root) / "base" / "a").read_bytes() == b"sixty"


async def test_a_run_keeps_its_revision_whatever_comes(
    kept: Kept[TreeKeeper], tree: PublishedTree
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        first = await tree.put(70, await tree.file("a", b"first"))
        await tree.publish(first)
        await kept.takes(70)
        folder = await keeper.ensure(first.root)
        for generation in range(71, 76):
            await tree.publish(await tree.put(generation, await tree.file("a", b"%d" % generation)))
            await kept.takes(generation)
        assert (folder / "base" / "a").read_bytes() == b"first"


async def test_what_a_job_has_taken_already_is_not_made_again_under_its_hands(
    kept: Kept[TreeKeeper], tree: PublishedTree
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        head = await tree.put(78, await tree.file("a", b"a"))
        await kv.put(
            tree.master.link, BUCKET, root_key(head.root), tree.master.signed("tree", head)
        )
        folder = await keeper.ensure(head.root)  # a job is quicker than the note of the new trees
        before = folder.stat().st_ino
        await tree.publish(head)
        await kept.takes(78)
        assert folder.stat().st_ino == before


async def test_a_job_gets_the_newest_named_targets_and_what_is_configured(
    bus: Bus, kept: Kept[TreeKeeper], tree: PublishedTree, tmp_path: Path
) -> None:
    config = PeelConfig(
        parallel=9, guards="strict", options={"a": 1}, jinja_env={"trim_blocks": True},
        jinja_sls_env={"lstrip_blocks": True}, web_cache_max=7,
    )  # fmt: skip
    settings = kept_settings(bus, tmp_path, bus.site.peel("keeper")).keeper
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        settings.welcomed(0)
        first = await tree.put(76, await tree.file("a", b"1"))
        await tree.publish(first)
        await kept.takes(76)
        await tree.publish(msgspec.structs.replace(first, generation=77, groups={"web": "w*"}))
        await kept.takes(77)
        job = tree.master.job("keeper", "state.apply", tree=first.root)
        trees = await PeelTrees(config, keeper, settings, tmp_path).of(job)
    assert trees.groups == {"web": "w*"}
    assert (trees.parallel, trees.strict_guards, trees.options) == (9, True, {"a": 1})
    assert trees.jinja_env == {"trim_blocks": True}
    assert trees.jinja_sls_env == {"lstrip_blocks": True}
    assert trees.cache_max == 7


async def test_a_large_file_comes_by_pieces_that_are_fetched_once(
    kept: Kept[TreeKeeper], tree: PublishedTree
) -> None:
    data = b"a" * PIECE + b"b" * (AHEAD + 1)
    async with kept.serving() as keeper:
        file = await tree.file("large", data)
        head = await tree.put(80, file)
        await tree.publish(head)
        base = await keeper.ensure(head.root) / "base"
        assert not (base / "large").exists()
        assert await keeper.fetch(head.root, "base", "large") == base / "large"

        # as after a fetch that was cut off: the first piece is here, and nowhere else
        (base / "large").unlink()
        (keeper.store.folder / "blobs" / file.pieces[1].hex()).unlink()
        await chunks.delete(tree.master.link, BUCKET, blob_key(file.pieces[0]))
        found = await keeper.fetch(head.root, "base", "large")

        assert found.read_bytes() == data
        with pytest.raises(LookupError):
            await keeper.fetch(head.root, "base", "../large")


async def test_what_was_kept_is_there_after_a_start(
    bus: Bus, kept: Kept[TreeKeeper], tree: PublishedTree, tmp_path: Path
) -> None:
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        await tree.publish(await tree.put(90, await tree.file("a", b"ninety")))
        await kept.takes(90)
    again = kept_trees(bus, tmp_path, bus.site.peel("keeper"))
    async with again.serving() as keeper:
        assert keeper.head is not None
        assert keeper.head.generation == 90
        await tree.publish(await tree.put(89))
        keeper.welcomed(0)
        await again.complains("generation 89 of the trees, and 90 is known")


async def test_what_an_older_peel_has_passed_over_is_read_after_an_upgrade(
    bus: Bus, kept: Kept[TreeKeeper], tree: PublishedTree, tmp_path: Path
) -> None:
    links = {"l": "../somewhere"}
    async with kept.serving() as keeper:
        keeper.welcomed(0)
        head = await tree.put(95, await tree.file("a", b"a"), links=links)
        await tree.publish(head)
        await kept.takes(95)
        file = keeper.store.revision(head.root) / "base" / "a"
        found = (keeper.store.manifests(head.root) or {})["base"]
    old = msgspec.structs.replace(found, links=msgspec.UNSET)
    beside = file.parents[1].with_suffix(".manifests")
    beside.write_bytes(encode(Manifests(environments={"base": old})))
    before = file.stat()

    again = kept_trees(bus, tmp_path, bus.site.peel("keeper"))
    async with again.serving() as keeper:
        assert keeper.head == head
        keeper.welcomed(0)
        await keeper.following.connected(1)
        await eventually(lambda: keeper.store.is_complete(head.root), "it is read anew")
        assert keeper.store.manifests(head.root) == {"base": found}
        assert file.stat() == before, "the files stay as they are"
