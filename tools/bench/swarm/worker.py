"""A process of the swarm: many peels on one thread, driven over a socket by the process above."""

import array
import ctypes
import gc
import heapq
import itertools
import math
import os
import random
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection

from bench.swarm.members import Member, admit
from bench.swarm.orders import Orders
from bench.swarm.peel import Peel
from bench.swarm.talk import Deeds, Report, Spec
from bench.swarm.wire import Lost, Wire, tls_context
from zester_master.site.masters import load_commons

BEAT = 10.0
"""Seconds between heartbeats, give or take a fifth (bus.md 4)."""

ABREAST = 32
"""Connections that are being made at once."""

SLICE = 32
"""Tasks that are done before the connections are looked at again: on hosts of their own peels hear
while others work."""

_KEPT = 256
"""Jobs that are remembered."""


class Worker:
    """The peels of this process."""

    def __init__(self, spec: Spec, parent: Connection) -> None:
        self.orders = Orders(load_commons(spec.auth).trust)
        self._spec = spec
        self._parent = parent
        self._poll = select.epoll()
        self._poll.register(parent.fileno(), select.EPOLLIN)
        self._context = tls_context(spec.auth / "ca.crt")
        self._members: list[Member] = []
        self._shaking: dict[int, Peel] = {}
        self._peels: dict[int, Peel] = {}
        self._opened: list[Peel] = []
        self._ready = 0
        self._stuck: set[int] = set()
        self._deeds: dict[str, Deeds] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._tasks: deque[Callable[[], None]] = deque()
        self._count = itertools.count()
        self._troubles: list[str] = []

    # -- what peels tell -----------------------------------------------------------------------

    def received(self, jid: str, place: int, when: float) -> None:
        """Note that a peel has a job."""
        self._of(jid).received[place] = when

    def sent(self, jid: str, place: int, when: float) -> None:
        """Note that a peel's return leaves for the first time."""
        self._of(jid).sent[place] = when

    def stored(self, jid: str, place: int, when: float) -> None:
        """Note that a return is known to be stored, or that a new peel is complete."""
        if jid:
            self._of(jid).stored[place] = when
            return
        self._ready += 1
        peel = self._opened[place]
        peel.beat()
        self.later(random.uniform(0, BEAT), lambda: self._beat(peel))
        self._open()
        if self._ready == len(self._spec.places):
            self._complete()

    def soon(self, work: Callable[[], None]) -> None:
        """Have something done when all that arrived has been read."""
        self._tasks.append(work)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Have something done after a while."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), work))

    def trouble(self, text: str) -> None:
        """Note something that should not be."""
        self._troubles = [*self._troubles[-19:], text]

    def _of(self, jid: str) -> Deeds:
        deeds = self._deeds.get(jid)
        if deeds is None:
            if len(self._deeds) >= _KEPT:
                del self._deeds[next(iter(self._deeds))]
            never = array.array("d", [math.nan]) * len(self._spec.places)
            deeds = self._deeds[jid] = Deeds(never, never[:], never[:])
        return deeds

    def _beat(self, peel: Peel) -> None:
        if peel.wire.file in self._peels:
            peel.beat()
            self.later(BEAT * random.uniform(0.8, 1.2), lambda: self._beat(peel))

    # -- the loop ------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until the process above says that it is over."""
        self._members = list(admit(self._spec.auth, self._spec.places))
        for _ in range(min(ABREAST, len(self._members))):
            self._open()
        while True:
            for file, _ in self._poll.poll(self._patience(), 1024):
                if file == self._parent.fileno():
                    if not self._told():
                        return
                else:
                    self._turn(file)
            self._due()
            self._watch_stuck()

    def _watch_stuck(self) -> None:
        """Hear when connections take more that took no more just now."""
        for file in self._stuck & self._peels.keys():
            self._poll.modify(file, select.EPOLLIN | select.EPOLLOUT)
        self._stuck.clear()

    def _patience(self) -> float:
        if self._tasks:
            return 0.0
        if not self._timers:
            return 1.0
        return min(1.0, max(0.0, self._timers[0][0] - time.monotonic()))

    def _due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._tasks.append(heapq.heappop(self._timers)[2])
        for _ in range(min(SLICE, len(self._tasks))):
            try:
                self._tasks.popleft()()
            except Lost as error:
                self.trouble(str(error))

    def _told(self) -> bool:
        """Answer the process above; false when it is gone or wants no more."""
        try:
            jid: str = self._parent.recv()
        except EOFError:
            return False
        if not jid:
            return False
        troubles = self._troubles + self.orders.refused
        alive = len(self._peels)
        self._parent.send(Report(self._of(jid), self.orders.verified, alive, troubles))
        return True

    def _open(self) -> None:
        """Begin the connection of the next peel, if one is left."""
        place = len(self._opened)
        if place < len(self._members):
            wire = Wire(self._context, self._spec.port, self._spec.source, self._stuck)
            peel = Peel(self._members[place], wire, self, place)
            self._opened.append(peel)
            self._shaking[wire.file] = peel
            self._poll.register(wire.file, select.EPOLLIN)
            self._turn(wire.file)

    def _turn(self, file: int) -> None:
        """Deal with a connection on which something arrived."""
        peel = self._peels.get(file) or self._shaking[file]
        try:
            if file in self._shaking:
                if not peel.wire.shake():
                    return
                del self._shaking[file]
                self._peels[file] = peel
            if peel.wire.kept and peel.wire.write(b""):
                self._poll.modify(file, select.EPOLLIN)
            peel.arrived(peel.wire.read())
        except Lost as error:
            self._lose(file, peel, error)

    def _lose(self, file: int, peel: Peel, error: Lost) -> None:
        text = f"{peel.peel_id} lost its connection: {error}"
        self.trouble(text)
        if not peel.ready:
            raise SystemExit("\n".join(self._troubles))
        self._poll.unregister(file)
        del self._peels[file]
        peel.wire.close()

    def _complete(self) -> None:
        # nothing made from here on has cycles, and looking for them among 10,000 peels takes long
        gc.collect()
        gc.freeze()
        gc.disable()
        self._parent.send(None)


def end_with_parent() -> None:
    """Have the kernel end this process when the one above it is gone."""
    pr_set_pdeathsig = 1
    above = os.getppid()
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != above:
        sys.exit(1)


def main(socket_file: str) -> None:
    """Play what the process above sends first."""
    end_with_parent()
    parent = Connection(int(socket_file))
    spec: Spec = parent.recv()
    Worker(spec, parent).run()


if __name__ == "__main__":
    main(sys.argv[1])
