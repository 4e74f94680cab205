"""Has this host's JWT renewed at half of its life (bus.md 8)."""

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Final

from zester_peel.answers import BadAnswer, answer_of
from zester_peel.clock import SiteClock
from zester_peel.trust import TrustWalk
from zester_proto.codec import encode
from zester_proto.errors import FileProblem, ZesterError
from zester_proto.health import Condition, Health
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.claims import UserClaims
from zester_proto.identity.creds import Credentials, make_credentials, read_creds, write_creds
from zester_proto.identity.jwt import BadJwt, box_of
from zester_proto.identity.signing import BadSignature
from zester_proto.ids import token
from zester_proto.link import LinkError, NatsLink
from zester_proto.link.backoff import Backoff
from zester_proto.logs import Log
from zester_proto.messages.presence import Renew, Renewed
from zester_proto.subjects import peel_asks

CONDITION: Final = "not-renewed"
_ASK: Final = 5.0
_LOOK: Final = 3600.0
"""Seconds between two looks: the clock may be set, and the file replaced by `join`."""

_SPREAD: Final = 0.1
"""Of a life: a fleet that joined in one hour does not ask in one second."""


class NotRenewed(BadAnswer):
    """Raised when a master gives no JWT that is of use."""


class Renewal:
    """Asks masters for a new JWT, and writes it where the link reads it at its next connect.

    Args:
        peel_id: whose JWT it is.
        creds: the credentials file.
        link: the bus.
        trust: says which masters are believed.
        clock: the site's time.
        health: gets a condition when nobody renews.
        log: where lines go.
    """

    def __init__(
        self,
        peel_id: str,
        creds: Path,
        *,
        link: NatsLink,
        trust: TrustWalk,
        clock: SiteClock,
        health: Health,
        log: Log,
    ) -> None:
        self._peel_id = peel_id
        self._creds = creds
        self._link = link
        self._trust = trust
        self._clock = clock
        self._health = health
        self._log = log
        self._early = random.uniform(0, _SPREAD)  # noqa: S311  # it spreads a fleet, no secret

    async def serve(self) -> None:
        """Renew each time that half of the life is over, and ask again until a master does."""
        backoff = Backoff(base=1.0, cap=600.0)
        while True:
            held = read_creds(self._creds)
            wait = self._left(held.claims)
            if wait > 0:
                await asyncio.sleep(min(wait, _LOOK))
                continue
            await self._link.wait_connected()
            try:
                await self._renew(held)
            except (LinkError, BadAnswer, TrustError, BadSignature, FileProblem) as error:
                self._failed(held.claims, error)
                await asyncio.sleep(backoff.next())
            else:
                self._health.clear(CONDITION)
                backoff.reset()

    def _left(self, claims: UserClaims) -> float:
        """Give the seconds until it is time."""
        if not claims.exp:
            return _LOOK
        now = self._clock.now() if self._clock.known else time.time()
        return claims.iat + (claims.exp - claims.iat) * (0.5 - self._early) - now

    def _failed(self, claims: UserClaims, error: ZesterError) -> None:
        until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(claims.exp))
        self._log.debug("the JWT is not renewed", error=error.message)
        self._health.set(
            Condition(
                CONDITION,
                "warning",
                f"no master renews this host's credentials, which end at {until}: {error.message}",
                error.hint
                or "look into the masters' logs; after that moment the host must join"
                " again: zester-peel keys, zester-master peel add, zester-peel join",
            )
        )

    async def _renew(self, held: Credentials) -> None:
        nonce = os.urandom(16)
        question = encode(Renew(nonce=nonce, jwt=held.jwt))
        subject = peel_asks(self._peel_id, "renew")
        answer = await self._link.request(subject, question, seconds=_ASK)
        renewed = await answer_of(
            answer.data, "answer", Renewed,
            trust=self._trust, peel_id=self._peel_id, nonce=nonce,
        )  # fmt: skip
        if renewed.refused:
            raise NotRenewed(f"a master refuses: {renewed.refused}")
        fresh = self._check(renewed.jwt, held)
        if read_creds(self._creds).jwt != held.jwt:
            return  # `join` was quicker
        write_creds(self._creds, fresh)
        self._log.info("the JWT is renewed", expires=fresh.claims.exp)

    def _check(self, jwt: str, held: Credentials) -> Credentials:
        """Give the new credentials, which differ from the old ones in nothing but time."""
        try:
            fresh = make_credentials(jwt, held.key)
            same = box_of(fresh.claims) == box_of(held.claims)
        except BadJwt as error:
            raise NotRenewed(f"the new JWT is of no use: {error.message}") from error
        if not same or fresh.name != token(self._peel_id):
            raise NotRenewed("the new JWT is for another name or other keys")
        if fresh.claims.exp <= held.claims.exp:
            raise NotRenewed("the new JWT does not hold longer than the present one")
        return fresh
