"""Jobs whose pages do not simply come: forged, lost, late, or from another master."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator

import pytest

from zester_proto.codec import encode
from zester_proto.identity.signing import SigningKey, sign
from zester_proto.messages.operators import JobAsk, Problem
from zester_testing.site import Bus
from zester_testing.stage import PATIENCE, Asked, PagesOf, StageMaster, ok, row, stage

JID = "2hPx1FNsSgJMqVn5bLSTXeBQMpO"


async def test_a_gap_is_said_and_made_good_by_asking_again(master: StageMaster) -> None:
    async def gappy(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([ok("a")], {"ok": 1, "running": 2}))
        pages.make([ok("b")], {"ok": 2, "running": 1})  # lost on its way
        await pages.send(pages.make([ok("c")], {"ok": 3}, final=True))

    master.handlers["run"] = gappy
    master.runs(ok("a"), ok("b"), ok("c"), verb="follow")
    done = await master.zester("*", "test.ping", "--output", "json")
    assert sorted(json.loads(done.out)["peels"]) == ["a", "b", "c"]
    assert "pages 1 to 1 of the masters' answer are missing" in done.err
    assert master.verbs() == ["run", "follow"]
    assert master.asked[1].ask(JobAsk).jid == master.run_ask().jid
    assert done.code == 0


async def test_pages_that_nobody_of_ours_signed_are_dropped(master: StageMaster) -> None:
    thief = SigningKey.generate()

    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        own, master.key = master.key, thief
        forged = pages.make([ok("a", "forged")], {"ok": 1}, final=True)
        master.key = own
        await pages.send(forged)
        await pages.send(b"no page at all")
        pages.n, pages.previous = 0, b""
        await pages.send(pages.make([ok("a", "true")], {"ok": 1}, final=True))

    master.handlers["run"] = handler
    master.says("trust", [])
    done = await master.zester("*", "test.echo", "--output", "raw")
    assert done.out == "true\n"
    assert done.err.count("a page was dropped") == 2
    assert done.code == 0


async def test_a_page_of_another_request_or_site_is_dropped(master: StageMaster) -> None:
    old: list[bytes] = []

    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        for one in old:
            await pages.send(one)
        body = b"whatever"
        await pages.send(encode(sign(master.key, "page", "0" * 32, body)))
        data = pages.make([ok("a", str(len(old)))], {"ok": 1}, final=True)
        old.append(data)
        await pages.send(data)

    master.handlers["run"] = handler
    assert (await master.zester("*", "test.echo", "--output", "raw")).out == "0\n"
    done = await master.zester("*", "test.echo", "--output", "raw")
    assert done.out == "1\n"
    assert "for request" in done.err


async def test_an_answer_that_nobody_of_ours_signed_is_not_believed(master: StageMaster) -> None:
    master.key = SigningKey.generate()
    master.says("trust", [])
    master.says("whoami", {"name": "mallory"})
    done = await master.zester("whoami")
    assert "not to be believed" in done.err
    assert "mallory" not in done.out
    assert done.code == 5


async def test_pages_go_on_when_another_master_takes_over(master: StageMaster) -> None:
    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        first = PagesOf(master, asked)
        await first.send(first.make([ok("a", 1), row("b", "running")], {"ok": 1, "running": 1}))
        await first.send(first.make([row("b", "running")], {"ok": 1, "running": 1}))
        second = PagesOf(master, asked, epoch=2)
        await second.send(second.make([ok("a", 1)], {"ok": 1, "running": 1}))
        await first.send(first.make([ok("b", "from the fenced one")], {"ok": 2}, final=True))
        await second.send(second.make([ok("b", 2)], {"ok": 2}, final=True))

    master.handlers["run"] = handler
    done = await master.zester("*", "test.echo", "--output", "raw")
    assert done.out == "1\n2\n"


async def test_a_master_that_falls_silent_is_asked_about_the_job_again(
    master: StageMaster,
) -> None:
    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([ok("a")], {"ok": 1, "running": 1}))

    master.handlers["run"] = handler
    master.runs(ok("a"), ok("b"), verb="follow")
    done = await master.zester("*", "test.sleep", "1", "--output", "json")
    assert json.loads(done.out)["counts"] == {"ok": 2}
    assert master.verbs() == ["run", "follow"]
    assert done.code == 0


@pytest.mark.parametrize("words", [("*", "test.sleep", "60"), ("job", "wait", JID)])
async def test_ctrl_c_detaches_and_says_how_to_go_on(
    master: StageMaster, words: tuple[str, ...]
) -> None:
    waiting = asyncio.Event()

    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([row("a", "running")], {"running": 1}))
        waiting.set()

    master.handlers["run"] = master.handlers["follow"] = handler
    process = await master.start(*words)
    async with asyncio.timeout(PATIENCE):
        await waiting.wait()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    jid = JID if words[0] == "job" else master.run_ask().jid
    assert out == b""
    assert f"job {jid} goes on" in err.decode()
    assert f"zester job follow {jid}" in err.decode()
    assert f"zester job cancel {jid}" in err.decode()
    assert b"Traceback" not in err
    assert process.returncode == 130


async def test_waiting_for_a_job_ends_when_the_time_is_up(master: StageMaster) -> None:
    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([row("a", "running")], {"running": 1}))

    master.handlers["follow"] = handler
    done = await master.zester("job", "wait", JID, "--timeout", "300ms")
    assert "has not ended yet" in done.err
    assert done.code == 130


async def test_following_an_unknown_job_says_so(master: StageMaster) -> None:
    master.refuses("follow", "unknown", "no job of that id is kept")
    done = await master.zester("job", "follow", JID)
    assert "no job of that id" in done.err
    assert done.code == 1


async def test_a_job_of_another_is_shown_with_its_own_target(master: StageMaster) -> None:
    master.runs(ok("a"), verb="follow", target="web-*", function="test.ping")
    done = await master.zester("job", "wait", JID, "--output", "json")
    found = json.loads(done.out)
    assert (found["jid"], found["target"], found["function"]) == (JID, "web-*", "test.ping")


@pytest.fixture
async def own_master(own_bus: Bus) -> AsyncGenerator[StageMaster]:
    async with stage(own_bus) as one:
        yield one


async def test_a_server_that_restarts_does_not_lose_the_job(own_master: StageMaster) -> None:
    waiting = asyncio.Event()

    async def handler(asked: Asked) -> None:
        await own_master.answer(asked, {}, pages=True)
        pages = PagesOf(own_master, asked)
        await pages.send(pages.make([ok("a")], {"ok": 1, "running": 1}))
        await own_master.nats.flush()
        waiting.set()

    own_master.handlers["run"] = handler
    process = await own_master.start("*", "test.sleep", "1", "--output", "json")
    async with asyncio.timeout(PATIENCE):
        await waiting.wait()
        own_master.bus.server.kill()
        own_master.bus.server.start_again()
        async with stage(own_master.bus) as reborn:
            reborn.runs(ok("a"), ok("b"), verb="follow")
            reborn.runs(ok("a"), ok("b"), verb="run")  # the first answer may have died on its way
            out, err = await process.communicate()
    assert json.loads(out)["counts"] == {"ok": 2}, err
    assert process.returncode == 0


async def test_no_bus_and_no_master_are_two_texts_and_one_code(own_master: StageMaster) -> None:
    await own_master.nats.close()
    silent = await own_master.zester("*", "test.ping")
    assert "no master answering" in silent.err
    assert "zester job show" in silent.err
    own_master.bus.server.kill()
    gone = await own_master.zester("*", "test.ping")
    assert "no bus" in gone.err
    assert "no master" not in gone.err
    assert silent.code == gone.code == 5
    assert silent.out == gone.out == ""


async def test_a_request_is_sent_again_unchanged_until_it_is_answered(
    master: StageMaster,
) -> None:
    seen: list[bytes] = []

    async def handler(asked: Asked) -> None:
        seen.append(asked.message.data)
        if len(seen) > 1:
            await master.answer(asked, {"name": "admin"})

    master.handlers["whoami"] = handler
    done = await master.zester("whoami", "--output", "raw")
    assert done.out == "admin\n"
    assert seen[0] == seen[1]


async def test_a_stale_clock_is_told_to_a_follower_too(master: StageMaster) -> None:
    master.refuses("follow", "stale", "out of time")
    done = await master.zester("job", "follow", JID)
    assert done.code == 1
    assert Problem(code="stale", text="out of time").text in done.err
