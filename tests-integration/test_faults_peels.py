"""What peels may suffer or do: one server, two masters, five peels, real signals (issue 4)."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Generator

import pytest

from zester_cli.errors import CliError
from zester_proto.codec import Raw, decode, encode
from zester_proto.identity.signing import SigningKey, sign
from zester_proto.ids import new_jid, new_request_id
from zester_proto.link import LinkTimeout
from zester_proto.messages.operators import Answer, PeelAsk, Request, TargetAsk
from zester_proto.messages.trust import Signed
from zester_proto.permissions import Role
from zester_proto.subjects import api
from zester_testing.aftermath import Watcher
from zester_testing.field import Field, copy_auth
from zester_testing.flood import flood
from zester_testing.masters import Operator, Told, eventually
from zester_testing.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PEELS = [f"peel-{number}" for number in range(1, 6)]
FLOOD_SECONDS = float(os.environ.get("ZESTER_FLOOD_SECONDS", "60"))


@pytest.fixture(scope="module")
def field(site_template: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[Field]:
    """One server, two masters, five peels; each test leaves them all running."""
    folder = tmp_path_factory.mktemp("peels")
    site = site_template.copy_to(folder / "site")
    with Field.up(site, folder / "field", masters=2, peels=5) as up:
        yield up


async def all_run(field: Field, jid: str) -> None:
    await eventually(lambda: field.ran(jid) == PEELS, "the job runs on every peel")


async def state_of(operator: Operator, peel_id: str) -> str:
    rows = await operator.rows("peels", TargetAsk(target="*"))
    return rows[peel_id]["state"]


async def test_a_peel_is_killed_while_it_runs_a_job(field: Field, times: list[str]):
    watch = Watcher(field, "peel killed while running", times)
    async with Operator.up(field) as operator:
        jid = await watch.start(operator, "sleep 3")
        await all_run(field, jid)
        field.peels["peel-2"].kill()
        field.peels["peel-2"].start()
        began = time.monotonic()
        told = await operator.follow(jid)
        watch.note(f"the job is closed {time.monotonic() - began:.1f} s after")

        assert told.outcomes == dict.fromkeys(PEELS, "changed") | {"peel-2": "failed"}
        assert "interrupted" in str(told.result("peel-2").error)
    await watch.well_again(began)


async def test_a_peel_is_killed_while_it_returns(field: Field, times: list[str]):
    watch = Watcher(field, "peel killed while returning", times)
    peel = field.peels["peel-3"]
    async with Operator.up(field) as operator:
        jid = await watch.start(operator, "head -c 30000000 /dev/zero")
        spool = peel.state / "spool"
        await eventually(lambda: any(spool.rglob("*")), "the return is on its way")
        peel.kill()
        peel.start()
        began = time.monotonic()
        told = await operator.follow(jid)
        outcome = told.outcomes["peel-3"]
        watch.note(f"its return ({outcome}) is whole {time.monotonic() - began:.1f} s after")
        assert outcome in {"changed", "failed"}
    await watch.well_again(began)


async def test_a_peel_is_frozen_and_thawed(field: Field, times: list[str]):
    watch = Watcher(field, "SIGSTOP of a peel", times)
    peel = field.peels["peel-4"]
    async with Operator.up(field) as operator:
        jid = await watch.start(operator, "sleep 1", timeout=90.0)
        await all_run(field, jid)
        frozen = time.monotonic()
        peel.signal(signal.SIGSTOP)

        async def absent() -> bool:
            return await state_of(operator, "peel-4") == "absent"

        await eventually(absent, "the masters see that it is gone", 60)
        watch.note(f"seen as absent {time.monotonic() - frozen:.1f} s after")
        done = await operator.run("*", timeout=60.0)
        assert done.outcomes == dict.fromkeys(PEELS, "ok") | {"peel-4": "offline"}
        peel.signal(signal.SIGCONT)
        thawed = time.monotonic()
        told = await operator.follow(jid)
        watch.note(f"its return is in {time.monotonic() - thawed:.1f} s after it is thawed")
        assert told.outcomes == dict.fromkeys(PEELS, "changed")
    await watch.well_again(thawed)


async def test_two_requests_with_one_jid_are_one_job(field: Field, times: list[str]):
    watch = Watcher(field, "two requests with one jid", times)
    jid = new_jid()
    command = field.mark(jid, "sleep 0.5")
    async with Operator.up(field) as one, Operator.up(field) as other:
        both = [op.run("*", "cmd.run", command, jid=jid) for op in (one, other)]
        ends = await asyncio.gather(*both, return_exceptions=True)
        [told] = [end for end in ends if isinstance(end, Told)]
        [refused] = [end for end in ends if isinstance(end, CliError)]
        assert told.outcomes == dict.fromkeys(PEELS, "changed")
        assert "exists and is another one" in str(refused)
        await _again_as_it_was(field, one)
    assert field.ran(jid) == PEELS
    await watch.well_again(time.monotonic())


async def _again_as_it_was(field: Field, operator: Operator) -> None:
    """Send one signed request to every master at the same moment, several times."""
    again = new_jid()
    arguments = encode(operator.ask("*", "cmd.run", field.mark(again), jid=again, follow=False))
    now, site = time.time(), operator.client.site
    body = encode(
        Request(
            site=site, id=new_request_id(), verb="run", issued=now, expires=now + 30,
            arguments=Raw(arguments),
        )
    )  # fmt: skip
    key = SigningKey.from_seed(field.site.operator(Role.ADMIN).key.seed)
    data = encode(sign(key, "request", site, body))
    answers = await asyncio.gather(*(_answer(operator, data) for _ in range(6)))
    assert [one.problem for one in answers] == [None] * 6
    told = await operator.follow(again)
    assert told.outcomes == dict.fromkeys(PEELS, "changed")
    assert field.ran(again) == PEELS


async def _answer(operator: Operator, data: bytes) -> Answer:
    """Send a request until it is answered; a master that is busy with it drops the others."""
    while True:
        with contextlib.suppress(LinkTimeout):
            link = operator.client.link
            answer = await link.request(api("admin", "run"), data, seconds=1.0)
            return decode(decode(answer.data, Signed).body, Answer)


@pytest.mark.hosts("faketime")
async def test_clocks_are_an_hour_off(field: Field, times: list[str]):
    watch = Watcher(field, "clocks of a peel and of the command an hour off", times)
    ahead, behind = _faked("+1h"), _faked("-1h")
    for name, off in (("peel-1", ahead), ("peel-2", behind)):
        field.peels[name].kill()
        field.peels[name].start(off)
    await watch.well_again(time.monotonic())
    for number, off in enumerate((ahead, behind)):
        command = field.mark(f"cli-{number}")
        done = await asyncio.to_thread(field.zester, "*", "cmd.run", command, variables=off)
        assert done.code == 0, done.err
        assert "the clock of this machine is" in done.err
        assert done.json["counts"] == {"changed": 5}
        field.marks[done.json["jid"]] = field.marks.pop(f"cli-{number}")
    for name in ("peel-1", "peel-2"):
        field.peels[name].kill()
        field.peels[name].start()
    await watch.well_again(time.monotonic())


def _faked(off: str) -> dict[str, str]:
    # what the command itself would set; it would stand between us and the process
    command = ["faketime", "-f", off, "env"]
    faked = subprocess.run(command, capture_output=True, text=True, check=True)
    wanted = ("LD_PRELOAD=", "FAKETIME")
    lines = [line for line in faked.stdout.splitlines() if line.startswith(wanted)]
    return dict(line.split("=", 1) for line in lines) | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}


async def test_a_peel_is_cloned(field: Field, times: list[str]):
    watch = Watcher(field, "cloned peel", times)
    auth = copy_auth(field, "peel-5", field.folder / "copied")
    clone = field.make_peel("clone", copy_of="peel-5", auth_dir=auth)
    began = time.monotonic()
    with clone.running():
        async with Operator.up(field) as operator:

            async def both_seen() -> bool:
                return await state_of(operator, "peel-5") == "refused"

            await eventually(both_seen, "the masters see two", 60)
            watch.note(f"seen {time.monotonic() - began:.1f} s after")
            jid = await watch.start(operator)
            told = await operator.follow(jid)
            assert told.outcomes == dict.fromkeys(PEELS, "changed") | {"peel-5": "refused"}
            assert field.ran(jid) == PEELS[:-1]
    gone = time.monotonic()
    async with Operator.up(field) as operator:

        async def one_left() -> bool:
            return await state_of(operator, "peel-5") == "present"

        await eventually(one_left, "only one is left", 120)
    await watch.well_again(gone)


async def test_a_peel_floods_every_subject_that_it_may_write(field: Field, times: list[str]):
    watch = Watcher(field, "flood", times)
    others = PEELS[:-1]
    async with Operator.up(field) as operator:
        flooding = asyncio.create_task(flood(field, "peel-5", FLOOD_SECONDS))
        waits: list[float] = []
        while not flooding.done():
            began = time.monotonic()
            told = await operator.run("peel-[1-4]", timeout=30.0)
            waits.append(time.monotonic() - began)
            assert told.outcomes == dict.fromkeys(others, "ok")
            await asyncio.wait({flooding}, timeout=0.2)
        watch.note(str(await flooding))
        watch.note(
            f"{len(waits)} pings of the others complete,"
            f" half in {sorted(waits)[len(waits) // 2]:.2f} s, the longest {max(waits):.2f} s"
        )
        over = time.monotonic()
        if await state_of(operator, "peel-5") == "quarantined":
            watch.note("the masters shut it out")
            await operator.value("unquarantine", PeelAsk(id="peel-5"))
    await watch.well_again(over)
