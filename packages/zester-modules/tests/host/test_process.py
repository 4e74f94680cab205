"""Real commands, each in a group of its own."""

import asyncio
import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from zester_modules.errors import Refused
from zester_modules.host import process, start
from zester_modules.host.process import Command, CommandSpec, Finished, run_command

ENV = {"PATH": "/usr/bin:/bin"}


def spec(*argv: str, **more: Any) -> CommandSpec:
    fields: Any = {"argv": argv, "cwd": "/", "env": ENV} | more
    return CommandSpec(**fields)


def shell(line: str, **more: Any) -> CommandSpec:
    return spec("/bin/sh", "-c", line, **more)


def out(finished: Finished) -> str:
    return b"".join(finished.stdout.chunks()).decode()


def err(finished: Finished) -> str:
    return b"".join(finished.stderr.chunks()).decode()


def descriptors() -> set[str]:
    with os.scandir("/proc/self/fd") as found:
        return {one.name for one in found}


@pytest.fixture(autouse=True)
async def nothing_is_left_behind():
    async def one() -> None:
        finished = await run_command(shell("true"), Path("/nonexistent"))
        finished.close()

    await one()
    before = len(descriptors())
    children = set(psutil.Process().children())
    yield
    assert len(descriptors()) == before
    assert set(psutil.Process().children()) == children


async def started(fifo: Path) -> int:
    """Wait until a command writes its pid to a pipe."""
    return int(await asyncio.to_thread(fifo.read_text))


