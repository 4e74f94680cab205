"""What a master finds in its folders, and what it says of what it cannot publish."""

import itertools
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


def test_a_link_stands_for_what_it_names_in_its_root_and_is_a_link_besides(tmp_path: Path):
    root = tmp_path / "root"
    write(root, "a", "folder/b")
    write(tmp_path, "root-secret")
    links = {
        "in": "a", "out": str(tmp_path / "root-secret"), "nowhere": "gone", "elsewhere": "folder",
        "folder/round": "..",
    }  # fmt: skip
    for name, target in links.items():
        (root / name).symlink_to(target)

    found = scan({"base": (root,)})

    assert list(found.environments["base"]) == ["a", "elsewhere/b", "folder/b", "in"]
    # what a linked folder holds is there as well, and its links are
    assert dict(found.besides["base"].links) == links | {"elsewhere/round": ".."}
    assert found.besides["base"].lost == ("elsewhere/round", "folder/round", "nowhere", "out")
    assert found.problems == ()


def test_a_link_that_would_be_read_has_to_stand_for_a_file(tmp_path: Path):
    root = tmp_path / "root"
    write(root, "a.sls", "files/a.conf")
    write(tmp_path, "secret.sls")
    (root / "b.sls").symlink_to("a.sls")
    (root / "out.sls").symlink_to(tmp_path / "secret.sls")
    (root / "map.jinja").symlink_to("gone.jinja")
    (root / "files" / "host.conf").symlink_to("/etc/host.conf")

    found = scan({"base": (root,)})

    assert list(found.environments["base"]) == ["a.sls", "b.sls", "files/a.conf"]
    assert found.problems == tuple(
        f"{name}: the link leads out of its tree, to nothing, or in a circle"
        for name in ("map.jinja", "out.sls")
    )


def test_folders_that_hold_nothing_are_found(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "a/b", "c/.git/x", "d/x.swp")
    (one / "e" / "f").mkdir(parents=True)
    (one / "filled").mkdir()
    write(two, "filled/x")
    found = scan({"base": (one, two)})
    assert found.besides["base"].folders == ("c", "d", "e/f")


def test_a_file_of_the_first_root_hides_a_folder_of_the_second_and_the_other_way(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "a", "b/c")
    write(two, "a/x", "b", "d/e")
    (two / "a" / "link").symlink_to("x")
    (two / "d" / "empty").mkdir()
    found = scan({"base": (one, two)})
    assert list(found.environments["base"]) == ["a", "b/c", "d/e"]
    assert found.besides["base"].links == ()


def test_links_that_lead_into_each_other_come_to_an_end(tmp_path: Path):
    for name in "abcdefgh":
        write(tmp_path, f"{name}/file")
        for other in "abcdefgh":
            (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")
    found = scan({"base": (tmp_path,)})
    assert found.problems == ()
    assert max(path.count("/") for path in found.environments["base"]) == 5


def test_a_link_that_cannot_be_sent_is_a_problem(tmp_path: Path):
    write(tmp_path, "a")
    (tmp_path / "new").symlink_to("two\nlines")
    (tmp_path / "raw").symlink_to(os.fsdecode(b"na\xe9"))
    assert scan({"base": (tmp_path,)}).problems == (
        r"new: 'two\nlines' is nothing that a link of a tree leads to",
        r"raw: 'na\udce9' is nothing that a link of a tree leads to",
    )


def test_an_edit_of_a_link_or_a_folder_is_one_of_the_tree(tmp_path: Path):
    write(tmp_path, "a")
    looks = [scan({"base": (tmp_path,)})]
    (tmp_path / "empty").mkdir()
    looks.append(scan({"base": (tmp_path,)}))
    (tmp_path / "link").symlink_to("/one")
    looks.append(scan({"base": (tmp_path,)}))
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("/two")
    looks.append(scan({"base": (tmp_path,)}))
    assert all(one != other for one, other in itertools.pairwise(looks))


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
