"""The floor: the same traffic by raw protocol through the same accounts, with no Zester.

One connection in account ZESTER, with a master's credentials, publishes one broadcast and takes
the acks from a subscription and the stored returns from a consumer, as a master does; it opens
and keeps nothing. The peels do what they do for a master: one signature verified a process, an ack
and a sealed return each.
"""

import json
import secrets
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.swarm.wire import Frame, Lost, Wire, hello, publish, tls_context
from zester_master.site.masters import load_master
from zester_proto.codec import Raw, encode, pack
from zester_proto.identity.signing import sign
from zester_proto.ids import new_jid
from zester_proto.messages.jobs import Job, ToAll
from zester_proto.subjects import CMD_ALL, acks_of, inbox

PATIENCE = 60.0
_STREAM = "KV_job-returns"


class Round(NamedTuple):
    """One broadcast; monotonic seconds."""

    jid: str
    began: float
    acked: float
    """When the last ack was here."""
    collected: float
    """When the last stored return was here."""
    arrivals: dict[str, float]
    """When the stored return of each peel was here, by its token."""


class Floor:
    """A master without Zester."""

    def __init__(self, auth: Path, port: int) -> None:
        """Connect as the master whose auth folder is given."""
        self._identity = load_master(auth)
        self._wire = Wire(tls_context(auth / "ca.crt"), port)
        self._inbox = inbox(self._identity.name)
        self._backlog: list[Frame] = []
        self._number = 0
        while not self._wire.shake():
            self._wire.wait(PATIENCE)
        who = self._identity.credentials
        self._wire.write(hello(self._next(b"INFO").text, who.jwt, who.key, "floor"))
        self._subscribe(f"{self._inbox}.answer.*")
        self.settle()

    def close(self) -> None:
        """End the connection."""
        self._wire.close()

    def _subscribe(self, subject: str) -> bytes:
        self._number += 1
        self._wire.write(f"SUB {subject} {self._number}\r\n".encode())
        return b"%d" % self._number

    def _frames(self, end: float) -> list[Frame]:
        frames, self._backlog = self._backlog, []
        while not frames:
            if not self._wire.wait(end - time.monotonic()):
                raise Lost(f"nothing more within {PATIENCE:g} s")
            frames = self._wire.read()
        for frame in frames:
            if frame.verb == b"PING":
                self._wire.write(b"PONG\r\n")
            elif frame.verb == b"-ERR":
                raise Lost(frame.text.decode())
        return frames

    def _next(self, verb: bytes) -> Frame:
        """Wait for one frame; those after it stay."""
        while True:
            frames = self._frames(time.monotonic() + PATIENCE)
            for n, frame in enumerate(frames):
                if frame.verb == verb:
                    self._backlog = frames[n + 1 :]
                    return frame

    def settle(self) -> None:
        """Wait until the server has dealt with all that was sent."""
        self._wire.write(b"PING\r\n")
        self._next(b"PONG")

    def request(self, subject: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask JetStream and give its answer.

        Raises:
            Lost: it says no.
        """
        reply = f"{self._inbox}.answer.{secrets.token_hex(4)}"
        self._wire.write(publish(subject, json.dumps(body).encode(), reply))
        while True:
            frame = self._next(b"MSG")
            if frame.text == reply.encode():
                answer: dict[str, Any] = json.loads(frame.data)
                if "error" in answer:
                    raise Lost(f"{subject}: {answer['error']}")
                return answer

    def round(self, peels: int, function: str = "test.ping", *args: Any) -> Round:
        """Order all peels about once, and collect what they say."""
        jid = new_jid()
        deliver = f"{self._inbox}.stored.{jid}"
        subscriptions = [self._subscribe(acks_of(jid)), self._subscribe(deliver)]
        self.request(f"$JS.API.CONSUMER.CREATE.{_STREAM}.{jid}.$KV.job-returns.{jid}.>",
                     {"stream_name": _STREAM, "config": _consumer(jid, deliver)})  # fmt: skip
        began = time.monotonic()
        self._wire.write(publish(CMD_ALL, self._order(jid, peels, function, args)))
        done = self._collect(jid, peels, began, *subscriptions)
        for sid in subscriptions:
            self._wire.write(b"UNSUB %s\r\n" % sid)
        self.request(f"$JS.API.CONSUMER.DELETE.{_STREAM}.{jid}", {})
        return done

    def _collect(self, jid: str, peels: int, began: float, acks: bytes, stored: bytes) -> Round:
        acked: set[bytes] = set()
        arrivals: dict[bytes, float] = {}
        all_acked = all_stored = 0.0
        end = began + PATIENCE
        while not (all_acked and all_stored):
            frames = self._frames(end)
            now = time.monotonic()
            for frame in frames:
                if frame.sid == stored:
                    arrivals.setdefault(frame.text.rpartition(b".")[2], now)
                elif frame.sid == acks:
                    acked.add(frame.text.rpartition(b".")[2])
            all_acked = all_acked or (now if len(acked) == peels else 0.0)
            all_stored = all_stored or (now if len(arrivals) == peels else 0.0)
        times = {token.decode(): when for token, when in arrivals.items()}
        return Round(jid, began, all_acked, all_stored, times)

    def _order(self, jid: str, peels: int, function: str, args: tuple[Any, ...]) -> bytes:
        now = time.time()
        site = self._identity.commons.record.site
        job = Job(
            site=site,
            jid=jid,
            epoch=1,
            first_issued=now,
            issued=now,
            start_before=now + 60,
            deadline=now + 60,
            function=function,
            args=Raw(pack(list(args))),
            kwargs=Raw(pack({})),
            operator="floor",
            to=ToAll(count=peels),
        )
        return encode(sign(self._identity.keys.job, "job", site, encode(job)))


def _consumer(jid: str, deliver: str) -> dict[str, object]:
    """The consumer of a master's watch, without its heartbeats and flow control."""
    return {
        "name": jid,
        "deliver_subject": deliver,
        "filter_subject": f"$KV.job-returns.{jid}.>",
        "deliver_policy": "all",
        "ack_policy": "none",
        "max_deliver": 1,
        "replay_policy": "instant",
        "inactive_threshold": 60_000_000_000,
        "mem_storage": True,
        "num_replicas": 1,
    }
