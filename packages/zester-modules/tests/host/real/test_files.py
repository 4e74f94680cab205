"""The real machine's files: whole or not at all, and where they were meant."""

import os
import resource
import signal
import stat
import sys
from pathlib import Path
from types import FrameType

import pytest

from zester_modules.host.machine import Command, HostProblem
from zester_modules.host.real import RealMachine

ME = {"uid": os.geteuid(), "gid": os.getegid()}


@pytest.fixture
def machine(tmp_path: Path) -> RealMachine:
    (tmp_path / "run").mkdir()
    return RealMachine(tmp_path / "run")


def test_a_file_has_contents_mode_and_owner(machine: RealMachine, tmp_path: Path):
    path = tmp_path / "f"
    machine.write(str(path), b"one", mode=0o640, **ME)
    machine.write(str(path), b"two", mode=0o4750, **ME)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o4750
    assert sorted(one.name for one in tmp_path.iterdir()) == ["f", "run"]


def test_nobody_can_open_a_file_that_is_not_finished(machine: RealMachine, tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    seen: set[int] = set()

    def watch(frame: FrameType, event: str, _arg: object) -> None:
        if event == "c_call" and frame.f_code.co_filename.endswith("real/files.py"):
            parts = [one for one in folder.iterdir() if one.name != "f"]
            seen.update(stat.S_IMODE(one.stat().st_mode) for one in parts)

    sys.setprofile(watch)
    try:
        machine.write(str(folder / "f"), b"secret", mode=0o444, **ME)
    finally:
        sys.setprofile(None)
    assert seen == {0o600, 0o444}  # the latter only when it is finished
    assert (folder / "f").read_bytes() == b"secret"


def test_a_full_disk_leaves_the_old_file_whole_and_nothing_else(
    machine: RealMachine, tmp_path: Path
):
    path = tmp_path / "f"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(HostProblem, match="cannot write"):
            machine.write(str(path), b"x" * 5000, mode=0o644, **ME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["f", "run"]


def test_a_link_is_replaced_and_its_target_left_alone(machine: RealMachine, tmp_path: Path):
    (tmp_path / "target").write_bytes(b"target")
    (tmp_path / "l").symlink_to("target")
    machine.write(str(tmp_path / "l"), b"new", mode=0o600, **ME)
    assert not (tmp_path / "l").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"target"


def test_a_folder_swapped_for_a_link_while_a_file_is_written_moves_nothing(
    machine: RealMachine, tmp_path: Path
):
    folder, bait, moved = tmp_path / "in", tmp_path / "bait", tmp_path / "moved"
    folder.mkdir()
    bait.mkdir()

    def swap(_frame: FrameType, event: str, arg: object) -> None:
        if event == "c_call" and arg is os.fchown:
            folder.rename(moved)
            folder.symlink_to(bait)

    sys.setprofile(swap)
    try:
        machine.write(str(folder / "f"), b"x", mode=0o644, **ME)
    finally:
        sys.setprofile(None)
    assert list(bait.iterdir()) == []
    assert (moved / "f").exists()


def test_removing_goes_through_no_link(machine: RealMachine, tmp_path: Path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "f").write_bytes(b"x")
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "l").symlink_to(tmp_path / "keep")
    (tmp_path / "l").symlink_to(tmp_path / "keep")
    machine.remove(str(tmp_path / "l"))
    machine.remove(str(tmp_path / "d"))
    assert (tmp_path / "keep" / "f").exists()
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("bad", ["/", "/tmp/..", "relative"])
def test_what_is_no_place_in_a_folder_is_refused(machine: RealMachine, bad: str):
    with pytest.raises(HostProblem):
        machine.write(bad, b"", mode=0o644, **ME)


def test_only_what_is_not_there_is_absent(machine: RealMachine, tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "f").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    assert machine.read(str(tmp_path / "nothing")) is None
    assert machine.read(str(tmp_path / "f" / "below")) is None
    for bad in ("fifo", "loop", "run"):
        with pytest.raises(HostProblem):
            machine.read(str(tmp_path / bad))
    with pytest.raises(HostProblem):
        machine.follow(str(tmp_path / "loop"))


def test_no_path_and_no_link_leads_out_of_a_root(tmp_path: Path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"outside")
    (root / "up").symlink_to("..")
    (root / "out").symlink_to(tmp_path)
    (root / "abs").symlink_to("/etc")
    machine = RealMachine(tmp_path, root=str(root))
    for path in ("/../outside", "/up/outside", "/out/outside", "/etc/../../outside"):
        assert machine.read(path) is None
        assert machine.stat(path) is None
    machine.write("/abs/f", b"inside", mode=0o600, **ME)
    machine.write("/up/g", b"inside", mode=0o600, **ME)
    assert (root / "etc" / "f").read_bytes() == (root / "g").read_bytes() == b"inside"
    assert machine.list("/etc") == ["f"]
    machine.set_mode("/abs/f", 0o644)
    machine.rename("/abs/f", "/h")
    machine.set_times("/h", 5.0, None)
    found = machine.stat("/h")
    assert found is not None
    assert (found.mode, found.mtime) == (0o644, 5.0)


def test_accounts_of_a_root_are_those_of_its_files(tmp_path: Path):
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "passwd").write_text("ann:x:7:8:Ann:/home/ann:/bin/sh\nbroken\n")
    (etc / "group").write_text("staff:x:8:ann,bob\n")
    (etc / "shadow").write_text("ann:$6$x:19000:0:99999:7:::\n")
    machine = RealMachine(tmp_path, root=str(tmp_path))
    ann = machine.users()["ann"]
    assert (ann.uid, ann.password, ann.ageing["warndays"]) == (7, "$6$x", 7)
    assert machine.groups()["staff"].members == ("ann", "bob")
    assert machine.which("sh") is None


def test_a_commands_surroundings_are_what_was_asked_for(machine: RealMachine, tmp_path: Path):
    done = machine.do(Command(
        shell="pwd; echo $GREETING; umask; cat; echo oops >&2; exit 3", cwd=str(tmp_path),
        env={"GREETING": "hi"}, umask=0o27, stdin=b"in\xff\n",
    ))  # fmt: skip
    assert done.exit_code == 3
    assert done.stdout == f"{tmp_path}\nhi\n0027\n".encode() + b"in\xff\n"
    assert done.stderr == b"oops\n"


def test_a_command_whose_time_is_up_ends_with_all_it_started(machine: RealMachine, tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    ours = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    line = f"exec 9>{tmp_path}/fifo; sleep 300 & echo began >&9; wait"
    done = machine.do(Command(shell=line, timeout=2.0))
    assert done.timed_out
    assert os.read(ours, 100) == b"began\n"
    assert os.read(ours, 100) == b""  # nobody holds the other end any more
    os.close(ours)


def test_output_beyond_its_limit_is_not_kept(machine: RealMachine):
    done = machine.ask(Command(shell="head -c 300000 /dev/zero", limit=1000))
    assert done.exit_code == 0
    assert len(done.stdout) < 2000
