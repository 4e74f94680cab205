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
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import line, ratio, timed_process
from zester_modules.states.resources_table import Resources
from zester_modules.states.trees import Trees
from zester_peel import __version__
from zester_peel.nursery.client import Nursery
from zester_peel.nursery.wire import Order, read_status
from zester_proto.codec import Raw, pack
from zester_proto.messages.jobs import Outcome

COUNT = 100
PEEL = Path(sys.executable).with_name("zester-peel")
TEMPLATE = (
    "# {{ grains['id'] }}\nworkers {{ n }}\n{% for i in range(5) %}line {{ i }}\n{% endfor %}"
)


def run() -> None:
    """Print ours, Salt's and the ratio."""
    with tempfile.TemporaryDirectory(prefix="bench-states-") as name:
        folder = Path(name)
        for case, text in (("files", _files(folder)), ("nops", _nops())):
            (folder / "tree").mkdir(exist_ok=True)
            (folder / "tree" / f"{case}.sls").write_text(text)
        (folder / "tree" / "source.jinja").write_text(TEMPLATE)
        (folder / "out").mkdir()
        (folder / "facts").write_bytes(pack({"id": socket.gethostname(), "os": "debian"}))
        cases = ["nops"]
        if Resources().find("file.managed") is None:
            print(f"file.managed is not there: {COUNT} of it cannot be measured")
        else:
            cases.insert(0, "files")
        for case in cases:
            _measure(folder, case)


def _files(folder: Path) -> str:
    parts: list[str] = []
    for n in range(COUNT):
        require = f"    - require: [{{file: f{n - 1}}}]\n" if n else ""
        parts.append(
            f"f{n}:\n  file.managed:\n    - name: {folder}/out/{n}\n"
            f"    - source: salt://source.jinja\n    - template: jinja\n"
            f"    - context: {{n: {n}}}\n{require}"
        )
    return "".join(parts)


def _nops() -> str:
    head = "n0:\n  test.nop: []\n"
    rest = "".join(
        f"n{n}:\n  test.nop:\n    - require: [{{test: n{n - 1}}}]\n" for n in range(1, COUNT)
    )
    return head + rest


def _measure(folder: Path, case: str) -> None:
    print(f"{COUNT} states in a require chain, {case}, nothing to change:")
    cold, warm = asyncio.run(_in_nursery(folder, case))
    line("  in a cold nursery", cold, "s", aim="0.5")
    line("  in a warm nursery", warm, "s", aim="0.15")
    words = [PEEL, "call", "--tree", folder / "tree", "state.apply", case]
    whole = timed_process(words, 5)
    line("  as a whole local process", whole, "s")
    salt = _salt(folder, case)
    if salt:
        line("  salt-call --local", salt, "s")
        ratio("  salt-call / our whole process", salt, whole, aim="5 or more")
        ratio("  salt-call / a warm nursery", salt, warm)


async def _in_nursery(folder: Path, case: str) -> tuple[list[float], list[float]]:
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(3):
        nursery = Nursery()
        serving = asyncio.create_task(nursery.serve())
        try:
            cold.append(await _apply(nursery, folder, case))
            warm += [await _apply(nursery, folder, case) for _ in range(5)]
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
    return cold, warm


async def _apply(nursery: Nursery, folder: Path, case: str) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-job-") as job:
        order = Order(
            n=nursery.next_number(), function="state.apply", args=Raw(pack([case])),
            kwargs=Raw(pack({})), jid="bench", peel_id=socket.gethostname(), folder=job,
            locks=str(folder / "locks"), facts=str(folder / "facts"), facts_dir=str(folder),
            events=str(folder / "events"), version=__version__, test=False, seconds=60,
            max_return=1 << 26, memory=0,
            trees=Trees(
                states={"base": (str(folder / "tree"),)}, codes=str(folder / "codes"),
                backups=str(folder),
            ),
        )  # fmt: skip
        began = time.perf_counter()
        await nursery.run(order, started=lambda _pid: None)
        took = time.perf_counter() - began
        status = read_status(Path(job))
        if status is None or status.outcome not in {Outcome.OK, Outcome.CHANGED}:
            raise SystemExit(f"state.apply {case} failed: {status}")
    return took


def _salt(folder: Path, case: str) -> Sequence[float]:
    program = os.environ.get("SALT_CALL") or shutil.which("salt-call")
    if program is None:
        print("  salt-call is not there: set SALT_CALL, or tools/salt_compare.py --make-venv")
        return []
    conf = folder / "salt"
    conf.mkdir(exist_ok=True)
    (conf / "minion").write_text(json.dumps({
        "id": socket.gethostname(), "file_client": "local", "root_dir": str(conf),
        "file_roots": {"base": [str(folder / "tree")]}, "log_level": "quiet",
    }))  # fmt: skip
    words = [program, "--local", "-c", str(conf), "state.apply", case]
    subprocess.run(words, capture_output=True, check=False)
    return timed_process(words, 3)
