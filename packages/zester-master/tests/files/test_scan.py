"""What a master finds in its folders, and what it says of what it cannot publish."""

import os
import socket
from pathlib import Path

from zester_master.files.scan import scan


def paths(*roots: Path) -> list[str]:
    found = scan({"base": roots})
    assert found.problems == ()
    return list(found.environments["base"])


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def test_hidden_files_and_what_editors_leave_are_passed_over(tmp_path: Path):
    write(tmp_path, "a.sls", "b/c.zy", ".a.sls.swp", ".git/x", "b/.x", "a.sls~", "a.swp", "a.swx")
    write(tmp_path, "a.tmp")
    assert paths(tmp_path) == ["a.sls", "b/c.zy"]


def test_the_first_root_that_has_a_path_wins(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "a", "both")
    write(two, "b", "both")
    found = scan({"base": (one, two)}).environments["base"]
    assert list(found) == ["a", "b", "both"]
    assert found["both"].file == one / "both"


def test_links_stay_in_their_root(tmp_path: Path):
    root = tmp_path / "root"
    write(root, "a", "folder/b")
    write(tmp_path, "root-secret")
    (root / "in").symlink_to("a")
    (root / "out").symlink_to(tmp_path / "root-secret")
    (root / "nowhere").symlink_to("gone")
    (root / "elsewhere").symlink_to("folder")

    found = scan({"base": (root,)})

    assert list(found.environments["base"]) == ["a", "folder/b", "in"]
    assert found.problems == (
        f"{root}/nowhere: No such file or directory",
        f"{root}/out: the link leads out of its tree",
    )


def test_a_root_may_be_a_link_itself(tmp_path: Path):
    write(tmp_path / "real", "a")
    (tmp_path / "real" / "in").symlink_to("a")
    (tmp_path / "root").symlink_to("real")
    assert paths(tmp_path / "root") == ["a", "in"]


def test_a_root_that_is_gone_is_a_problem(tmp_path: Path):
    found = scan({"base": (tmp_path / "gone",)})
    assert found.empty
    assert found.problems == (f"{tmp_path}/gone: No such file or directory",)


def test_pipes_and_sockets_are_passed_over(tmp_path: Path):
    write(tmp_path, "a")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.fspath(tmp_path / "s"))
        assert paths(tmp_path) == ["a"]


def test_a_name_that_is_no_utf_8_is_a_problem_that_can_be_told(tmp_path: Path):
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/na\xe9"))).write_text("x")
    found = scan({"base": (tmp_path,)})
    assert found.environments["base"] == {}
    assert found.problems == (r"'na\udce9' is no path of a file in a tree",)
    assert found.problems[0].encode()


def test_a_name_that_no_environment_may_have_is_a_problem(tmp_path: Path):
    assert scan({"a/b": (tmp_path,)}).problems == ("'a/b' is no name of an environment",)


def test_stamps_tell_an_edit_of_the_same_length(tmp_path: Path):
    write(tmp_path, "a")
    before = scan({"base": (tmp_path,)})
    assert scan({"base": (tmp_path,)}) == before
    (tmp_path / "b").write_text("b")
    (tmp_path / "b").replace(tmp_path / "a")
    assert scan({"base": (tmp_path,)}) != before
