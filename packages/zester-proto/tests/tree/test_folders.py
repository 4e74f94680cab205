from pathlib import Path

import pytest

from zester_proto.tree.files import BadTree
from zester_proto.tree.folders import Tree, split_source
from zester_proto.tree.reference import absolute, reference_of


def write(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return root


def test_the_first_root_that_has_a_path_wins_and_the_other_is_hidden(tmp_path: Path):
    first, second = write(tmp_path / "1", "a.zy"), write(tmp_path / "2", "a.zy", "b/init.sls")
    tree = Tree({"base": [first, second]})
    assert tree.locate("base", "a.zy") == first / "a.zy"
    assert tree.references("base") == {"a": ["a.zy"], "b": ["b/init.sls"]}
    assert [(one.path, one.root, one.by) for one in tree.hidden("base")] == [
        ("a.zy", second, first)
    ]


def test_a_reference_is_a_file_or_a_folders_init(tmp_path: Path):
    tree = Tree({"base": [write(tmp_path, "a.sls", "a/init.sls", "a/b.zy", "c/d/init.sls")]})
    paths = {name: tree.find("base", name) for name in ("a", "a.b", "c.d", "c", "e")}
    found = {name: one.path if one else None for name, one in paths.items()}
    assert found == {"a": "a.sls", "a.b": "a/b.zy", "c.d": "c/d/init.sls", "c": None, "e": None}


def test_two_files_of_one_name_are_an_error(tmp_path: Path):
    tree = Tree({"base": [write(tmp_path, "a.sls", "a.zy")]})
    with pytest.raises(BadTree, match=r"a\.zy and a\.sls are both there"):
        tree.find("base", "a")


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "", ".", "a//b", "a/./b", "\0"]
)
def test_no_path_climbs_out(path: str, tmp_path: Path):
    write(tmp_path, "x", "root/a/b")
    assert Tree({"base": [tmp_path / "root"]}).read("base", path) is None


def test_a_link_out_of_the_root_leads_nowhere_and_one_within_does(tmp_path: Path):
    root = write(tmp_path / "root", "a/b.zy")
    write(tmp_path, "secret", "folder/secret.zy")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path / "folder")
    (root / "in.zy").symlink_to(root / "a" / "b.zy")
    (root / "round").symlink_to(root / "round")
    tree = Tree({"base": [root]})
    assert tree.read("base", "out") is None
    assert tree.read("base", "folder/secret.zy") is None
    assert tree.read("base", "round") is None
    assert tree.read("base", "in.zy") == b"a/b.zy"
    (root / "leaves.sls").symlink_to(tmp_path / "secret")
    with pytest.raises(BadTree, match=f"^leaves.sls is a link that leaves the tree, to {tmp_path}"):
        tree.find("base", "leaves")
    with pytest.raises(BadTree, match=r"^folder/secret.zy lies behind the link folder"):
        tree.find("base", "folder.secret")
    barred = {path: tree.barred("base", path) for path in ("a", "round", "../x", "a/no", "in.zy/x")}
    assert barred == {
        "a": "is a folder", "round": "cannot be looked at: Too many levels of symbolic links",
        "../x": "climbs out of the tree", "a/no": "", "in.zy/x": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "sls", "path", "meant"),
    [
        ("x", "a.b", "a/b.sls", "x"),
        (".x", "a.b", "a/b.sls", "a.x"),
        (".x", "a.b", "a/b/init.sls", "a.b.x"),
        ("..x", "a.b.c", "a/b/c.zy", "a.x"),
        ("..x", "a", "a/init.sls", "x"),
        ("..x", "a", "a.sls", None),
    ],
)
def test_leading_dots_count_from_the_file(written: str, sls: str, path: str, meant: str | None):
    assert absolute(written, sls, path) == meant


def test_hidden_files_and_names_with_dots_are_no_references():
    assert reference_of("a/b.c.sls") is None
    assert reference_of("a/map.jinja") is None
    assert reference_of("a/init.zy") == "a"


def test_sources_of_the_tree_may_name_their_environment():
    assert split_source("salt://a/b?saltenv=dev") == ("a/b", "dev")
    assert split_source("zester://a") == ("a", "")
    assert split_source("/etc/passwd") is None
