"""file.recurse with links and empty folders, and what clean leaves; compared with Salt 3008.5."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf
from zester_modules.states.tree_sources import TreeSources
from zester_proto.tree.folders import Tree
from zester_testing.state_trees import grounds, ran, states

Copy = Callable[..., Changes]
FILES = (
    "d/a", "d/e/b.conf", "d/e/f/c", "s2/a", "s2/x/y", "s2/e/b.conf/z", "s2/real/q",
)  # fmt: skip
LINKS = {
    "d/la": "a", "d/le": "e", "d/lempty": "empty", "d/e/up": "../a", "d/ltolempty": "lempty",
    "s2/l": "real", "s2/e/g": "../a",
}  # fmt: skip
LINKED = {"la": "-> a", "le": "-> e", "e/up": "-> ../a"}
PLAIN = {"a": "d/a", "e/b.conf": "d/e/b.conf", "e/f/c": "d/e/f/c"}
FOLLOWED = PLAIN | {
    "la": "d/a", "e/up": "d/a", "le/b.conf": "d/e/b.conf", "le/f/c": "d/e/f/c", "le/up": "d/a",
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    for name in FILES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    for name in ("d/empty", "d/deep/er"):
        (made / name).mkdir(parents=True)
    for name, target in LINKS.items():
        (made / name).symlink_to(target)
    return made


@pytest.fixture
def sources(root: Path) -> TreeSources:
    return TreeSources(Tree({"base": [root]}), "base")


@pytest.fixture
def copy(law: Any, sources: TreeSources) -> Copy:
    def held(name: str, **given: Any) -> Changes:
        return law("file.recurse", name, {"sources": sources}, **{"source": "salt://d"} | given)

    return held


def seen(folder: Path) -> dict[str, str]:
    """Give files with their texts, links with where they lead, and empty folders."""
    found: dict[str, str] = {}
    for one in sorted(folder.rglob("*")):
        name = str(one.relative_to(folder))
        if one.is_symlink():
            found[name] = f"-> {one.readlink()}"
        elif one.is_file():
            found[name] = one.read_text()
        elif not any(one.iterdir()):
            found[name] = "nothing"
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, FOLLOWED),
        ({"keep_symlinks": True}, PLAIN | LINKED),
        (
            {"include_empty": True},
            FOLLOWED | dict.fromkeys(("deep/er", "empty", "lempty", "ltolempty"), "nothing"),
        ),
        (
            {"keep_symlinks": True, "include_empty": True},
            PLAIN | LINKED | {"deep/er": "nothing", "empty": "nothing"}
            | {"lempty": "-> empty", "ltolempty": "-> lempty"},
        ),
        ({"maxdepth": 0}, {"a": "d/a", "la": "d/a"}),
        ({"max_depth": 0, "keep_symlinks": True}, {"a": "d/a", "la": "-> a"}),
        (
            {"include_pat": ["E@^l"], "keep_symlinks": True, "include_empty": True},
            {"la": "-> a", "le": "-> e", "lempty": "-> empty", "ltolempty": "-> lempty"},
        ),
        (
            {"exclude_pat": ["la", "emp*", "up"], "include_empty": True, "keep_symlinks": True},
            PLAIN | {"deep/er": "nothing", "le": "-> e"}
            | {"lempty": "-> empty", "ltolempty": "-> lempty"},
        ),
        (
            {"source": ["salt://d", "salt://s2"], "merge": True, "keep_symlinks": True},
            PLAIN | LINKED | {"x/y": "s2/x/y", "real/q": "s2/real/q"}
            | {"l": "-> real", "e/g": "-> ../a"},
        ),
        (
            {"source": ["salt://s2", "salt://d"], "merge": True},
            FOLLOWED | {"a": "s2/a", "e/g": "s2/a", "x/y": "s2/x/y", "real/q": "s2/real/q"}
            | {"l/q": "s2/real/q", "e/b.conf/z": "s2/e/b.conf/z"},
        ),
    ],
)  # fmt: skip
def test_links_and_empty_folders_come_as_salt_makes_them(
    copy: Copy, place: Path, given: dict[str, Any], expected: dict[str, str]
):
    if "e/b.conf/z" in expected:
        expected = {one: text for one, text in expected.items() if one != "e/b.conf"}
    copy("x", **given)
    assert seen(place / "x") == expected
    assert copy("x", **given).leaves == ()


def test_a_link_that_leads_elsewhere_is_turned_and_keeps_its_owners(copy: Copy, place: Path):
    copy("x", keep_symlinks=True)
    (place / "x/le").unlink()
    (place / "x/le").symlink_to("gone")
    changes = copy("x", keep_symlinks=True)
    assert changes.leaves == (Leaf(path=f"{place}/x/le:target", before="gone", after="e"),)


def test_what_lies_in_a_links_way_goes_only_by_force(copy: Copy, place: Path):
    (place / "x/le/mine").mkdir(parents=True)
    with pytest.raises(HostProblem, match=r"x/le is a folder, not a link") as problem:
        copy("x", keep_symlinks=True)
    assert problem.value.hint == "force_symlinks: true replaces it"
    assert list((place / "x").iterdir()) == [place / "x/le"]
    copy("x", keep_symlinks=True, force_symlinks=True, clean=True)
    assert seen(place / "x") == PLAIN | LINKED


def test_a_link_out_of_the_tree_is_copied_as_a_link_and_never_followed(
    copy: Copy, place: Path, root: Path, tmp_path: Path
):
    (tmp_path / "secret").write_text("secret")
    (root / "out").mkdir()
    (root / "out" / "enabled").symlink_to("/etc/nginx/sites-available/web")
    (root / "out" / "secret").symlink_to(tmp_path / "secret")
    with pytest.raises(HostProblem, match="the link enabled of the source leads to /etc/nginx"):
        copy("x", source="salt://out")
    copy("x", source="salt://out", keep_symlinks=True)
    assert seen(place / "x") == {
        "enabled": "-> /etc/nginx/sites-available/web", "secret": f"-> {tmp_path}/secret",
    }  # fmt: skip
    copy("y", source="salt://out", exclude_pat=["*"])
    assert seen(place / "y") == {}


def test_clean_replaces_what_is_of_another_kind(copy: Copy, place: Path):
    (place / "x/a/in").mkdir(parents=True)
    (place / "x/e").write_text("a file")
    with pytest.raises(HostProblem, match="x/e is a file, not a folder"):
        copy("x")
    copy("x", clean=True)
    assert seen(place / "x") == FOLLOWED


def test_clean_leaves_what_is_excluded_wherever_it_lies(copy: Copy, place: Path):
    for name in ("g/h/keepme", "g/h/other", "stray"):
        (place / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "x" / name).write_text(name)
    copy("x", clean=True, exclude_pat=["keep*"])
    assert seen(place / "x") == FOLLOWED | {"g/h/keepme": "g/h/keepme"}


def test_an_empty_folder_is_a_source_and_a_name_that_is_nothing_is_none(copy: Copy, place: Path):
    (place / "x").mkdir()
    (place / "x/stray").write_text("")
    copy("x", source=["salt://gone", "salt://d/empty"], clean=True)
    assert seen(place / "x") == {}
    with pytest.raises(HostProblem, match="none of the sources is a folder of the tree"):
        copy("y", source="salt://d/emp")


def test_clean_leaves_what_other_states_of_the_run_keep(
    place: Path, sources: TreeSources, tmp_path: Path
):
    folder = place / "x"
    for name in ("stray", "sub/stray", "mine/stray", "copied/stray", "bad"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    tree = states(
        ("before", "file.managed", {"name": f"{folder}/sub/before", "contents": "b"}),
        ("clean", "file.directory", {"name": str(folder), "clean": True}),
        ("after", "file.managed", {"name": f"{folder}/after", "contents": "a"}),
        ("link", "file.symlink", {"name": f"{folder}/link", "target": "after"}),
        ("mine", "file.directory", {"name": f"{folder}/mine"}),
        ("copied", "file.recurse", {"name": f"{folder}/copied", "source": "salt://s2/x"}),
        ("wrong", "file.managed", {"name": f"{folder}/bad", "mode": "9"}),
    )  # fmt: skip
    on = grounds(tmp_path / "run", sources=sources)

    dry = ran(tree, on, test=True)
    first = ran(tree, on)
    again = ran(tree, on)

    assert dry["clean"]["changes"].keys() == first["clean"]["changes"].keys() == {
        f"{folder}/{name}" for name in ("stray", "sub/stray", "copied/stray")
    }  # fmt: skip
    assert seen(folder) == {
        "sub/before": "b\n", "after": "a\n", "link": "-> after", "mine/stray": "",
        "copied/y": "s2/x/y", "bad": "",
    }  # fmt: skip
    assert {one["result"] for one in again.values()} == {"ok", "failed"}
    assert again["wrong"]["result"] == "failed"


def test_a_folder_is_cleaned_around_what_is_copied_into_it(
    place: Path, sources: TreeSources, tmp_path: Path
):
    (place / "x").mkdir()
    (place / "x/stray").write_text("")
    tree = states(
        ("copy", "file.recurse", {"name": f"{place}/x", "source": "salt://s2/x"}),
        ("clean", "file.directory", {"name": f"{place}/x/", "clean": True}),
    )
    found = ran(tree, grounds(tmp_path / "run", sources=sources))
    assert [one["result"] for one in found.values()] == ["changed", "changed"]
    assert seen(place / "x") == {"y": "s2/x/y"}
