"""Published trees on disk: whole or not there, whatever a crash or a bad disk leaves."""

import os
from pathlib import Path

import msgspec
import pytest

from zester_peel.files.store import KEPT, TreeStore
from zester_proto.codec import digest
from zester_proto.errors import FileProblem
from zester_proto.messages.trees import AHEAD, BadTree, Manifest, TreeFile, TreeLink


@pytest.fixture
def store(tmp_path: Path) -> TreeStore:
    made = TreeStore(tmp_path / "trees")
    made.open()
    return made


def tree(**files: bytes) -> dict[str, Manifest]:
    entries = tuple(
        TreeFile(path, 0o640, len(data), (digest(data),)) for path, data in sorted(files.items())
    )
    return {"base": Manifest(environment="base", files=entries)}


def add(store: TreeStore, root: bytes, **files: bytes) -> Path:
    for data in files.values():
        store.put(digest(data), data)
    store.add(root, tree(**files))
    return store.revision(root) / "base"


def test_a_revision_holds_its_files_with_their_bits(store: TreeStore):
    folder = add(store, b"r", a=b"one", b=b"two")
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == {"a": b"one", "b": b"two"}
    assert (folder / "a").stat().st_mode & 0o777 == 0o640
    assert store.is_whole(b"r")
    assert store.manifests(b"r") == tree(a=b"one", b=b"two")


def test_a_tree_without_environments_is_whole_too(store: TreeStore):
    store.add(b"r", {})
    assert store.is_whole(b"r")


def test_what_a_crash_left_is_taken_away_and_the_rest_stays(store: TreeStore):
    add(store, b"r", a=b"one")
    half = store.folder / "revisions" / f".{b's'.hex()}"
    half.mkdir()
    (half / "a").write_text("half")
    (store.folder / "blobs" / ".half").write_text("half")

    store.open()

    assert {one.name for one in (store.folder / "revisions").iterdir()} == {
        "72", "72.manifests",
    }  # fmt: skip
    assert [one.name for one in (store.folder / "blobs").iterdir()] == [digest(b"one").hex()]


def test_a_revision_without_sound_manifests_is_not_whole(store: TreeStore):
    add(store, b"r", a=b"one")
    beside = store.folder / "revisions" / "72.manifests"
    beside.write_bytes(beside.read_bytes()[:-3])
    assert not store.is_whole(b"r")
    beside.unlink()
    assert not store.is_whole(b"r")
    add(store, b"r", a=b"one")
    assert store.is_whole(b"r")


def test_manifests_that_an_older_peel_kept_are_whole_and_not_complete(store: TreeStore):
    add(store, b"r", a=b"one")
    assert store.is_complete(b"r")
    beside = store.folder / "revisions" / "72.manifests"
    kept = msgspec.msgpack.decode(beside.read_bytes())
    beside.write_bytes(msgspec.msgpack.encode({one: kept[one] for one in ("t", "environments")}))
    assert store.is_whole(b"r")
    assert not store.is_complete(b"r")


def test_links_and_empty_folders_are_kept_as_text_and_nothing_is_made_of_them(store: TreeStore):
    manifest = Manifest(
        environment="base", files=(), folders=("empty",), links=(TreeLink("l", "/etc/passwd"),)
    )
    store.add(b"r", {"base": manifest})
    assert list((store.revision(b"r") / "base").iterdir()) == []
    assert store.manifests(b"r") == {"base": manifest}


def test_a_blob_that_comes_damaged_is_not_kept(store: TreeStore):
    with pytest.raises(BadTree, match="came damaged"):
        store.put(digest(b"one"), b"two")
    assert not store.has(digest(b"one"))


def test_a_blob_that_was_damaged_on_disk_is_fetched_anew(store: TreeStore):
    name = digest(b"one")
    store.put(name, b"one")
    (store.folder / "blobs" / name.hex()).write_bytes(b"One")

    with pytest.raises(BadTree, match="damaged on this disk"):
        store.add(b"r", tree(a=b"one"))

    assert not store.is_whole(b"r")
    assert store.missing(tree(a=b"one").values()) == {name}
    assert not list((store.folder / "revisions").iterdir())


def test_a_blob_that_is_gone_makes_no_half_revision(store: TreeStore):
    with pytest.raises(FileProblem, match="cannot keep a revision"):
        store.add(b"r", tree(a=b"one"))
    assert not list((store.folder / "revisions").iterdir())


def test_large_files_are_not_needed_ahead(store: TreeStore):
    data = os.urandom(AHEAD + 1)
    manifests = tree(large=data, small=data[:AHEAD])
    assert store.missing(manifests.values()) == {digest(data[:AHEAD])}
    store.put(digest(data[:AHEAD]), data[:AHEAD])
    store.add(b"r", manifests)
    folder = store.revision(b"r") / "base"
    assert [one.name for one in folder.iterdir()] == ["small"]
    store.put(digest(data), data)
    assert store.place(b"r", "base", manifests["base"].files[0]).read_bytes() == data


def test_old_revisions_go_and_only_their_blobs(store: TreeStore):
    for number in range(KEPT + 2):
        folder = add(store, bytes([number]), same=b"same", own=b"%d" % number)
        os.utime(folder.parent, (number, number))
    (store.folder / "blobs" / ".being-written").touch()

    store.tidy(bytes([0]))

    assert [store.is_whole(bytes([n])) for n in range(KEPT + 2)] == [True, False, False, True, True]
    assert {one.name for one in (store.folder / "blobs").iterdir()} == {
        ".being-written",
        *(digest(data).hex() for data in (b"same", b"0", b"3", b"4")),
    }


def test_beyond_the_limit_old_revisions_and_old_large_blobs_go(store: TreeStore):
    large = [bytes([number]) * (AHEAD + 1) for number in range(3)]
    for number, data in enumerate(large):
        folder = add(store, bytes([number]), large=data, own=b"%d" % number)
        os.utime(folder.parent, (number, number))
    blobs = [store.folder / "blobs" / digest(data).hex() for data in large]
    for blob in blobs[:2]:
        os.utime(blob, (1, 1))

    store.shrink(b"\2")
    assert all(store.is_whole(bytes([n])) for n in range(3))
    TreeStore(store.folder, limit=5 * AHEAD).shrink(b"\1", b"\2")
    assert [store.is_whole(bytes([n])) for n in range(3)] == [False, True, True]
    TreeStore(store.folder, limit=AHEAD).shrink(b"\1", b"\2")
    # a file may be in the making of the blob that is new
    assert [blob.exists() for blob in blobs] == [False, False, True]
    assert store.is_whole(b"\1")
    assert (store.revision(b"\1") / "base" / "large").read_bytes() == large[1]
    assert store.missing((store.manifests(b"\1") or {}).values()) == set()


def test_revisions_in_use_stay_however_many_they_are(store: TreeStore):
    roots = [bytes([number]) for number in range(KEPT + 2)]
    for root in roots:
        add(store, root, a=root)
    store.tidy(*roots)
    assert all(store.is_whole(root) for root in roots)
