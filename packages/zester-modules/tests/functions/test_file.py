"""Functions that look at files."""

import hashlib
import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from zester_modules.call import call
from zester_modules.context import Context
from zester_modules.registry import Registry


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "f.conf").write_text("# key = 1\nother\n")
    (tmp_path / "d" / "f.conf").chmod(0o640)
    (tmp_path / "d" / "l").symlink_to("f.conf")
    return tmp_path / "d"


def ask(place: Path, name: str, /, *args: str, **named: Any) -> Any:
    function = Registry().find(name)
    assert function.reads
    context = Context(registry=Registry(), tmp=place)
    return function.call(context, *args, **named)


def test_what_is_there(place: Path):
    path = str(place / "f.conf")
    assert ask(place, "file.file_exists", path)
    assert ask(place, "file.file_exists", str(place / "l"))
    assert not ask(place, "file.file_exists", str(place))
    assert ask(place, "file.directory_exists", str(place))
    assert ask(place, "file.is_link", str(place / "l"))
    assert ask(place, "file.readlink", str(place / "l")) == "f.conf"
    assert ask(place, "file.readdir", str(place)) == [".", "..", "e", "f.conf", "l"]
    assert ask(place, "file.read", path) == "# key = 1\nother\n"
    assert ask(place, "file.path_exists_glob", f"{place}/*.conf")
    assert not ask(place, "file.path_exists_glob", f"{place}/*.none")


def test_what_is_in_it(place: Path):
    path = str(place / "f.conf")
    assert ask(place, "file.contains", path, "key = 1")
    assert ask(place, "file.contains_regex", path, "^other$")
    assert not ask(place, "file.contains_regex", path, "^key")
    assert ask(place, "file.contains_regex", path, "^key", lchar="# ")
    assert not ask(place, "file.contains_regex", str(place / "none"), "x")
    assert ask(place, "file.search", path, "1\nother")
    digest = hashlib.md5(b"# key = 1\nother\n").hexdigest()
    assert ask(place, "file.check_hash", path, f"md5={digest}")
    assert ask(place, "file.check_hash", path, digest.upper())
    assert not ask(place, "file.check_hash", path, "sha1:00")
    assert ask(place, "file.get_hash", path) == hashlib.sha256(b"# key = 1\nother\n").hexdigest()


def test_whose_it_is(place: Path):
    path = str(place / "f.conf")
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert ask(place, "file.get_mode", path) == "0640"
    assert ask(place, "file.user_to_uid", "root") == 0
    assert ask(place, "file.uid_to_user", uid=0) == "root"
    assert ask(place, "file.group_to_gid", "no-such-group") is None
    assert ask(place, "file.gid_to_group", gid=4_000_000) == "4000000"
    assert ask(place, "file.get_user", path) == me
    assert ask(place, "file.get_uid", path) == os.geteuid()
    told = ask(place, "file.stats", str(place / "l"), hash_type="md5")
    assert (told["type"], told["user"], told["size"]) == ("file", me, 16)
    assert ask(place, "file.stats", str(place / "l"), follow_symlinks=False)["type"] == "link"


def test_paths_are_texts(place: Path):
    assert ask(place, "file.dirname", "/a/b") == "/a"
    assert ask(place, "file.basename", "/a/b") == "b"
    assert ask(place, "file.join", "/a", "b", "c") == "/a/b/c"
    assert ask(place, "file.normpath", "/a/../b/./c") == "/b/c"


def test_looking_below_a_folder(place: Path):
    assert ask(place, "file.find", str(place), type="f") == [f"{place}/f.conf"]
    assert ask(place, "file.find", str(place), name="*.conf") == [f"{place}/f.conf"]
    assert ask(place, "file.find", str(place), mindepth=1, type="dl") == [
        f"{place}/e",
        f"{place}/l",
    ]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("file.read", ["/nonexistent"]),
        ("file.readdir", ["/nonexistent"]),
        ("file.readlink", ["/"]),
        ("file.get_mode", ["/nonexistent"]),
        ("file.get_hash", ["/etc/passwd", "crc"]),
        ("file.contains_regex", ["/etc/passwd", "("]),
    ],
)
def test_what_cannot_be_answered_is_refused(name: str, args: list[str]):
    done = call(name, args, registry=Registry())
    assert done.outcome in {"refused", "failed"}
    assert done.error
