"""What comes on the masters' subjects and is no order of theirs for this peel."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from zester_proto.codec import decode, encode
from zester_proto.identity.signing import SigningKey
from zester_proto.messages.jobs import ToOne
from zester_proto.messages.trust import Signed
from zester_testing.peels import Peel, eventually
from zester_testing.raw_master import RawMaster

Make = Callable[[RawMaster, str, Path], bytes]


class Case(msgspec.Struct, frozen=True):
    """A message, the reason for which it is dropped, and the headers that it comes with."""

    reason: str
    make: Make
    headers: dict[str, str] = {}


def _order(master: RawMaster, peel_id: str, file: Path, **changes: object) -> bytes:
    return master.signed("job", master.job(peel_id, "cmd.run", f"touch {file}", **changes))


def _bytes(data: bytes) -> Make:
    def make(_master: RawMaster, _peel_id: str, _file: Path) -> bytes:
        return data

    return make


def _welcome(master: RawMaster, peel_id: str, _file: Path) -> bytes:
    return master.welcome(peel_id, b"n")


def _cut_welcome(master: RawMaster, peel_id: str, _file: Path) -> bytes:
    return master.welcome(peel_id, b"n")[3:]


def _changed(data: bytes, **changes: object) -> bytes:
    return encode(msgspec.structs.replace(decode(data, Signed), **changes))


def _another_body(master: RawMaster, peel_id: str, file: Path) -> bytes:
    other = decode(_order(master, peel_id, file), Signed).body
    return _changed(_order(master, peel_id, file), body=other)


CASES = {
    "not msgpack": Case("malformed", _bytes(b"\xc1nonsense")),
    "empty": Case("malformed", _bytes(b"")),
    "too deep": Case("malformed", _bytes(b"\x91" * 100_000)),
    "too large": Case("too-large", _bytes(bytes(600 * 1024))),
    "another message": Case("malformed", _cut_welcome),
    "a welcome in place of a job": Case("wrong-type", _welcome),
    "a cancel around a job": Case(
        "wrong-type",
        lambda master, peel_id, file: master.signed(
            "cancel", master.job(peel_id, "cmd.run", f"touch {file}")
        ),
    ),
    "a job's type changed": Case(
        "bad-signature",
        lambda master, peel_id, file: _changed(_order(master, peel_id, file), type="cancel"),
    ),
    "another's key": Case(
        "unknown-key",
        lambda master, peel_id, file: master.signed(
            "job", master.job(peel_id, "cmd.run", f"touch {file}"), SigningKey.generate()
        ),
    ),
    "another's key under the master's name": Case(
        "bad-signature",
        lambda master, peel_id, file: _changed(
            master.signed(
                "job", master.job(peel_id, "cmd.run", f"touch {file}"), SigningKey.generate()
            ),
            key_id=master.identity.keys.job.id,
        ),
    ),
    "another body": Case("bad-signature", _another_body),
    "signed for another site": Case(
        "bad-signature",
        lambda master, peel_id, file: master.signed(
            "job", master.job(peel_id, "cmd.run", f"touch {file}"), site="0" * 32
        ),
    ),
    "another site inside": Case(
        "other-site", lambda master, peel_id, file: _order(master, peel_id, file, site="0" * 32)
    ),
    "for another peel": Case(
        "not-for-us",
        lambda master, peel_id, file: _order(master, peel_id, file, to=ToOne(id="another")),
    ),
    "no jid": Case(
        "malformed", lambda master, peel_id, file: _order(master, peel_id, file, jid="../etc")
    ),
    "long gone": Case(
        "stale",
        lambda master, peel_id, file: _order(
            master, peel_id, file, start_before=master.now() - 3600, issued=master.now() - 3700
        ),
    ),
    "out of a stream": Case("from-stream", _order, {"Nats-Stream": "KV_secrets"}),
    "from the server itself": Case("from-server", _order, {"Status": "503"}),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_is_no_order_for_us_is_dropped_and_counted(
    master: RawMaster, peel: Peel, tmp_path: Path, name: str
) -> None:
    case, file = CASES[name], tmp_path / "ran"
    series = f'zester_peel_messages_dropped_total{{reason="{case.reason}"}}'
    before = await asyncio.to_thread(peel.metric, series)

    await master.publish(case.make(master, peel.id, file), peel.id, case.headers)

    async def counted() -> bool:
        return await asyncio.to_thread(peel.metric, series) == before + 1

    await eventually(counted, f"{name} is counted as {case.reason}")
    assert (await master.run(peel.identity, "test.ping")).value is True
    assert not file.exists()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"start_before": -1.0}, "after it had to begin"),
        ({"deadline": -1.0}, "after it had to begin"),
        ({"issued": -130.0, "start_before": 3600.0}, "after it had to begin"),
        ({"issued": -100.0}, "before this peel came onto the bus"),
        ({"first_issued": -100.0}, "before this peel's memory of jobs began"),
    ],
)
async def test_a_stale_job_is_refused_with_its_reason(
    master: RawMaster, peel: Peel, tmp_path: Path, changes: dict[str, float], text: str
) -> None:
    file = tmp_path / "ran"
    times = {name: master.now() + seconds for name, seconds in changes.items()}

    returned = await master.run(peel.identity, "cmd.run", f"touch {file}", **times)

    assert returned.outcome == "refused"
    assert text in returned.error
    assert not file.exists()


async def test_a_job_that_needs_more_than_this_peel_can_is_refused(
    master: RawMaster, peel: Peel
) -> None:
    returned = await master.run(peel.identity, "test.ping", needs=("test", "time-travel"))

    assert returned.outcome == "refused"
    assert "time-travel" in returned.error


async def test_a_job_for_the_whole_fleet_is_ours_too(master: RawMaster, peel: Peel) -> None:
    job = master.job(None, "test.ping")
    await master.send(job)

    assert (await master.returned(job.jid, peel.identity)).value is True


async def test_a_flood_of_forged_orders_leaves_room_for_true_ones(
    master: RawMaster, peel: Peel
) -> None:
    forged = master.signed("job", master.job(peel.id, "test.ping"), SigningKey.generate())
    for _ in range(2000):
        await master.link.publish(f"zester.cmd.peel.{peel.id}", forged)

    assert (await master.run(peel.identity, "test.ping")).value is True
