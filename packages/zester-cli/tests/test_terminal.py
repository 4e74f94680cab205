"""What somebody in front of a real terminal sees."""

import asyncio
import os
import pty
import re
import signal

import pytest

from zester_testing.stage import PATIENCE, ZESTER, Asked, PagesOf, StageMaster, ok, row


class Terminal:
    """A command on a pseudo-terminal of 80 columns."""

    def __init__(self, process: asyncio.subprocess.Process, reader: int) -> None:
        self.process = process
        self.shown = ""
        self._reader = reader
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(reader, self._read)

    @classmethod
    async def start(cls, master: StageMaster, *words: str) -> "Terminal":
        reader, writer = pty.openpty()
        environment = {**master.environment(), "TERM": "xterm", "COLUMNS": "80"}
        process = await asyncio.create_subprocess_exec(
            ZESTER, *words, stdin=writer, stdout=writer, stderr=writer, env=environment
        )
        os.close(writer)
        return cls(process, reader)

    def _read(self) -> None:
        try:
            data = os.read(self._reader, 65536)
        except OSError:  # the other side is closed
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._reader)
            self._ended.set()
        self.shown += data.decode(errors="replace")
        self._changed.set()

    async def until(self, pattern: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not re.search(pattern, self.shown):
                self._changed.clear()
                await self._changed.wait()

    async def end(self) -> int:
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await self._ended.wait()
        os.close(self._reader)
        return code


async def test_progress_is_shown_while_a_job_runs_and_gone_when_it_ends(
    master: StageMaster,
) -> None:
    go = asyncio.Event()

    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        rows = [ok("a"), row("b", "running"), row("c", "running")]
        await pages.send(pages.make(rows, {"ok": 1, "running": 2}))
        await master.nats.flush()
        await go.wait()
        await pages.send(pages.make([ok("b"), ok("c")], {"ok": 3}, final=True))

    master.handlers["run"] = handler
    terminal = await Terminal.start(master, "*", "test.sleep", "5")
    await terminal.until(r"1 of 3, 1 ok, waiting for b, c")
    go.set()
    assert await terminal.end() == 0
    table = terminal.shown[terminal.shown.rindex("PEEL") :]
    assert "1 of 3" not in table
    assert "\x1b[32mok" in table
    assert "3 peels: 3 ok" in table


@pytest.mark.parametrize("option", ["--quiet", "--no-color"])
async def test_a_terminal_can_be_left_alone(master: StageMaster, option: str) -> None:
    master.runs(ok("a"))
    terminal = await Terminal.start(master, "*", "test.ping", option)
    assert await terminal.end() == 0
    if option == "--quiet":
        assert "1 peel" not in terminal.shown
    else:
        assert "\x1b[" not in terminal.shown


async def test_a_peel_cannot_steer_the_terminal(master: StageMaster) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b2J"
    for form in ("table", "json", "yaml", "raw"):
        master.runs(ok("a", evil), ok("b", {"stdout": evil, "stderr": evil, "exit_code": 0}))
        terminal = await Terminal.start(master, "*", "x.y", "--output", form, "--no-color")
        assert await terminal.end() == 0
        assert "\x1b" not in terminal.shown, form
        assert "\x9b" not in terminal.shown, form
        assert "owned" in terminal.shown


async def test_ctrl_c_on_a_terminal_takes_the_progress_away_and_detaches(
    master: StageMaster,
) -> None:
    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([row("a", "running")], {"running": 1}))

    master.handlers["run"] = handler
    terminal = await Terminal.start(master, "*", "test.sleep", "60")
    await terminal.until("0 of 1")
    terminal.process.send_signal(signal.SIGINT)
    assert await terminal.end() == 130
    assert f"zester job cancel {master.run_ask().jid}" in terminal.shown
