"""Any changes give the same view on the real machine and on the predicted one."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zester_modules.host.machine import Command, Effects, HostProblem, Machine, Unknowable
from zester_modules.host.predicted import PredictedMachine
from zester_modules.host.real import RealMachine

UID, GID = os.getuid(), os.getgid()
PATHS = ("a", "b", "a/x", "a/y", "b/x", "a/x/deep", "link", "link/x", "up/../a")
Step = tuple[str, ...]

step = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(PATHS), st.sampled_from(("one", "two", ""))),
    st.tuples(st.just("make_folder"), st.sampled_from(PATHS)),
    st.tuples(
        st.just("make_link"), st.sampled_from(PATHS), st.sampled_from(("a", "b/x", "link", "../b"))
    ),
    st.tuples(st.just("rename"), st.sampled_from(PATHS), st.sampled_from(PATHS)),
    st.tuples(st.just("remove"), st.sampled_from(PATHS)),
    st.tuples(st.just("set_mode"), st.sampled_from(PATHS), st.sampled_from(("0700", "0640"))),
)
before = st.lists(step, max_size=6)
after = st.lists(step, max_size=10)


def act(machine: Machine, root: str, one: Step) -> str:
    """Do a step; give why it was refused, in the kernel's words."""
    name, path, *rest = one
    whole = f"{root}/{path}"
    calls: dict[str, Callable[[], Any]] = {
        "write": lambda: machine.write(whole, rest[0].encode(), mode=0o644, uid=UID, gid=GID),
        "make_folder": lambda: machine.make_folder(whole, mode=0o755, uid=UID, gid=GID),
        "make_link": lambda: machine.make_link(whole, rest[0], uid=UID, gid=GID),
        "rename": lambda: machine.rename(whole, f"{root}/{rest[0]}"),
        "remove": lambda: machine.remove(whole),
        "set_mode": lambda: machine.set_mode(whole, int(rest[0], 8)),
    }
    try:
        calls[name]()
    except HostProblem:
        return "refused"
    return "done"


def view(machine: Machine, root: str) -> dict[str, Any]:
    """Give all that can be seen below a folder."""
    seen: dict[str, Any] = {}
    left = [root]
    while left:
        path = left.pop()
        found = machine.stat(path)
        assert found is not None
        relative = path[len(root) :]
        contents = None
        if found.kind == "file":
            contents = machine.read(path)
        elif found.kind == "link":
            contents = found.target
        seen[relative] = (found.kind, found.mode if found.kind != "link" else 0, contents)
        if found.kind == "folder":
            left += [f"{path}/{name}" for name in machine.list(path) or ()]
    for path in PATHS:
        try:
            followed = machine.follow(f"{root}/{path}")
            seen[f"follow {path}"] = followed and followed.kind
        except HostProblem:
            seen[f"follow {path}"] = "loop"
    return seen


@settings(max_examples=250, deadline=None)
@given(before, after)
def test_a_predicted_machine_shows_what_the_real_one_would(first: list[Step], then: list[Step]):
    folder = tempfile.mkdtemp(prefix="predicted-")
    try:
        real = RealMachine(Path(folder))
        for one in first:
            act(real, folder, one)
        untouched = view(real, folder)
        predicted = PredictedMachine(real)
        foretold = [act(predicted, folder, one) for one in then]
        expected_view = view(predicted, folder)

        assert view(real, folder) == untouched
        assert [act(real, folder, one) for one in then] == foretold
        assert view(real, folder) == expected_view
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def machine(tmp_path: Path) -> PredictedMachine:
    (tmp_path / "old").write_text("here")
    return PredictedMachine(RealMachine(tmp_path))


def test_after_an_opaque_command_what_was_missing_may_be_there(
    machine: PredictedMachine, tmp_path: Path
):
    assert machine.stat(f"{tmp_path}/new") is None
    machine.history.turn("installer")
    machine.do(Command(shell="make everything"))
    machine.history.turn("later")

    with pytest.raises(Unknowable) as raised:
        machine.stat(f"{tmp_path}/new")

    assert raised.value.because == ("installer",)
    assert machine.read(f"{tmp_path}/old") == b"here"
    with pytest.raises(Unknowable):
        machine.list(str(tmp_path))


def test_what_is_taken_away_after_an_opaque_command_is_known_to_be_gone(
    machine: PredictedMachine, tmp_path: Path
):
    machine.history.turn("installer")
    machine.do(Command(shell="make everything"))
    machine.remove(f"{tmp_path}/old")
    assert machine.stat(f"{tmp_path}/old") is None

    machine.make_folder(f"{tmp_path}/fresh", mode=0o755, uid=UID, gid=GID)
    assert machine.list(f"{tmp_path}/fresh") == []
    assert machine.stat(f"{tmp_path}/fresh/x") is None


def test_known_effects_are_seen_and_leave_nothing_in_doubt(
    machine: PredictedMachine, tmp_path: Path
):
    machine.history.turn("one")
    machine.do(
        Command(argv=("true",)), Effects(files={f"{tmp_path}/old": b"new", f"{tmp_path}/b": b"b"})
    )
    assert machine.read(f"{tmp_path}/old") == b"new"
    assert machine.read(f"{tmp_path}/b") == b"b"
    assert machine.stat(f"{tmp_path}/c") is None


def test_what_is_done_perhaps_is_unknown_afterwards(machine: PredictedMachine, tmp_path: Path):
    machine.history.turn("perhaps")
    with machine.perhaps(("guarded",)):
        machine.write(f"{tmp_path}/old", b"changed", mode=0o644, uid=UID, gid=GID)
        assert machine.read(f"{tmp_path}/old") == b"changed"
    with pytest.raises(Unknowable) as raised:
        machine.read(f"{tmp_path}/old")
    assert raised.value.because == ("guarded",)
    assert machine.stat(f"{tmp_path}/other") is None


def test_an_answer_of_the_real_machine_is_doubted_once_something_would_have_changed(
    machine: PredictedMachine, tmp_path: Path
):
    machine.history.turn("first")
    assert machine.ask(Command(shell="true")).exit_code == 0
    assert not machine.history.doubts
    machine.write(f"{tmp_path}/old", b"changed", mode=0o644, uid=UID, gid=GID)
    machine.history.turn("second")
    machine.ask(Command(shell="true"))
    assert list(machine.history.doubts) == ["first"]
