"""Locks of apt and dpkg that another program holds, on a real root of Debian."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hosts.root import Root
from zester_modules.host.machine import Busy, Command, Done, Effects, Wanted
from zester_modules.host.packages import apt
from zester_modules.resource import Plan
from zester_modules.resources.pkg import change
from zester_modules.resources.pkg.change import Todo
from zester_testing.resource_law import scope_on
from zester_testing.root_machine import RootMachine

_HOLDER = """
import fcntl, sys
files = [open(path, "w") for path in sys.argv[1:]]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""

FRONTEND, DATABASE = "var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock"


@contextmanager
def locked(root: Root, *paths: str) -> Generator["subprocess.Popen[str]"]:
    """Hold locks, as a program does that changes packages; its stdin ends it."""
    words = [sys.executable, "-c", _HOLDER, *(str(root.path / path) for path in paths)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate()


def test_a_lock_that_nobody_gives_up_is_told_with_its_holder(
    debian_root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(apt, "PATIENCE", 0.0)
    packages = RootMachine(debian_root, tmp_path).packages
    with locked(debian_root, FRONTEND, DATABASE) as holder:
        named = rf"apt-get: the packages are locked by process {holder.pid}\b.* after 0 s"
        with pytest.raises(Busy, match=named):
            packages.install([Wanted(name="cron")])
        with pytest.raises(Busy, match=named):
            packages.remove(["cron"], purge=False)
        with pytest.raises(Busy, match=rf"apt-mark: .* process {holder.pid}\b"):
            packages.hold(["cron"], held=True)
    with (
        locked(debian_root, "var/lib/apt/lists/lock") as holder,
        pytest.raises(Busy, match=rf"process {holder.pid}\b"),
    ):
        packages.refresh()


def test_newer_lists_are_not_fetched_for_a_lock(
    debian_root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(apt, "PATIENCE", 0.0)
    machine = RootMachine(debian_root, tmp_path)
    todo = Todo(install=(Wanted(name="cron"),), retry=True)
    with locked(debian_root, FRONTEND, DATABASE), pytest.raises(Busy):
        change.apply(Plan(todo=todo), scope_on(machine, tmp_path))
    assert [one[-1] for one in machine.argvs if one[0] == "apt-get"] == ["cron"]


class Impatient(RootMachine):
    """A root on which a lock is given up as soon as somebody has met it."""

    holder: "subprocess.Popen[str] | None" = None

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Run a command that changes things."""
        done = super().do(command, effects)
        if self.holder is not None:
            self.holder.communicate()
            self.holder = None
        return done


def test_a_lock_that_is_given_up_is_waited_for(debian_root: Root, tmp_path: Path):
    machine = Impatient(debian_root, tmp_path)
    with locked(debian_root, FRONTEND, DATABASE) as machine.holder:
        machine.packages.hold(["cron"], held=True)
    assert machine.packages.installed()["cron"].held
    assert len([one for one in machine.argvs if one[0] == "apt-mark"]) == 2
