"""A whole fleet of real processes for tests, as `zester-master dev` makes it."""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

SCRIPTS = Path(sys.executable).parent
PATIENCE = 60.0
"""Seconds after which a test gives up on something that should come at once."""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


class Fleet:
    """A running `zester-master dev`.

    Attributes:
        folder: what dev was given as `--dir`.
        process: dev itself.
        environment: with it `zester` talks to this fleet.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[str], config: str) -> None:
        self.folder = folder
        self.process = process
        self.environment = {**os.environ, "ZESTER_CONFIG": config, "NO_COLOR": "1"}

    @classmethod
    @contextlib.contextmanager
    def up(cls, folder: Path, *, peels: int, words: tuple[str, ...] = ()) -> Generator["Fleet"]:
        """Bring a fleet up in `folder`, and stop it at the end."""
        process = start_dev(folder / "site", folder / "dev.log", peels=peels, words=words)
        try:
            yield cls(folder / "site", process, read_export(process, folder / "dev.log"))
        finally:
            stop(process)

    def zester(self, *words: str, stdin: str = "", timeout: float = PATIENCE) -> Done:
        """Run the command against this fleet."""
        return run([SCRIPTS / "zester", *words], self.environment, stdin=stdin, timeout=timeout)

    def start_zester(self, *words: str) -> subprocess.Popen[str]:
        """Start the command against this fleet, to be waited for by the test."""
        return subprocess.Popen(
            [SCRIPTS / "zester", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def child(self, name: str) -> dict[str, Any]:
        """Give what `dev.json` says of a process: `peel-1`, `master-1`, `nats-1`."""
        said = json.loads((self.folder / "dev.json").read_text())
        return next(
            one
            for kind in ("peels", "masters", "nats")
            for one in said[kind]
            if one["name"] == name
        )

    def pid(self, name: str) -> int:
        """Give the process that `dev` started under a name."""
        return self.child(name)["pid"]


def start_dev(
    folder: Path, log: Path, *, peels: int, words: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """Start `zester-master dev`; it ends with the test, however the test ends."""
    with log.open("a") as file:
        return subprocess.Popen(
            [SCRIPTS / "zester-master", "dev", "--peels", str(peels), "--dir", folder, *words],
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - the tests start no threads before this
        )


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def read_export(process: subprocess.Popen[str], log: Path) -> str:
    """Wait for the one line that dev prints when its fleet is ready; give the config's path."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"export ZESTER_CONFIG=(.+)", line.strip())
    assert found, f"dev printed {line!r} and said:\n{log.read_text()[-6000:]}"
    return found[1].strip("'\"")


def stop(process: subprocess.Popen[str], patience: float = PATIENCE) -> int:
    """End a process as an operator would, by force if it does not listen; give its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode


def run(
    command: list[str | Path],
    environment: dict[str, str] | None = None,
    *,
    stdin: str = "",
    timeout: float = PATIENCE,
) -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        command,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def eventually(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until something that only another process can bring about holds; give its value."""
    end = time.monotonic() + patience
    while not (value := holds()):
        assert time.monotonic() < end, f"not within {patience:.0f} s: {what}"
        time.sleep(0.02)
    return value


def descendants(pid: int) -> list[int]:
    """Give all processes below one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (above := parent(int(entry.name))):
            children.setdefault(above, []).append(int(entry.name))
    found = list(children.get(pid, []))
    for one in found:
        found.extend(children.get(one, []))
    return found


def parent(pid: int) -> int:
    """Give the process above one; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command_line(pid: int) -> str:
    """Give a process's command line; empty if it is gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return words.replace(b"\0", b" ").decode(errors="replace")


def processes_of(text: str) -> list[int]:
    """Give every process with a text in its command line, as `pgrep -f` does; not ourselves."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
        and int(entry.name) != os.getpid()
        and text in command_line(int(entry.name))
    ]
