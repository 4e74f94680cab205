"""New JWTs for peels whose present ones hold (bus.md 8)."""

from typing import Final

from zester_master.context import Context
from zester_master.fleet.guard import Guard
from zester_master.site.admitted import admitted_box
from zester_master.site.users import DAY, PEEL_DAYS, peel_jwt
from zester_proto.codec import decode
from zester_proto.errors import BadId, CodecError
from zester_proto.identity.jwt import USER_JWT_LIMIT, BadJwt, UserChain, verify_user
from zester_proto.ids import token
from zester_proto.link import LinkError, Message
from zester_proto.logs import Log
from zester_proto.messages.presence import Renew, Renewed
from zester_proto.permissions import Role
from zester_proto.subjects import MASTERS, RENEW_ALL, parse_peel_asks

MAX_NONCE: Final = 64
_LIMIT: Final = 2 * USER_JWT_LIMIT
_WAITING: Final = 4 * 1024 * 1024
_log: Final = Log("zester.renew")


class Renewing:
    """Answers peels that ask for a new JWT."""

    def __init__(self, context: Context, guard: Guard) -> None:
        record = context.record
        self._context = context
        self._guard = guard
        self._chain = UserChain(
            account=record.accounts["PEELS"], issuers=frozenset({record.scoped[Role.PEEL]})
        )

    async def listen(self) -> None:
        """Subscribe; the link keeps it up, and one master answers each question."""
        link = self._context.ears
        await link.subscribe(RENEW_ALL, self._asked, queue=MASTERS, pending_bytes=_WAITING)

    async def _asked(self, message: Message) -> None:
        context = self._context
        try:
            peel_id, _ = parse_peel_asks(message.subject)
            if not self._guard.allows("renew", peel_id):
                return
            ask = decode(message.data, Renew, limit=_LIMIT)
        except (BadId, CodecError):
            context.meter.dropped.inc(reason="renew")
            return
        # before the facts are read, it is not known either who was revoked: it asks again
        if len(ask.nonce) > MAX_NONCE or not message.reply or not context.fleet_ready.is_set():
            context.meter.dropped.inc(reason="renew")
            return
        answer = self._answer(peel_id, ask)
        try:
            await context.ears.publish(message.reply, context.signed("answer", answer))
        except LinkError as error:
            _log.debug("a renewal is not answered", peel_id=peel_id, error=error.message)

    def _answer(self, peel_id: str, ask: Renew) -> Renewed:
        """Give the new JWT, or why there is none."""
        context = self._context
        try:
            jwt = self.renewed(peel_id, ask.jwt)
        except BadJwt as error:
            context.journal.audit("peel", "not-renewed", peel_id, error=error.message)
            _log.warn("a JWT is not renewed", peel_id=peel_id, error=error.message)
            return Renewed(site=context.site, id=peel_id, nonce=ask.nonce, refused=error.message)
        context.journal.audit("peel", "renewed", peel_id)
        _log.info("a JWT is renewed", peel_id=peel_id)
        return Renewed(site=context.site, id=peel_id, nonce=ask.nonce, jwt=jwt)

    def renewed(self, peel_id: str, jwt: str) -> str:
        """Give a JWT like the present one, from now on: the same keys, the same length of life.

        Args:
            peel_id: as the server vouches for it.
            jwt: the present one.

        Raises:
            BadJwt: it is another's, not of this site, expired or revoked, or no master admitted it.
        """
        context, now = self._context, self._context.wall()
        key = context.keys.settings
        claims = verify_user(jwt, self._chain, name=token(peel_id), now=now)
        if (record := self._context.revoked.get(peel_id)) is not None and record.voids(claims):
            raise BadJwt(f"the keys of {peel_id} are revoked")
        life = (claims.exp - claims.iat) / DAY if claims.exp else PEEL_DAYS
        return peel_jwt(
            self._context.record,
            self._context.keys.scoped[Role.PEEL],
            now,
            peel_id=peel_id,
            public=claims.sub,
            box=admitted_box(key, context.site, claims, context.keys.also, context.vouched),
            admitting=key,
            days=min(life, PEEL_DAYS),
        )
