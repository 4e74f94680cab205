"""Jobs from the command line to the exit code: a real bus, real signatures, a master on stage."""

import json
from typing import Any

import pytest

from zester_proto.messages.operators import PageRow, Problem
from zester_proto.permissions import Role
from zester_testing.stage import Asked, PagesOf, StageMaster, counts_of, ok, plain, row

COMMAND: dict[str, Any] = {"stdout": "hello\n", "stderr": "", "exit_code": 0}


async def test_a_ping_gives_a_table_and_a_summary(master: StageMaster) -> None:
    master.runs(ok("peel-1"), ok("peel-2"))
    done = await master.zester("*", "test.ping")
    assert done.out.split("\n")[0].split() == ["PEEL", "OUTCOME", "SECONDS", "RETURN"]
    assert done.out.split("\n")[1].split() == ["peel-1", "ok", "0.01", "true"]
    assert done.err.startswith("2 peels: 2 ok in ")
    assert master.run_ask().jid in done.err
    assert done.code == 0


async def test_the_request_says_what_was_typed(master: StageMaster) -> None:
    master.runs(ok("peel-1"))
    done = await master.zester(
        "web-* or db",
        "cmd.run",
        "ls",
        "-l",
        "cwd=/tmp",
        "--timeout",
        "5m",
        "--test",
        "--batch",
        "10%",
        "--batch-wait",
        "2s",
        "--canary",
        "1",
        "--max-fail",
        "2",
    )
    assert done.code == 0
    ask = master.run_ask()
    assert ask.target == "web-* or db"
    assert ask.function == "cmd.run"
    assert master.run_words() == (["ls", "-l"], {"cwd": "/tmp"})
    assert (ask.timeout, ask.test, ask.follow) == (300.0, True, True)
    assert (ask.batch, ask.batch_wait, ask.canary, ask.max_fail) == ("10%", 2.0, 1, "2")
    assert master.asked[-2].operator == "admin"


async def test_values_from_files_and_standard_input_stay_out_of_argv(master: StageMaster) -> None:
    secret = master.bus.site.paths.root / "secret.txt"
    secret.write_text("s3cret\n")
    master.runs(ok("peel-1"))
    done = await master.zester("*", "test.echo", f"a=@{secret}", "b=-", "c=@@x", stdin=b"\xff\x00")
    assert done.code == 0
    assert master.run_words() == ([], {"a": "s3cret\n", "b": b"\xff\x00", "c": "@x"})


async def test_json_has_the_documented_form(master: StageMaster) -> None:
    master.runs(
        ok("peel-1", COMMAND, "changed"),
        row("peel-2", "failed", plain(None, seconds=2.5, error="it raised")),
        row("peel-3", "offline", late="ok"),
    )
    done = await master.zester("*", "cmd.run", "echo hello", "--output", "json")
    found = json.loads(done.out)
    assert list(found) == ["jid", "target", "function", "counts", "peels"]
    assert found["jid"] == master.run_ask().jid
    assert (found["target"], found["function"]) == ("*", "cmd.run")
    assert found["counts"] == {"changed": 1, "failed": 1, "offline": 1}
    assert found["peels"]["peel-1"] == {
        "outcome": "changed", "return": COMMAND, "seconds": 0.01, "error": "",
    }  # fmt: skip
    assert found["peels"]["peel-2"]["error"] == "it raised"
    assert found["peels"]["peel-2"]["seconds"] == 2.5
    assert found["peels"]["peel-3"]["late"] == "ok"
    assert done.err == ""
    assert done.code == 1


OUTCOMES = [
    (["ok", "changed", "would-change"], (), 0),
    (["ok", "failed"], (), 1),
    (["refused"], (), 1),
    (["timed-out"], (), 1),
    (["cancelled"], (), 1),
    (["ok", "offline"], (), 4),
    (["lost"], (), 4),
    (["offline", "failed"], (), 1),
    (["would-change"], ("--detailed-exit",), 7),
    (["ok", "changed"], ("--detailed-exit",), 0),
    (["would-change", "failed"], ("--detailed-exit",), 1),
    (["would-change", "offline"], ("--detailed-exit",), 4),
]


