"""Runs of states that find nothing to change: in a nursery, as a whole process, and by Salt.

Salt is asked where `salt-call` is in PATH or named by SALT_CALL (tools/salt_compare.py --make-venv
makes one).
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Cost, cost_of_process, line, ratio
from zester_modules.states.trees import Trees
from zester_peel import __version__
from zester_peel.nursery.client import Nursery
from zester_peel.nursery.wire import Order, read_status
from zester_proto.codec import Raw, pack
from zester_proto.messages.jobs import Outcome

COUNT = 100
PEEL = Path(sys.executable).with_name("zester-peel")
TEMPLATE = (
    "# {{ grains['id'] }}\nworkers {{ n }}\nport {{ pillar['port'] }}\n"
    "{% for i in range(5) %}line {{ i }}\n{% endfor %}"
)
ROUNDS = 5


def run() -> None:
    """Print ours, Salt's and the ratio."""
    with tempfile.TemporaryDirectory(prefix="bench-states-") as name:
        folder = Path(name)
        for one in ("tree", "settings", "out", "salt"):
            (folder / one).mkdir()
        (folder / "tree" / "files.sls").write_text(states_of(folder))
        (folder / "tree" / "source.jinja").write_text(TEMPLATE)
        (folder / "settings" / "top.sls").write_text("base:\n  '*': [data]\n")
        (folder / "settings" / "data.sls").write_text("port: 8080\n")
        (folder / "facts").write_bytes(pack({"id": socket.gethostname(), "os": "debian"}))
        print(f"{COUNT} file.managed with templates in a require chain, nothing to change:")
        cold, warm = asyncio.run(_in_nursery(folder))
        line("  in a cold nursery", cold, "s", aim="0.5")
        line("  in a warm nursery", warm, "s", aim="0.15")
        _as_processes(folder, warm)


def states_of(folder: Path) -> str:
    """Give the state file; its files lie in `folder/out`."""
    parts: list[str] = []
    for n in range(COUNT):
        require = f"    - require: [{{file: f{n - 1}}}]\n" if n else ""
        parts.append(
            f"f{n}:\n  file.managed:\n    - name: {folder}/out/{n}\n"
            f"    - source: salt://source.jinja\n    - template: jinja\n"
            f"    - context: {{n: {n}}}\n{require}"
        )
    return "".join(parts)


def _as_processes(folder: Path, warm: list[float]) -> None:
    """Take turns with Salt, so that whatever else this machine does meets both."""
    ours = [PEEL, "call", "--id", socket.gethostname(), "--tree", folder / "tree",
            "--settings", folder / "settings", "state.apply", "files"]  # fmt: skip
    theirs = _salt(folder)
    whole: list[Cost] = []
    salt: list[Cost] = []
    files = _inodes(folder)
    for _ in range(ROUNDS):
        whole.append(cost_of_process(ours))
        if theirs:
            salt.append(cost_of_process(theirs))
    if _inodes(folder) != files:
        raise SystemExit("a run wrote files, where there was nothing to change")
    line("  as a whole local process", [one.seconds for one in whole], "s")
    line("  the same, CPU alone", [one.cpu for one in whole], "s")
    if salt:
        line("  salt-call --local", [one.seconds for one in salt], "s")
        line("  the same, CPU alone", [one.cpu for one in salt], "s")
        ratio("  salt-call / our whole process", [one.seconds for one in salt],
              [one.seconds for one in whole], aim="5 or more")  # fmt: skip
        ratio("  the same, CPU alone", [one.cpu for one in salt], [one.cpu for one in whole])
        ratio("  salt-call / a warm nursery", [one.seconds for one in salt], warm)


def _inodes(folder: Path) -> set[int]:
    """Give what is another number as soon as a file is written anew."""
    return {one.stat().st_ino for one in (folder / "out").iterdir()}


async def _in_nursery(folder: Path) -> tuple[list[float], list[float]]:
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(3):
        nursery = Nursery()
        serving = asyncio.create_task(nursery.serve())
        try:
            cold.append(await _apply(nursery, folder))
            warm += [await _apply(nursery, folder) for _ in range(5)]
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
    return cold, warm


async def _apply(nursery: Nursery, folder: Path) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-job-") as job:
        order = Order(
            n=nursery.next_number(), function="state.apply", args=Raw(pack(["files"])),
            kwargs=Raw(pack({})), jid="bench", peel_id=socket.gethostname(), folder=job,
            locks=str(folder / "locks"), facts=str(folder / "facts"), facts_dir=str(folder),
            version=__version__, test=False, seconds=60, max_return=1 << 26, memory=0, events=job,
            trees=Trees(
                states={"base": (str(folder / "tree"),)},
                settings={"base": (str(folder / "settings"),)}, codes=str(folder / "codes"),
                backups=str(folder),
            ),
        )  # fmt: skip
        began = time.perf_counter()
        await nursery.run(order, started=lambda _pid: None)
        took = time.perf_counter() - began
        status = read_status(Path(job))
        if status is None or status.outcome not in {Outcome.OK, Outcome.CHANGED}:
            raise SystemExit(f"state.apply failed: {status}")
    return took


def _salt(folder: Path) -> list[str | Path]:
    """Give Salt's command for the same tree; nothing where there is no Salt."""
    program = os.environ.get("SALT_CALL") or shutil.which("salt-call")
    if program is None:
        print("  salt-call is not there: set SALT_CALL, or tools/salt_compare.py --make-venv")
        return []
    (folder / "salt" / "minion").write_text(json.dumps({
        "id": socket.gethostname(), "file_client": "local", "root_dir": str(folder / "salt"),
        "file_roots": {"base": [str(folder / "tree")]},
        "pillar_roots": {"base": [str(folder / "settings")]}, "log_level": "quiet",
    }))  # fmt: skip
    words: list[str | Path] = [program, "--local", "-c", folder / "salt", "state.apply", "files"]
    cost_of_process(words)  # makes its caches
    return words