@pytest.fixture
def fifo(tmp_path: Path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


async def gone(*pids: int) -> bool:
    found: list[psutil.Process] = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    _, alive = await asyncio.to_thread(psutil.wait_procs, found, timeout=20)
    return not alive


async def test_output_and_exit_code_come_back(tmp_path: Path):
    finished = await run_command(shell("echo one; echo two >&2; exit 3"), tmp_path)
    assert (out(finished), err(finished)) == ("one\n", "two\n")
    assert (finished.exit_code, finished.ended, finished.signal) == (3, "exited", 0)
    assert not finished.left_behind


async def test_arguments_arrive_as_they_are(tmp_path: Path):
    finished = await run_command(spec("printf", "%s|", "a b", "$HOME", "*", ""), tmp_path)
    assert out(finished) == "a b|$HOME|*||"


async def test_folder_and_environment_and_umask_are_the_commands_own(tmp_path: Path):
    line = "pwd; echo $A; umask; env | wc -l"
    wanted = shell(line, cwd=str(tmp_path), env={"A": "ä", "PATH": "/bin:/usr/bin"}, umask=0o027)
    found = out(await run_command(wanted, tmp_path)).split()
    assert found[:3] == [str(tmp_path), "ä", "0027"]
    assert int(found[3]) <= 4


async def test_stdin_is_empty_or_what_was_given(tmp_path: Path):
    assert out(await run_command(spec("cat"), tmp_path)) == ""
    data = b"a\0b" * 100_000
    finished = await run_command(spec("wc", "-c", stdin=data), tmp_path)
    assert out(finished).strip() == "300000"
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # names alone


async def test_a_command_leads_a_session_without_a_terminal(tmp_path: Path):
    finished = await run_command(shell("echo $$; ps -o sid=,pgid=,tty= -p $$"), tmp_path)
    pid, sid, pgid, tty = out(finished).split()
    assert pid == sid == pgid
    assert tty == "?"


async def test_no_descriptor_of_the_agent_reaches_a_command(tmp_path: Path):
    ours = os.open(tmp_path, os.O_RDONLY)
    try:
        os.set_inheritable(ours, True)
        seen = out(await run_command(spec("ls", "/proc/self/fd"), tmp_path))
    finally:
        os.close(ours)
    assert seen.split() == ["0", "1", "2", "3"]  # 3 is what ls itself opened


async def test_bytes_that_are_no_utf8_become_replacement_characters(tmp_path: Path):
    finished = await run_command(shell(r"printf 'a\377b\303'; printf '\244c'"), tmp_path)
    assert out(finished) == "a\ufffdbäc"


async def test_fifty_mib_pass_through_without_being_held(tmp_path: Path):
    size = 50 * 1024 * 1024
    before = psutil.Process().memory_info().rss
    finished = await run_command(shell(f"head -c {size} /dev/zero | tr '\\0' x"), tmp_path)
    assert finished.stdout.kept == finished.stdout.length == size
    assert not finished.stdout.cut
    assert psutil.Process().memory_info().rss - before < 8 * 1024 * 1024
    assert (tmp_path / "stdout").stat().st_size == size
    finished.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # names alone


async def test_output_without_end_neither_fills_the_disk_nor_stops_the_loop(tmp_path: Path):
    endless = asyncio.create_task(
        Command(shell("yes", timeout=0.7), tmp_path, limit=1_000_000).run()
    )
    small = tmp_path / "small"
    small.mkdir()
    assert out(await run_command(shell("sleep 0.1; echo a"), small)) == "a\n"
    assert not endless.done()
    finished = await endless
    assert finished.ended == "timed-out"
    assert finished.stdout.length > 1_000_000
    assert finished.stdout.cut
    assert (tmp_path / "stdout").stat().st_size == 1_000_000
    finished.close()


async def test_a_command_that_runs_too_long_is_stopped_with_all_that_it_started(
    tmp_path: Path, fifo: Path
):
    line = f"sleep 1000 & echo $! > {fifo}; echo begun; wait"
    task = asyncio.create_task(run_command(shell(line, timeout=1), tmp_path))
    child = await started(fifo)
    finished = await task
    assert (finished.ended, finished.signal, finished.exit_code) == ("timed-out", 15, 143)
    assert out(finished) == "begun\n"
    assert await gone(child)


async def test_a_command_may_clean_up_when_it_is_stopped(tmp_path: Path, fifo: Path):
    line = f"trap 'echo cleaned; exit 7' TERM; echo $$ > {fifo}; while :; do sleep 0.01; done"
    command = Command(shell(line), tmp_path)
    task = asyncio.create_task(command.run())
    await started(fifo)
    command.stop()
    finished = await task
    assert (finished.ended, finished.exit_code) == ("cancelled", 7)
    assert out(finished) == "cleaned\n"


async def test_a_command_that_ignores_the_signal_is_killed(tmp_path: Path, fifo: Path):
    line = f"trap '' TERM; (trap '' TERM; sleep 1000) & echo $! > {fifo}; sleep 1000"
    command = Command(shell(line), tmp_path, grace=0.2)
    task = asyncio.create_task(command.run())
    child = await started(fifo)
    command.stop()
    finished = await task
    assert (finished.signal, finished.exit_code) == (9, 137)
    assert await gone(child)


async def test_children_that_ignore_the_signal_are_killed_after_their_parent_went(
    tmp_path: Path, fifo: Path
):
    line = f"(trap '' TERM; echo $$ > {fifo}; exec sleep 1000) & wait"
    command = Command(shell(line), tmp_path, grace=0.2)
    task = asyncio.create_task(command.run())
    group = await started(fifo)
    children = [one.pid for one in psutil.Process(group).children()]
    command.stop()
    assert (await task).signal == signal.SIGTERM
    assert await gone(group, *children)


async def test_a_stopped_process_is_ended_too(tmp_path: Path, fifo: Path):
    command = Command(shell(f"echo $$ > {fifo}; kill -STOP $$; sleep 1000"), tmp_path)
    task = asyncio.create_task(command.run())
    await started(fifo)
    command.stop()
    assert (await task).signal == signal.SIGTERM


async def test_a_daemon_left_behind_does_not_hold_the_job(tmp_path: Path, fifo: Path):
    line = f"(echo $$ > {fifo}; exec sleep 1000) & echo begun"
    task = asyncio.create_task(run_command(shell(line), tmp_path))
    group = await started(fifo)
    finished = await task
    assert (finished.exit_code, out(finished)) == (0, "begun\n")
    assert finished.left_behind
    os.killpg(group, signal.SIGKILL)


async def test_all_output_before_the_end_is_read_even_if_somebody_holds_the_pipe(tmp_path: Path):
    line = "head -c 60000 /dev/zero | tr '\\0' x; sleep 0.5 & exit 0"
    finished = await run_command(shell(line), tmp_path)
    assert finished.stdout.kept == 60_000


async def test_a_command_that_kills_itself_says_by_which_signal(tmp_path: Path):
    finished = await run_command(shell("kill -KILL $$"), tmp_path)
    assert (finished.exit_code, finished.signal, finished.ended) == (137, 9, "exited")


async def test_a_command_may_close_its_output_and_go_on(tmp_path: Path):
    finished = await run_command(shell("echo a; exec >&- 2>&-; sleep 0.1; exit 4"), tmp_path)
    assert (out(finished), finished.exit_code) == ("a\n", 4)


@pytest.mark.parametrize(
    ("place", "code", "text"),
    [
        ("missing", 127, "not found"),
        ("file/x", 127, "not found"),
        ("file", 126, "Permission denied"),
        ("", 126, "Permission denied"),
        ("odd", 126, "Exec format error"),
    ],
)
async def test_what_cannot_be_started_ends_as_in_a_shell(
    tmp_path: Path, place: str, code: int, text: str
):
    (tmp_path / "file").write_text("")
    (tmp_path / "odd").write_bytes(b"\x7fELF")
    (tmp_path / "odd").chmod(0o755)
    name = str(tmp_path / place)
    finished = await run_command(spec(name, "x"), tmp_path)
    assert finished.exit_code == code
    assert err(finished) == f"{name}: {text}\n"


async def test_a_folder_that_cannot_be_entered_is_refused(tmp_path: Path):
    with pytest.raises(Refused, match=f"cannot enter the folder {tmp_path}/gone: No such file"):
        await run_command(spec("true", cwd=str(tmp_path / "gone")), tmp_path)


async def test_arguments_that_no_process_can_have_are_refused(tmp_path: Path):
    with pytest.raises(Refused, match="Argument list too long"):
        await run_command(spec("echo", "x" * 10_000_000), tmp_path)
    with pytest.raises(Refused, match="null byte"):
        await run_command(spec("echo", "a\0b"), tmp_path)


async def test_stdin_that_does_not_fit_on_the_disk_is_refused(tmp_path: Path):
    with pytest.raises(Refused, match=r"cannot keep the command's stdin in .*: No such file"):
        await run_command(spec("cat", stdin=b"x"), tmp_path / "gone")


async def test_cancelling_the_task_ends_the_command(tmp_path: Path, fifo: Path):
    task = asyncio.create_task(run_command(shell(f"echo $$ > {fifo}; sleep 1000"), tmp_path))
    pid = await started(fifo)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(pid)


async def test_cancelling_twice_does_not_wait_for_the_command(tmp_path: Path, fifo: Path):
    line = f"trap '' TERM; echo $$ > {fifo}; while :; do sleep 1000; done"
    task = asyncio.create_task(run_command(shell(line), tmp_path, grace=1000))
    pid = await started(fifo)
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(pid)


async def test_a_start_that_hangs_is_given_up_and_its_late_command_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    go, came, real = threading.Event(), threading.Event(), start.start
    late: list[start.Started] = []

    def hang(spec: CommandSpec, folder: Path) -> start.Started:
        go.wait()
        late.append(real(spec, folder))
        came.set()
        return late[0]

    monkeypatch.setattr(start, "start", hang)
    finished = await run_command(spec("sleep", "1000", timeout=0.05), tmp_path)
    assert (finished.ended, finished.exit_code) == ("timed-out", 137)
    go.set()
    await asyncio.to_thread(came.wait)
    assert await gone(late[0].process.pid)


async def test_a_task_cancelled_while_its_command_starts_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    go, came, real = threading.Event(), threading.Event(), start.start
    late: list[start.Started] = []

    def hang(spec: CommandSpec, folder: Path) -> start.Started:
        go.wait()
        late.append(real(spec, folder))
        came.set()
        return late[0]

    monkeypatch.setattr(start, "start", hang)
    task = asyncio.create_task(run_command(spec("sleep", "1000"), tmp_path))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    await asyncio.to_thread(came.wait)
    assert await gone(late[0].process.pid)


async def test_on_an_old_kernel_the_end_is_seen_by_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(_pid: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "pidfd_open", refuse)
    finished = await run_command(shell("sleep 0.1; exit 5"), tmp_path)
    assert finished.exit_code == 5
    finished = await run_command(shell("sleep 1000", timeout=0.1), tmp_path)
    assert finished.ended == "timed-out"


async def test_many_commands_run_side_by_side(tmp_path: Path):
    async def one(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        return out(await run_command(shell(f"sleep 0.05; echo {number}"), folder))

    assert await asyncio.gather(*(one(number) for number in range(40))) == [
        f"{number}\n" for number in range(40)
    ]


@pytest.mark.hosts("root")
async def test_a_command_of_another_user_can_reopen_its_output(tmp_path: Path):
    wanted = shell(
        "id -u; id -g; id -G; echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin",
        user=65534, group=65534, groups=(65534, 7), stdin=b"in\n",
    )  # fmt: skip
    finished = await run_command(wanted, tmp_path)
    assert out(finished).split() == ["65534", "65534", "65534", "7", "out", "in"]
    assert err(finished) == "err\n"


@pytest.mark.hosts("root")
async def test_what_another_user_may_not_execute_ends_as_in_a_shell(tmp_path: Path):
    program = tmp_path / "secret"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    finished = await run_command(spec(str(program), user=65534, group=65534), tmp_path)
    assert finished.exit_code == 126


def test_the_defaults_are_those_of_the_design():
    assert process.RETURN_LIMIT == 64 * 1024 * 1024
