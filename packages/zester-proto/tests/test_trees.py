"""Trees as messages: what passes the checks can be written below one folder, and nowhere else."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.codec import decode, digest, encode
from zester_proto.messages.base import Message
from zester_proto.messages.trees import (
    PIECE,
    BadTree,
    Manifest,
    TreeEnvironment,
    TreeFile,
    TreeLink,
    blob_key,
    check_environment,
    check_manifest,
    check_path,
    check_target,
    manifest_key,
    root_key,
    root_of,
)

PARTS = st.one_of(
    st.sampled_from(["", ".", "..", "a", "b", "...", ".a", "\0", "\n", "a" * 256, "\udce9"]),
    st.text(alphabet=st.characters(codec=None, exclude_characters="/"), max_size=5),
)
PATHS = st.lists(PARTS, max_size=4).map("/".join)


def manifest(*files: TreeFile) -> Manifest:
    return Manifest(environment="base", files=files)


def file(path: str, size: int = 0, mode: int = 0o644, pieces: int = 0) -> TreeFile:
    return TreeFile(path, mode, size, (digest(b"x"),) * pieces)


@given(PATHS)
def test_a_path_that_passes_lies_below_its_folder_and_can_travel(path: str):
    try:
        check_path(path)
    except BadTree:
        return
    folder = Path("/the/folder")
    target = folder / path
    assert target.is_relative_to(folder)
    assert target != folder
    assert ".." not in target.parts
    assert str(target) == f"/the/folder/{path}"
    assert decode(encode(manifest(file(path))), Manifest).files[0].path == path


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/etc/passwd", "..", "../a", "a/../../b", "a//b", "./a", "a/", "a\0b", "a\nb",
        "a" * 256, "/".join(["a" * 200] * 6), "na\udce9",
    ],
)  # fmt: skip
def test_paths_that_may_not_be_one(path: str):
    with pytest.raises(BadTree, match="no path of a file"):
        check_path(path)


@given(st.lists(PATHS, max_size=6))
def test_files_of_a_manifest_that_passes_do_not_meet(paths: list[str]):
    try:
        check_manifest(manifest(*map(file, paths)), "base")
    except BadTree:
        return
    targets = [Path(path) for path in paths]
    assert len(set(targets)) == len(paths)
    assert not any(one in other.parents for one in targets for other in targets)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ((file("../a"),), "no path of a file"),
        ((file("a"), file("b"), file("a")), "a is there twice"),
        ((file("a/b"), file("a")), "a is a file and a folder"),
        ((file("a/b/c"), file("a")), "a is a file and a folder"),
        ((file("a", mode=0o4755),), "makes no sense"),
        ((file("a", mode=-1),), "makes no sense"),
        ((file("a", size=-1),), "makes no sense"),
        ((file("a", size=1),), "makes no sense"),
        ((file("a", size=PIECE + 1, pieces=1),), "makes no sense"),
        ((file("a", size=0, pieces=1),), "makes no sense"),
    ],
)
def test_manifests_that_cannot_be_written(files: tuple[TreeFile, ...], message: str):
    with pytest.raises(BadTree, match=message):
        check_manifest(manifest(*files), "base")


@pytest.mark.parametrize(
    ("folders", "links", "message"),
    [
        (("../a",), (), "no path of a file"),
        (("b", "b"), (), "the folder b is there twice"),
        (("a",), (), "a is a file and a folder"),
        (("a/b",), (), "a is a file and a folder"),
        ((), (("/b", "x"),), "no path of a file"),
        ((), (("b", "x"), ("b", "y")), "the link b is there twice"),
        ((), (("a/b", "x"),), "a is a file and a folder"),
        ((), (("b", ""),), "nothing that a link of a tree leads to"),
        ((), (("b", "x" * 1025),), "nothing that a link of a tree leads to"),
    ],
)
def test_folders_and_links_that_cannot_be(
    folders: tuple[str, ...], links: tuple[tuple[str, str], ...], message: str
):
    found = tuple(TreeLink(path, target) for path, target in links)
    with pytest.raises(BadTree, match=message):
        check_manifest(
            Manifest(environment="base", files=(file("a"),), folders=folders, links=found), "base"
        )


def test_a_link_may_lead_anywhere_and_have_the_path_of_what_it_stands_for():
    sound = Manifest(
        environment="base", files=(file("a"), file("d/b"), file("l/b"), file("la")),
        folders=("empty", "lempty"),
        links=tuple(
            TreeLink(path, target)
            for path, target in {
                "d/out": "../../etc/passwd", "l": "d", "l/out": "../../etc/passwd", "la": "a",
                "lempty": "empty", "root": "/",
            }.items()
        ),
    )  # fmt: skip
    assert check_manifest(sound, "base") is sound
    assert decode(encode(sound), Manifest) == sound
    assert check_target("../..") == "../.."


def test_a_tree_of_files_alone_has_the_bytes_that_it_always_had():
    class Before(Message, frozen=True, kw_only=True, tag="manifest"):
        environment: str
        files: tuple[TreeFile, ...]

    plain = manifest(file("a"))
    assert encode(plain) == encode(Before(environment="base", files=plain.files))
    rich = msgspec.structs.replace(plain, folders=("b",), links=(TreeLink("c", "a"),))
    # who does not know links passes over them
    assert decode(encode(rich), Before).files == plain.files


def test_a_manifest_of_another_environment_is_refused():
    with pytest.raises(BadTree, match="is of environment base, not test"):
        check_manifest(manifest(), "test")


def test_a_sound_manifest_comes_back():
    sound = manifest(file("a/b", size=PIECE + 1, pieces=2), file("a/c"), file("ab", mode=0o755))
    assert check_manifest(sound, "base") is sound


@pytest.mark.parametrize("name", ["base", "a", "A_9-b", "_", "9", "x" * 64])
def test_names_of_environments(name: str):
    assert check_environment(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a/b", "..", "a.b", "é", "a\n", "x" * 65])
def test_names_that_no_environment_has(name: str):
    with pytest.raises(BadTree, match="is no name of an environment"):
        check_environment(name)


def test_the_root_names_every_environment_and_its_manifest():
    one = TreeEnvironment(manifest=digest(b"1"), files=1, bytes=1)
    other = TreeEnvironment(manifest=digest(b"2"), files=1, bytes=1)
    roots = [
        root_of(given)
        for given in ({}, {"a": one}, {"b": one}, {"a": other}, {"a": one, "b": other})
    ]
    assert len(set(roots)) == 5
    assert root_of({"b": other, "a": one}) == root_of({"a": one, "b": other})


def test_keys_say_what_they_hold():
    assert (root_key(b"\1"), manifest_key(b"\2"), blob_key(b"\3")) == (
        "root.01", "manifest.02", "blob.03",
    )  # fmt: skip
