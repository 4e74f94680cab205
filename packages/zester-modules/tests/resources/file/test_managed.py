"""file.managed is held to the law in all of its forms."""

import resource as resource_limits
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_modules.resource import Changes, Unknown
from zester_testing.resource_law import params_for, scope_on
from zester_testing.state_trees import RESOURCES, grounds, ran, states


def paths(done: Changes, place: Path) -> set[str]:
    return {leaf.path.removeprefix(f"{place}/") for leaf in done.leaves}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"contents": "one"}, "one\n"),
        ({"contents": "one\n"}, "one\n"),
        ({"contents": ["one", "two"]}, "one\ntwo\n"),
        ({"contents": "one", "contents_newline": False}, "one"),
        ({"contents": ""}, ""),
        ({}, ""),
        ({"contents": "one", "encoding": "utf-16-le"}, "o\0n\0e\0\n\0"),
        ({"contents_pillar": "a:b"}, "deep\n"),
        ({"contents_pillar": ["a:b", "c"]}, "deep\n1\n2\n"),
        ({"contents_grains": "os_family"}, "Debian\n"),
        ({"contents_pillar": "a/b", "contents_delimiter": "/"}, "deep\n"),
    ],
)
def test_contents_in_words(law: Any, place: Path, given: dict[str, Any], text: str):
    scoped = {"settings": {"a": {"b": "deep"}, "c": [1, 2]}, "facts": {"os_family": "debian"}}
    done = law("file.managed", "f", scoped, **given)
    assert (place / "f").read_text() == text
    assert paths(done, place) == {"f", "f:contents", "f:mode", "f:user", "f:group"}


def test_only_what_differs_is_changed(law: Any, place: Path):
    (place / "f").write_text("old\n")
    (place / "f").chmod(0o600)
    assert paths(law("file.managed", "f", contents="new"), place) == {"f:contents"}
    assert paths(law("file.managed", "f", contents="new", mode="0644"), place) == {"f:mode"}
    assert law("file.managed", "f", contents="new", mode="0644").leaves == ()
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o644


def test_setuid_survives_new_contents_and_a_new_owner(law: Any, place: Path):
    law("file.managed", "f", contents="one", mode="4755")
    law("file.managed", "f", contents="two", mode="4755")
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o4755


def test_sources_of_which_the_first_that_is_there_counts(law: Any, place: Path):
    (place / "b").write_text("b")
    (place / "b").chmod(0o751)
    law("file.managed", "f", source=[str(place / "a"), str(place / "b")], mode="keep")
    assert (place / "f").read_text() == "b"
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o751
    with pytest.raises(HostProblem, match=r"none of the sources is there: .*/x, .*/y"):
        law("file.managed", "f", source=[str(place / "x"), str(place / "y")])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"contents": "a", "source": "/b"}, "source and contents cannot both"),
        ({"contents": "", "allow_empty": False}, "empty"),
        ({"contents": ["a", {"b": "c"}]}, "its contents hold a mapping"),
        ({"contents_pillar": "no:such"}, "there is no setting no:such"),
        ({"contents": "a", "user": "nobody-of-that-name"}, "there is no user"),
        ({"contents": "a", "group": "no-such-group"}, "there is no group"),
        ({"contents": "a", "template": "genshi"}, "template engine"),
    ],
)
def test_what_cannot_be_is_said(law: Any, place: Path, given: dict[str, Any], why: str):
    with pytest.raises(HostProblem, match=why):
        law("file.managed", "f", {"settings": {}}, **given)
    assert not (place / "f").exists()


def test_a_name_that_is_too_long_says_how_long_it_may_be(law: Any):
    with pytest.raises(HostProblem, match="File name too long") as caught:
        law("file.managed", "n" * 256, contents="x")
    assert "at most 255 bytes" in caught.value.hint


def test_folders_above_are_made_only_when_asked_for(law: Any, place: Path):
    with pytest.raises(HostProblem, match="there is no folder"):
        law("file.managed", "a/b/f", contents="x")
    law("file.managed", "a/b/f", contents="x", makedirs=True, dir_mode="0750")
    assert stat.S_IMODE((place / "a").stat().st_mode) == 0o750
    assert (place / "a" / "b" / "f").read_text() == "x\n"


def test_replace_false_and_create_false(law: Any, place: Path):
    law("file.managed", "f", contents="x", create=False)
    assert not (place / "f").exists()
    (place / "f").write_text("old")
    law("file.managed", "f", contents="x", replace=False, mode="0600")
    assert (place / "f").read_text() == "old"
    assert stat.S_IMODE((place / "f").stat().st_mode) == 0o600


def test_links_are_followed_or_replaced(law: Any, place: Path):
    (place / "target").write_text("old")
    (place / "l").symlink_to("target")
    law("file.managed", "l", contents="one")
    assert (place / "l").is_symlink()
    assert (place / "target").read_text() == "one\n"
    law("file.managed", "l", contents="two", follow_symlinks=False)
    assert not (place / "l").is_symlink()
    assert (place / "target").read_text() == "one\n"


def test_a_backup_is_kept_where_only_we_can_read_it(law: Any, place: Path, tmp_path: Path):
    (place / "f").write_text("old")
    law("file.managed", "f", contents="new", backup="minion")
    kept = [one for one in (tmp_path / "run" / "backups").rglob("*") if one.is_file()]
    assert [one.read_text() for one in kept] == ["old"]
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600


