"""Paths as hostile or hasty neighbours make them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.host.real.machine import RealMachine

_RENAMES = """import os, sys
while True:
    os.rename(sys.argv[1], sys.argv[2])
    os.rename(sys.argv[2], sys.argv[1])
"""


@pytest.mark.parametrize("root", ["/", "tmp"])
@pytest.mark.parametrize("end", ["\0y", "\ud800"])
def test_a_path_that_the_kernel_cannot_be_told_is_refused(tmp_path: Path, root: str, end: str):
    (tmp_path / "x").write_text("x", encoding="utf-8")
    machine = RealMachine(tmp_path, root="/" if root == "/" else str(tmp_path))
    path = (f"{tmp_path}/x" if root == "/" else "/x") + end
    before = (tmp_path / "x").stat().st_mode
    for call in (machine.stat, machine.follow, machine.read, machine.list, machine.remove):
        with pytest.raises(HostProblem, match="no path can have"):
            call(path)
    with pytest.raises(HostProblem, match="no path can have"):
        machine.set_mode(path, 0o600)
    assert (tmp_path / "x").stat().st_mode == before


def test_renames_elsewhere_do_not_keep_a_root_from_being_read(tmp_path: Path):
    root = tmp_path / "root"
    (root / "d").mkdir(parents=True)
    (root / "q").write_text("q", encoding="utf-8")
    (root / "d" / "l").symlink_to("../q")
    (tmp_path / "one").mkdir()
    words = [sys.executable, "-c", _RENAMES, str(tmp_path / "one"), str(tmp_path / "two")]
    machine = RealMachine(tmp_path, root=str(root))
    with subprocess.Popen(words) as busy:
        try:
            assert {machine.read("/d/l") for _ in range(20_000)} == {b"q"}
        finally:
            busy.kill()


def test_a_time_that_is_not_given_is_now(tmp_path: Path):
    path = tmp_path / "f"
    path.touch()
    os.utime(path, (1000, 1000))
    start = time.time() - 5
    RealMachine(tmp_path).set_times(str(path), 2000.0, None)
    found = path.stat()
    assert found.st_mtime == 2000.0
    assert found.st_atime > start
