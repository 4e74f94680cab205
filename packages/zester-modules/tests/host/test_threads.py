import asyncio
import threading

import pytest

from zester_modules.host.threads import in_daemon_thread, nothing


async def test_the_result_or_the_error_of_the_work_arrives():
    assert await in_daemon_thread(lambda: 1 + 1, late=nothing) == 2
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 / 0, late=nothing)


async def test_the_work_is_done_beside_the_loop():
    here = threading.get_ident()
    assert await in_daemon_thread(threading.get_ident, late=nothing) != here


async def test_a_result_that_nobody_waits_for_is_handed_to_the_late_one():
    go = threading.Event()
    late: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def work() -> str:
        go.wait()
        return "late"

    waiting = in_daemon_thread(work, late=late.set_result)
    waiting.cancel()
    go.set()
    assert await late == "late"


async def test_an_error_that_nobody_waits_for_is_forgotten():
    go, done = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        go.wait()
        loop.call_soon_threadsafe(done.set)
        raise ValueError

    in_daemon_thread(work, late=nothing).cancel()
    go.set()
    await done.wait()


def test_a_result_after_the_loops_end_is_late():
    go, late = threading.Event(), threading.Event()

    async def main() -> None:
        in_daemon_thread(go.wait, late=lambda _result: late.set())

    asyncio.run(main())
    go.set()
    assert late.wait(10)


def test_work_that_hangs_does_not_keep_the_interpreter_from_ending():
    import subprocess
    import sys

    code = """
import asyncio, threading
from zester_modules.host.threads import in_daemon_thread, nothing
async def main():
    in_daemon_thread(threading.Event().wait, late=nothing)
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
