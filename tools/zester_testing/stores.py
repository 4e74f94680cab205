"""Every bucket and stream of the table on a test's bus, made and looked at without the product."""

import asyncio
import json
from typing import Any, NamedTuple

from zester_proto.buckets import BUCKETS, STREAMS
from zester_proto.link.streams import config_of
from zester_testing.raw import Raw
from zester_testing.site import Bus

INBOX = "_INBOX_master-1"
TABLE = (*BUCKETS, *STREAMS)


class Stored(NamedTuple):
    """What a stream holds."""

    last: int
    messages: int
    subjects: dict[str, int]


async def ask(master: Raw, what: str, body: Any = None) -> dict[str, Any]:
    """Ask `$JS.API.<what>` as a master, and give the answer, which must be no error."""
    data = json.dumps(body).encode() if body is not None else b""
    answer = json.loads((await master.request(f"$JS.API.{what}", data, inbox=INBOX)).data)
    assert "error" not in answer, (what, answer)
    return answer


async def put(client: Raw, subject: str, data: bytes, inbox: str, **headers: str) -> dict[str, Any]:
    """Store a message and give JetStream's ack, or its refusal."""
    return json.loads((await client.request(subject, data, inbox=inbox, **headers)).data)


async def make_stores(master: Raw) -> None:
    """Make every bucket and stream, and a key or message of a peel `victim` in each."""
    for one in TABLE:
        config = dict(config_of(one, 1))
        await ask(master, f"STREAM.CREATE.{config['name']}", config)
    for bucket in BUCKETS:
        ack = await put(master, f"$KV.{bucket.name}.victim", b"value", INBOX)
        assert "error" not in ack, ack
    for subject in ("zester.job.x.closed", "zester.audit.a.b", "zester.event.victim.a"):
        assert "error" not in await put(master, subject, b"value", INBOX)


async def stored(master: Raw) -> dict[str, Stored]:
    """Give what every stream holds."""
    found: dict[str, Stored] = {}
    for one in TABLE:
        name = str(config_of(one, 1)["name"])
        state = (await ask(master, f"STREAM.INFO.{name}", {"subjects_filter": ">"}))["state"]
        found[name] = Stored(state["last_seq"], state["messages"], state.get("subjects", {}))
    return found


def make_stores_of(bus: Bus) -> None:
    """Do `make_stores` on a bus, from a fixture that is not async."""

    async def make() -> None:
        async with await bus.raw(bus.site.master.credentials) as master:
            await make_stores(master)

    asyncio.run(make())
