"""A fleet of real processes to measure on."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(sys.executable).parent


class Fleet(NamedTuple):
    """A running `zester-master dev`."""

    folder: Path
    environment: dict[str, str]
    """With it `zester` talks to this fleet."""
    pid: int

    def peels(self) -> list[int]:
        """Give the processes of the peels."""
        return [pid for pid in descendants(self.pid) if "zester-peel" in command_of(pid)]


@contextlib.contextmanager
def fleet(peels: int) -> Generator[Fleet]:
    """Bring a fleet up, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="zester-bench-") as name:
        folder = Path(name)
        command = [
            SCRIPTS / "zester-master",
            "dev",
            "--peels",
            str(peels),
            "--dir",
            folder / "fleet",
        ]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            found = re.fullmatch(r"export ZESTER_CONFIG=(.+)", process.stdout.readline().strip())
            if found is None:
                raise SystemExit(f"the fleet did not come up:\n{(folder / 'log').read_text()}")
            yield Fleet(folder, {**os.environ, "ZESTER_CONFIG": found[1].strip("'\"")}, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def descendants(pid: int) -> list[int]:
    """Give all processes below one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(pid, []))
    for one in found:
        found.extend(children.get(one, []))
    return found


def command_of(pid: int) -> str:
    """Give a process's command line; empty when it is gone."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        return ""


def pss(pid: int) -> float:
    """Give the MiB of memory that a process answers for, shared pages divided (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"no PSS of process {pid}")
