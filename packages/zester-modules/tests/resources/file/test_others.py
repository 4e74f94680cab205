"""Copies, names, times, whole folders and data are held to the law."""

import stat
from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_modules.states.tree_sources import TreeSources
from zester_proto.tree.folders import Tree
from zester_testing.resource_law import params_for, scope_on
from zester_testing.state_trees import RESOURCES


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def listed(place: Path) -> dict[str, str]:
    return {
        str(one.relative_to(place)): one.read_text()
        for one in sorted(place.rglob("*"))
        if one.is_file()
    }


@pytest.fixture
def tree(tmp_path: Path) -> dict[str, Any]:
    for name, text in {"d/a": "a", "d/e/b.conf": "b", "d/e/f/c": "c", "other": "x"}.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "tree" / "d" / "a").chmod(0o755)
    return {"sources": TreeSources(Tree({"base": [tmp_path / "tree"]}), "base")}


def test_a_copy_is_made_once_or_kept_the_same(law: Any, place: Path):
    (place / "src").write_text("one")
    (place / "src").chmod(0o750)
    source = str(place / "src")
    law("file.copy", "a/b", source=source, makedirs=True)
    (place / "src").write_text("two")
    assert law("file.copy", "a/b", source=source).leaves == ()
    law("file.copy", "a/b", source=source, force=True, mode="0600")
    assert (place / "a/b").read_text() == "two"
    assert mode(place / "a/b") == 0o600
    law("file.copy", "a", source=source, subdir=True, preserve=True)
    assert mode(place / "a/src") == 0o750
    with pytest.raises(HostProblem, match="no source"):
        law("file.copy", "x", source=str(place / "nothing"))


def test_a_folder_is_copied_with_its_links(law: Any, place: Path):
    (place / "s" / "in").mkdir(parents=True)
    (place / "s" / "in" / "f").write_text("f")
    (place / "s" / "l").symlink_to("in")
    law("file.copy", "t", source=str(place / "s"))
    assert str((place / "t" / "l").readlink()) == "in"
    assert (place / "t" / "in" / "f").read_text() == "f"
    with pytest.raises(HostProblem, match="lies in"):
        law("file.copy", "s/again", source=str(place / "s"))


def test_a_name_is_changed_once(law: Any, place: Path):
    (place / "a").write_text("a")
    law("file.rename", "d/b", source=str(place / "a"), makedirs=True)
    assert law("file.rename", "d/b", source=str(place / "a")).leaves == ()
    (place / "a").write_text("new")
    assert law("file.rename", "d/b", source=str(place / "a")).leaves == ()
    law("file.rename", "d/b", source=str(place / "a"), force=True)
    assert listed(place) == {"d/b": "new"}
    with pytest.raises(HostProblem, match="neither"):
        law("file.rename", "x", source=str(place / "a"))


def test_touch_makes_a_file_and_leaves_its_times(law: Any, place: Path):
    law("file.touch", "d/f", makedirs=True)
    assert law("file.touch", "d/f").leaves == ()
    assert listed(place) == {"d/f": ""}


def test_a_time_is_set_once_and_a_dry_run_sees_it(place: Path, tmp_path: Path):
    (place / "f").write_text("")
    resource = RESOURCES.find("file.touch")
    assert resource is not None
    scope = scope_on(RealMachine(tmp_path), tmp_path / "run")
    params = params_for(resource, str(place / "f"), {"mtime": "1000"})
    resource.apply(resource.check(params, scope), scope)
    assert (place / "f").stat().st_mtime == 1000
    assert resource.check(params, scope).leaves == ()
    assert resource.react is not None
    resource.apply(resource.react(params_for(resource, str(place / "f"), {}), scope), scope)
    assert (place / "f").stat().st_mtime > 1000


def test_a_folder_of_the_tree(law: Any, place: Path, tree: dict[str, Any]):
    given = {"source": "salt://d", "file_mode": "0640", "dir_mode": "0750"}
    law("file.recurse", "x/y", tree, **given)
    assert listed(place) == {"x/y/a": "a", "x/y/e/b.conf": "b", "x/y/e/f/c": "c"}
    assert (mode(place / "x/y/a"), mode(place / "x/y/e/f")) == (0o640, 0o750)
    (place / "x/y/mine").write_text("")
    (place / "x/y/e/old").mkdir()
    assert law("file.recurse", "x/y", tree, **given).leaves == ()
    law("file.recurse", "x/y", tree, clean=True, exclude_pat=["mine"], **given)
    assert listed(place) == {"x/y/a": "a", "x/y/e/b.conf": "b", "x/y/e/f/c": "c", "x/y/mine": ""}
    assert not (place / "x/y/e/old").exists()
    law("file.recurse", "z", tree, source="salt://d", include_pat=["*.conf"], file_mode="keep")
    assert listed(place / "z") == {"e/b.conf": "b"}
    with pytest.raises(HostProblem, match="none of the sources is a folder of the tree"):
        law("file.recurse", "z", tree, source="salt://nothing")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"serializer": "json", "dataset": {"b": 1, "a": [True]}},
            '{\n  "a": [\n    true\n  ],\n  "b": 1\n}\n',
        ),
        ({"formatter": "yaml", "dataset": {"b": 1, "a": [True]}}, "a:\n- true\nb: 1\n"),
        ({"serializer": "configparser", "dataset": {"s": {"Key": "v"}}}, "[s]\nKey = v\n\n"),
        ({"serializer": "python", "dataset": {"a": 1}}, "{'a': 1}\n"),
        ({"dataset_pillar": "deep:er", "serializer": "json"}, "[\n  1\n]\n"),
    ],
)
def test_data_is_written_in_a_format(law: Any, place: Path, given: dict[str, Any], text: str):
    law("file.serialize", "f", {"settings": {"deep": {"er": [1]}}}, **given)
    assert (place / "f").read_text() == text


def test_data_is_laid_over_what_is_there(law: Any, place: Path):
    (place / "f").write_text('{"a": {"x": 1}, "b": 2}')
    given = {"serializer": "json", "merge_if_exists": True, "serializer_opts": {"indent": None}}
    law("file.serialize", "f", dataset={"a": {"y": 3}}, **given)
    assert (place / "f").read_text() == '{"a": {"x": 1, "y": 3}, "b": 2}\n'
    (place / "f").write_text("{")
    with pytest.raises(HostProblem, match="is no json"):
        law("file.serialize", "f", dataset={"a": 1}, **given)
    with pytest.raises(HostProblem, match="nothing writes"):
        law("file.serialize", "g", dataset={"a": 1}, serializer="toml")
