"""Folders, links and what is not to be there are held to the law."""

import stat
from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.machine import HostProblem


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_with_its_mode(law: Any, place: Path):
    law("file.directory", "a", mode="2750")
    assert mode(place / "a") == 0o2750
    law("file.directory", "a", mode="0700")
    assert mode(place / "a") == 0o700
    with pytest.raises(HostProblem, match="there is no folder"):
        law("file.directory", "x/y")
    law("file.directory", "x/y", makedirs=True)
    assert (place / "x" / "y").is_dir()


def test_recurse_keeps_what_is_below_and_follows_no_link(law: Any, place: Path):
    (place / "d" / "e").mkdir(parents=True)
    (place / "d" / "e" / "f").write_text("")
    (place / "out").write_text("")
    (place / "d" / "l").symlink_to(place / "out")
    law("file.directory", "d", dir_mode="0750", file_mode="0600", recurse=["mode"])
    assert (mode(place / "d"), mode(place / "d/e"), mode(place / "d/e/f")) == (0o750, 0o750, 0o600)
    assert mode(place / "out") == 0o644
    with pytest.raises(HostProblem, match="recurse"):
        law("file.directory", "d", recurse=["modes"])


def test_clean_removes_what_is_not_excluded(law: Any, place: Path):
    for name in ("d/keep/x", "d/keep/y.conf", "d/go/z", "d/f"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("")
    law("file.directory", "d", clean=True, exclude_pat=["*.conf", "E@^go$"])
    found = sorted(str(one.relative_to(place)) for one in place.rglob("*"))
    assert found == ["d", "d/go", "d/go/z", "d/keep", "d/keep/y.conf"]


def test_what_is_in_a_folders_way_goes_only_by_force(law: Any, place: Path):
    (place / "d").write_text("precious")
    with pytest.raises(HostProblem, match="is a file"):
        law("file.directory", "d")
    law("file.directory", "d", backupname="kept")
    assert (place / "kept").read_text() == "precious"
    (place / "e").write_text("x")
    law("file.directory", "e", force=True)
    assert (place / "e").is_dir()


def test_a_link_leads_where_it_is_said(law: Any, place: Path):
    law("file.symlink", "l", target="one")
    law("file.symlink", "l", target="two")
    assert str((place / "l").readlink()) == "two"
    (place / "f").write_text("x")
    with pytest.raises(HostProblem, match="is a file"):
        law("file.symlink", "f", target="two")
    law("file.symlink", "f", target="two", backupname="g")
    assert (place / "g").read_text() == "x"
    (place / "d" / "e").mkdir(parents=True)
    law("file.symlink", "d", target="two", force=True)
    law("file.symlink", "a/b/l", target="two", makedirs=True)
    assert (place / "d").is_symlink()


def test_absent_takes_a_link_and_not_what_it_names(law: Any, place: Path):
    (place / "d").mkdir()
    (place / "d" / "f").write_text("")
    (place / "l").symlink_to("d")
    law("file.absent", "l")
    assert (place / "d" / "f").exists()
    law("file.absent", "d")
    assert list(place.iterdir()) == []
    assert law("file.absent", "d").leaves == ()


def test_exists_and_missing_only_look(law: Any, place: Path):
    law("file.missing", "f")
    with pytest.raises(HostProblem):
        law("file.exists", "f")
    (place / "f").write_text("")
    law("file.exists", "f")
    with pytest.raises(HostProblem):
        law("file.missing", "f")
