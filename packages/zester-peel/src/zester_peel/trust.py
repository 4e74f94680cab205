"""How a peel learns of new keys: it walks from its trust bundle to the newest (bus.md 2)."""

import asyncio
from pathlib import Path
from typing import Final

from zester_peel.clock import SiteClock
from zester_proto.codec import decode
from zester_proto.errors import CodecError, FileProblem
from zester_proto.identity.bundle import TrustError, TrustStore
from zester_proto.link import LinkError, NatsLink, kv
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log
from zester_proto.messages.trust import Signed, SignedBundle, SignedType

_STEPS: Final = 1000
_SECONDS: Final = 5.0


class TrustWalk:
    """Keeps the trust store of a peel at the newest bundle.

    Attributes:
        store: whom this peel trusts.
        problem: why the last walk came to no end, or "".
    """

    def __init__(
        self, store: TrustStore, folder: Path, link: NatsLink, clock: SiteClock, log: Log
    ) -> None:
        self._clock = clock
        self.store = store
        self.problem = ""
        self._folder = folder
        self._link = link
        self._log = log
        self._lock = asyncio.Lock()
        self._backoff = Backoff(base=1.0, cap=60.0, uniform=lambda _low, high: high)
        self._not_before = 0.0

    async def verify(self, signed: Signed, kind: SignedType) -> tuple[bytes, str]:
        """Give the body of what a master signed, and its name; an unknown key causes a walk.

        Raises:
            TrustError: no bundle up to the newest has that key.
            BadSignature: the signature is wrong.
        """
        if self.store.job_key(signed.key_id) is None:
            await self.walk()
        return self.store.verify_master(signed, kind)

    async def walk(self, *, wanted: int = 0) -> bool:
        """Read on from the own version; say whether anything new was found.

        Whoever can send us messages could have us read for nothing, so that a walk that found
        nothing is not made again at once.

        Args:
            wanted: a version that a master has vouched for; it is always worth a walk.
        """
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if wanted <= self.store.version and now < self._not_before:
                return False
            before = self.store.version
            await self._read_on()
            if self.store.version > before:
                self._backoff.reset()
                self._not_before = 0.0
                return True
            self._not_before = asyncio.get_running_loop().time() + self._backoff.next()
            return False

    async def _read_on(self) -> None:
        bundles: list[SignedBundle] = []
        self.problem = ""
        try:
            for version in range(self.store.version + 1, self.store.version + _STEPS):
                key = f"bundle.{version}"
                entry = await kv.get(self._link, "trust", key, seconds=_SECONDS)
                if entry is None:
                    break
                bundles.append(decode(entry.value, SignedBundle))
            # before the first welcome nobody here knows what time it is
            now = self._clock.now() if self._clock.known else None
            if self.store.walk(bundles, now=now):
                self.store.save(self._folder)
                self._log.info("took a new trust bundle", version=self.store.version)
        except (LinkError, CodecError, TrustError, FileProblem) as error:
            self.problem = error.message
            self._log.warn("cannot read the newest trust bundle", error=error.message)
