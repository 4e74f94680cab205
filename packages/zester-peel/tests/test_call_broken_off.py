"""Local runs that are broken off: what has run is told, what was started ends, nothing stays."""

import json
import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zester_testing.fleet import eventually
from zester_testing.peels import PEEL

ENDLESS = "echo $$ > ROOT/pid; exec sleep 1000"

RUN = f"""\
first:
  file.managed:
    - name: ROOT/first
    - contents: one
second:
  cmd.run:
    - name: {ENDLESS}
third:
  file.managed:
    - name: ROOT/third
heard:
  cmd.wait:
    - name: touch ROOT/heard
    - listen: [{{file: first}}]
"""

CHECKED = f"""\
checked:
  file.managed:
    - name: ROOT/conf
    - contents: new
    - check_cmd: {ENDLESS};
"""

BESIDE = f"""\
beside:
  cmd.run:
    - name: {ENDLESS}
    - parallel: true
"""


class Call:
    """A local run under way, in whose hand a command is that does not end."""

    def __init__(self, process: "subprocess.Popen[str]", command: int) -> None:
        self.process = process
        self.command = command

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end; give exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@contextmanager
def under_way(folder: Path, tree: str, *words: str) -> Generator[Call]:
    """Run a tree, and wait until its command runs; whatever becomes of the test, both end."""
    (folder / "tree").mkdir()
    (folder / "tmp").mkdir()
    (folder / "tree/run.sls").write_text(tree.replace("ROOT", str(folder)))
    (folder / "facts.yaml").write_text("os: debian\n")
    process = subprocess.Popen(
        [PEEL, "call", "--tree", folder / "tree", "--facts", folder / "facts.yaml", "--id", "a",
         f"--state-dir={folder / 'none'}", *words, "state.apply", "run"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=dict(os.environ) | {"TMPDIR": str(folder / "tmp")},
    )  # fmt: skip
    pid = folder / "pid"
    command = 0
    try:
        eventually(lambda: pid.exists() and pid.read_text().endswith("\n"), "the command runs")
        command = int(pid.read_text())
        yield Call(process, command)
    finally:
        process.kill()
        process.wait()
        if command and runs(command):
            os.kill(command, signal.SIGKILL)


def runs(pid: int) -> bool:
    """Say whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_clean(folder: Path) -> bool:
    """Say whether nothing temporary is left."""
    return list((folder / "tmp").iterdir()) == [] and list(folder.glob(".zester-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_broken_off_says_what_it_has_done(tmp_path: Path, number: signal.Signals):
    with under_way(tmp_path, RUN) as call:
        call.process.send_signal(number)
        code, out, err = call.ended()
        name = "Ctrl-C" if number == signal.SIGINT else number.name
        assert code == 128 + number
        assert err == f"cancelled: state.apply was broken off by {name}\n"
        signs = [line.split()[:2] for line in out.splitlines() if not line.startswith(" ")]
        assert signs[:4] == [["+", "first"], ["!", "second"], ["-", "third"], ["-", "heard"]]
        assert f"broken off by {name}" in out
        assert "- listener_heard" in out  # what it heard is lost for the next run
        eventually(lambda: not runs(call.command), "the command has ended")
        assert is_clean(tmp_path)
        assert not (tmp_path / "third").exists()
        assert not (tmp_path / "heard").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_file_whose_check_is_broken_off_stays_as_it_was(tmp_path: Path, number: signal.Signals):
    (tmp_path / "conf").write_text("old")
    with under_way(tmp_path, CHECKED) as call:
        assert list(tmp_path.glob(".zester-*")) != []
        call.process.send_signal(number)
        assert call.ended()[0] == 128 + number
        eventually(lambda: not runs(call.command), "the command has ended")
    assert (tmp_path / "conf").read_text() == "old"
    assert is_clean(tmp_path)


def test_a_state_that_runs_beside_the_others_ends_with_the_run(tmp_path: Path):
    with under_way(tmp_path, BESIDE, "--output", "json") as call:
        call.process.terminate()
        code, out, _ = call.ended()
        assert code == 128 + signal.SIGTERM
        eventually(lambda: not runs(call.command), "the command has ended")
    document = json.loads(out)
    assert document["outcome"] == "cancelled"
    assert document["return"]["result"] == "failed"
    assert [row["result"] for row in document["return"]["states"]] == ["failed"]


def test_a_run_ends_when_its_time_is_up(tmp_path: Path):
    with under_way(tmp_path, RUN, "--timeout", "6") as call:
        code, out, err = call.ended()
        assert code == 1
        assert "timed-out: state.apply was broken off since its time was up" in err
        assert "+ first" in out
        eventually(lambda: not runs(call.command), "the command has ended")
    assert is_clean(tmp_path)


def test_a_run_under_nohup_goes_on(tmp_path: Path):
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with under_way(tmp_path, RUN) as call:
            call.process.send_signal(signal.SIGHUP)
            os.kill(call.command, signal.SIGTERM)
            code, out, _ = call.ended()
    finally:
        signal.signal(signal.SIGHUP, ignored)
    assert code == 1
    assert "broken off" not in out
    assert (tmp_path / "third").exists()


def test_the_run_after_one_that_was_killed_repairs(tmp_path: Path):
    with under_way(tmp_path, CHECKED) as call:
        call.process.kill()
        assert call.ended()[0] == -signal.SIGKILL
    assert not (tmp_path / "conf").exists()
    tree, _, _ = CHECKED.replace("ROOT", str(tmp_path)).partition("    - check_cmd")
    (tmp_path / "tree/run.sls").write_text(tree)
    done = subprocess.run(
        [PEEL, "call", "--tree", tmp_path / "tree", "--facts", tmp_path / "facts.yaml", "--id", "a",
         "state.apply", "run"], capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "conf").read_text() == "new\n"