@pytest.mark.parametrize(("outcomes", "options", "code"), OUTCOMES)
async def test_the_exit_code_follows_the_outcomes(
    master: StageMaster, outcomes: list[str], options: tuple[str, ...], code: int
) -> None:
    master.runs(*(row(f"peel-{n}", outcome) for n, outcome in enumerate(outcomes)))
    done = await master.zester("*", "test.ping", *options)
    assert done.code == code
    for n, outcome in enumerate(outcomes):
        assert f"peel-{n}" in done.out
        assert outcome in done.out


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("usage", 2), ("no-match", 3), ("role", 6), ("unavailable", 5),
        ("conflict", 1), ("unknown", 1), ("busy", 1), ("internal", 1), ("new-code", 1),
    ],
)  # fmt: skip
async def test_a_masters_no_is_shown_with_its_hint_and_code(
    master: StageMaster, code: str, exit_code: int
) -> None:
    master.refuses("run", code, "no, because\n  target\n  ^", "do this")
    done = await master.zester("*", "test.ping")
    assert done.out == ""
    assert "no, because\n  target\n  ^" in done.err
    assert "do this" in done.err
    assert "Traceback" not in done.err
    assert done.code == exit_code


async def test_nobody_matched_suggests_peels_that_were_seen(master: StageMaster) -> None:
    master.runs(ok("web-01"), ok("web-02"))
    await master.zester("*", "test.ping")
    master.refuses("run", "no-match", "nobody matches 'wbe-01'")
    done = await master.zester("wbe-01", "test.ping")
    assert "did you mean web-01" in done.err
    assert done.code == 3


async def test_a_role_that_the_server_refuses_is_exit_6(master: StageMaster) -> None:
    done = await master.zester("*", "test.ping", role=Role.VIEWER)
    assert "does not allow run" in done.err
    assert done.code == 6


async def test_async_prints_the_jid_alone(master: StageMaster) -> None:
    async def started(asked: Asked) -> None:
        await master.answer(asked, {"jid": master.run_ask().jid, "count": 3, "epoch": 1})

    master.handlers["run"] = started
    done = await master.zester("*", "test.sleep", "60", "--async")
    assert done.out == f"{master.run_ask().jid}\n"
    assert master.run_ask().follow is False
    assert "3 peels" in done.err
    assert done.code == 0
    done = await master.zester("*", "test.sleep", "60", "--async", "--output", "json", "--quiet")
    assert json.loads(done.out)["count"] == 3
    assert done.err == ""


async def test_a_value_over_many_pages_is_put_together(master: StageMaster) -> None:
    data = plain("x" * 500_000)

    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        step = 200_000
        for at in range(0, len(data), step):
            part = PageRow(
                key="p", outcome="ok", offset=at, total=len(data), data=data[at : at + step]
            )
            last = at + step >= len(data)
            await pages.send(pages.make([part], {"ok": 1}, final=last, info={}))

    master.handlers["run"] = handler
    done = await master.zester("*", "test.echo", "--output", "raw")
    assert done.out == "x" * 500_000 + "\n"


async def test_stages_are_no_outcomes(master: StageMaster) -> None:
    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([row("a", "running"), row("b", "sent")], {"running": 2}))
        await pages.send(pages.make([ok("a"), ok("b")], {"ok": 2}, final=True))

    master.handlers["run"] = handler
    done = await master.zester("*", "test.ping", "--output", "json")
    assert json.loads(done.out)["counts"] == {"ok": 2}


async def test_a_stale_request_is_signed_again_in_the_sites_time(master: StageMaster) -> None:
    master.clock_off = 3600.0
    times: list[float] = []

    async def handler(asked: Asked) -> None:
        times.append(asked.request.issued)
        if len(times) == 1:
            problem = Problem(code="stale", text="an hour off", hint="")
            await master.answer(asked, problem=problem)
            return
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        await pages.send(pages.make([ok("a")], {"ok": 1}, final=True))

    master.handlers["run"] = handler
    done = await master.zester("*", "test.ping")
    assert done.code == 0
    assert "clock of this machine is 3600 s behind" in done.err
    assert 3590 < times[1] - times[0] < 3610


async def test_a_request_that_stays_stale_is_given_up(master: StageMaster) -> None:
    master.refuses("run", "stale", "signed too long ago")
    done = await master.zester("*", "test.ping")
    assert "signed too long ago" in done.err
    assert len(master.verbs()) == 2
    assert done.code == 1


async def test_the_masters_counts_that_do_not_add_up_are_said(master: StageMaster) -> None:
    async def handler(asked: Asked) -> None:
        await master.answer(asked, {}, pages=True)
        pages = PagesOf(master, asked)
        rows = [ok("a")]
        counts = counts_of(rows) | {"failed": 2}
        await pages.send(pages.make(rows, counts, final=True))

    master.handlers["run"] = master.handlers["follow"] = handler
    done = await master.zester("*", "test.ping")
    assert "results of 2 peels are missing" in done.err
    assert master.verbs() == ["run", "follow"]
    assert done.code == 1
