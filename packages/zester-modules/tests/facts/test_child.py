import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from zester_modules.facts.child import FactsFailed, collect_in_child
from zester_modules.facts.collect import Request, collect
from zester_proto.errors import CodecError


async def in_child(folder: Path, tmp: Path, seconds: float = 30):
    return await collect_in_child(
        folder=folder, peel_id="web-1", version="9.9", tmp=tmp, seconds=seconds
    )


async def test_a_child_collects_what_this_process_would(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("roles: [web]")
    found = await in_child(tmp_path, tmp_path)
    own = collect(Request(peel_id="web-1", folder=tmp_path, version="9.9"))
    assert found.data == own.data


async def test_warnings_come_along(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("roles: [")
    found = await in_child(tmp_path, tmp_path)
    assert "a.yaml:2: not YAML" in found.warnings[0]


async def test_what_a_program_prints_besides_never_gets_between_the_bytes(tmp_path: Path):
    path = tmp_path / "noisy"
    path.write_text("#!/bin/sh\necho 'a: 1'; echo noise >&2\n")
    path.chmod(0o755)
    assert (await in_child(tmp_path, tmp_path)).facts()["a"] == 1


async def test_programs_that_hang_do_not_keep_the_rest(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).write_text("#!/bin/sh\nsleep 1000\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "a.yaml").write_text("a: 1")
    found = await in_child(tmp_path, tmp_path, seconds=2)
    assert found.facts()["a"] == 1
    assert len(found.warnings) == 2


async def test_cancelling_ends_the_child_and_its_programs(tmp_path: Path):
    fifo = tmp_path / ".started"
    os.mkfifo(fifo)
    path = tmp_path / "hang"
    path.write_text(f"#!/bin/sh\necho $$ > {fifo}\nsleep 1000\n")
    path.chmod(0o755)
    task = asyncio.create_task(in_child(tmp_path, tmp_path))
    program = psutil.Process(int(await asyncio.to_thread(fifo.read_text)))
    child = program.parent()
    assert child is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    _, alive = psutil.wait_procs([child, program], timeout=10)
    assert not alive


async def test_a_child_that_was_asked_to_end_ends_its_programs(tmp_path: Path):
    fifo = tmp_path / ".started"
    os.mkfifo(fifo)
    path = tmp_path / "hang"
    path.write_text(f"#!/bin/sh\necho $$ > {fifo}\nsleep 1000\n")
    path.chmod(0o755)
    task = asyncio.create_task(in_child(tmp_path, tmp_path))
    program = psutil.Process(int(await asyncio.to_thread(fifo.read_text)))
    child = program.parent()
    assert child is not None
    child.terminate()
    with pytest.raises(FactsFailed, match="ended with 143"):
        await task
    gone, _ = psutil.wait_procs([program], timeout=10)
    assert gone


async def test_a_child_that_cannot_run_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    with pytest.raises(FactsFailed, match="the collector ended with") as caught:
        await in_child(tmp_path, tmp_path)
    assert "-P" in caught.value.hint


async def test_a_child_that_answers_something_else_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", "/bin/echo")
    with pytest.raises(CodecError):
        await in_child(tmp_path, tmp_path)


def test_the_module_can_be_asked_for_help():
    done = subprocess.run(
        [sys.executable, "-m", "zester_modules.facts", "--help"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "--agent-version" in done.stdout