def test_what_cannot_be_read_is_no_missing_file(law: Any, place: Path):
    (place / "f").symlink_to("f")
    with pytest.raises(HostProblem, match="circle"):
        law("file.managed", "f", contents="x")
    (place / "d").mkdir()
    with pytest.raises(HostProblem, match="is a folder"):
        law("file.managed", "d", contents="x")


def test_a_secret_is_in_no_leaf_and_no_diff(law: Any):
    done = law("file.managed", "f", {"sensitive": True}, contents="hunter2")
    assert "hunter2" not in repr(done)
    leaf = next(one for one in done.leaves if one.path.endswith(":contents"))
    assert leaf.after == "***"


def test_a_dry_run_knows_what_will_be_in_a_file_that_a_command_may_bring(tmp_path: Path):
    path = str(tmp_path / "f")
    tree = states(
        ("make", "cmd.run", {"name": f"echo x > {path}"}),
        ("conf", "file.managed", {"name": path, "contents": "y"}),
    )
    rows = ran(tree, grounds(tmp_path / "run"), test=True)
    assert rows["conf"]["result"] == "would-change"
    assert not Path(path).exists()


def test_an_unseen_file_has_an_unknown_before(tmp_path: Path):
    from zester_modules.host.machine import Command
    from zester_modules.host.predicted import PredictedMachine
    from zester_modules.host.real import RealMachine

    machine = PredictedMachine(RealMachine(tmp_path))
    machine.history.turn("first")
    machine.do(Command(shell="true"))
    machine.history.turn("it")
    resource = RESOURCES.find("file.managed")
    assert resource is not None
    params = params_for(resource, str(tmp_path / "f"), {"contents": "y"})
    plan = resource.check(params, scope_on(machine, tmp_path / "run"))
    assert [leaf.before for leaf in plan.leaves] == [Unknown(("first",))] * 2


@pytest.mark.parametrize(
    ("function", "given"),
    [("file.managed", {"contents": "good"}), ("file.serialize", {"dataset": {"is": "good"}})],
)
def test_a_check_looks_at_the_new_file_before_it_takes_its_place(
    tmp_path: Path, function: str, given: dict[str, Any]
):
    path, seen = tmp_path / "it's", tmp_path / "seen"
    path.write_text("old")
    look = f'sh -c \'stat -c %a "$0" > {seen}; grep -q good "$0" && grep -q old {tmp_path}/it*\''
    state = ("it", function, {"name": str(path), "check_cmd": look, "mode": "0640", **given})
    on = grounds(tmp_path / "run", RealMachine(tmp_path))
    told = ran(states(state), on, test=True)["it"]
    assert (told["result"], told["certain"], seen.exists()) == ("would-change", True, False)
    assert ran(states(state), on)["it"]["changes"] == told["changes"]
    assert "good" in path.read_text()
    assert seen.read_text() == "640\n"


def test_a_file_that_its_check_does_not_accept_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "it"
    path.write_text("old")
    on = grounds(tmp_path / "run", RealMachine(tmp_path))
    given = {"name": str(path), "contents": "new", "check_cmd": ["true", "echo no such word in"]}
    bad = states(("it", "file.managed", given | {"check_cmd": ["true", "echo bad in; false"]}))
    row = ran(bad, on)["it"]
    assert (row["result"], row["changes"], path.read_text()) == ("failed", {}, "old")
    assert row["comment"].startswith(f"check_cmd does not accept the new {path}: bad in")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["it", "run"]
    assert ran(states(("it", "file.managed", given)), on)["it"]["result"] == "changed"


def test_a_link_that_comes_between_check_and_apply_is_replaced_and_not_followed(tmp_path: Path):
    path, prey = tmp_path / "it", tmp_path / "prey"
    path.write_text("old")
    prey.write_text("prey")
    resource = RESOURCES.find("file.managed")
    assert resource is not None
    scope = scope_on(RealMachine(tmp_path), tmp_path / "run")
    plan = resource.check(params_for(resource, str(path), {"contents": "new"}), scope)
    path.unlink()
    path.symlink_to(prey)
    resource.apply(plan, scope)
    assert (path.is_symlink(), path.read_text(), prey.read_text()) == (False, "new\n", "prey")


def test_a_disk_that_fills_leaves_the_old_contents_and_says_so(tmp_path: Path):
    path = tmp_path / "it"
    path.write_text("old")
    state = ("it", "file.managed", {"name": str(path), "contents": "x" * 5000, "backup": False})
    before = resource_limits.getrlimit(resource_limits.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource_limits.setrlimit(resource_limits.RLIMIT_FSIZE, (1000, before[1]))
    try:
        row = ran(states(state), grounds(tmp_path / "run", RealMachine(tmp_path)))["it"]
    finally:
        resource_limits.setrlimit(resource_limits.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (row["result"], row["changes"], path.read_text()) == ("failed", {}, "old")
    assert row["comment"].startswith(f"cannot write {path}: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["it", "run"]


@pytest.mark.parametrize("function", ["file.managed", "archive.extracted"])
@pytest.mark.parametrize("argument", ["signature", "source_hash_sig"])
def test_a_source_whose_signature_nobody_looks_at_is_not_taken(
    law: Any, place: Path, function: str, argument: str
):
    (place / "source").write_text("x")
    given = {"source": [str(place / "source")], argument: "salt://x.asc"}
    with pytest.raises(HostProblem, match="signatures of sources are not checked here"):
        law(function, "f", **given)
    assert not (place / "f").exists()
