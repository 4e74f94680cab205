"""Keeps revoked keys out of the bus: pushes the account of the peels with them in it (bus.md 8).

An account JWT is built anew from the record and the table each time. One that is older than what
the server has would let revoked peels in, one that a wrong key signed would shut out all: so what
is built is verified before it is pushed, and compared with what the server has afterwards and each
minute.
"""

import asyncio
import contextlib
from typing import Final

import msgspec

from zester_master.context import Context
from zester_master.fleet.revoked import Revoked
from zester_master.lease import Lease
from zester_master.site.accounts import account_jwt
from zester_master.site.revocations import FOR_EVER, LIFE, BadRevocation
from zester_proto.errors import ZesterError
from zester_proto.identity.claims import AccountClaims
from zester_proto.identity.jwt import BadJwt, read_jwt
from zester_proto.link import LinkError, LinkOptions, NatsLink
from zester_proto.logs import Log

PUSH: Final = "$SYS.REQ.CLAIMS.UPDATE"
LOOKUP: Final = "$SYS.REQ.ACCOUNT.{}.CLAIMS.LOOKUP"
GATHER: Final = 1.0
"""Seconds between two pushes: each drops messages in flight (nats.md K)."""

LOOK: Final = 5.0
EVERY: Final = 60.0
"""Seconds after which what the server has is compared again."""

_OK: Final = 200
_log: Final = Log("zester.accounts")


class PushRefused(ZesterError):
    """Raised when an account cannot be pushed, or the server does not have what was."""


class _Outcome(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    description: str = ""


class _Answer(msgspec.Struct, frozen=True):
    data: _Outcome = _Outcome()
    error: _Outcome = _Outcome()


class CutOff:
    """The part of one master that pushes; idle where it may not.

    Args:
        context: of the master.
        revoked: what is to be kept out.
        push: how the user connects that pushes; None on masters that are no issuers.
    """

    def __init__(self, context: Context, revoked: Revoked, push: LinkOptions | None) -> None:
        self.lease = Lease(context, "accounts")
        self._context = context
        self._revoked = revoked
        self._push = push
        self._compared = -EVERY

    async def run(self) -> None:
        """Push what is new, and compare, until cancelled."""
        while True:
            why = "this master may push no accounts"
            if self._push is not None and self._context.keys.operator_signer is not None:
                why = await self._try(self._push)
            self._revoked.tell(why)
            await asyncio.sleep(GATHER)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._revoked.news.wait()
            self._revoked.news.clear()

    async def _try(self, push: LinkOptions) -> str:
        """Do what is to be done; say what kept it from being done."""
        now = self._context.clock()
        wanted = self._revoked.wanted()
        if not self._context.revoked or not (wanted or now - self._compared >= EVERY):
            return ""
        try:
            if not await self.lease.hold():
                return f"{self.lease.holder} is to push them"
            async with NatsLink(push) as link:
                await link.connect_once()
                issued = await self.bring(link)
            self._compared = now
            for record in wanted:
                await self._revoked.pushed(record, issued)
        except (LinkError, PushRefused, BadRevocation) as error:
            _log.warn("revocations are not brought to the servers", error=error.message)
            return error.message
        return ""

    async def bring(self, link: NatsLink) -> int:
        """See to it that the server keeps out all that is revoked; give the account's `iat`.

        Args:
            link: of the user that pushes.

        Raises:
            PushRefused: the server does not do it.
            LinkError: it does not answer.
        """
        context, now = self._context, self._context.wall()
        wanted = {
            nkey: FOR_EVER
            for record in context.revoked.values()
            for nkey, at in record.nkeys.items()
            if at + LIFE > now
        }
        found = await self._found(link)
        if found is not None and wanted.keys() <= found.nats.revocations.keys():
            return found.iat
        if found is not None:
            # what somebody revoked with a tool of NATS stays so for as long as it can matter
            theirs = found.nats.revocations.items()
            wanted |= {nkey: at for nkey, at in theirs if at != FOR_EVER and at + LIFE > now}
        issued = max(int(now), found.iat + 1 if found is not None else 0)
        await self._send(link, self._built(wanted, issued))
        found = await self._found(link)
        if found is None or not wanted.keys() <= found.nats.revocations.keys():
            raise PushRefused(
                "the nats-server took the account of the peels, and has another one",
                hint="does something else push accounts? this is tried again",
            )
        context.journal.audit("accounts", "pushed", revocations=str(len(wanted)))
        return issued

    def _built(self, revocations: dict[str, int], issued: int) -> str:
        record, signer = self._context.record, self._context.keys.operator_signer
        if signer is None or signer.public not in record.operator_signers:
            raise PushRefused(
                "the key that signs accounts is not one that site.json names",
                hint="pushed all the same, it would shut out every peel; see issuer/ and site.json",
            )
        return account_jwt(record, "PEELS", signer, issued=issued, revocations=revocations)

    async def _found(self, link: NatsLink) -> AccountClaims | None:
        """Give what the server has; None if it is not of this site's making."""
        record = self._context.record
        subject = LOOKUP.format(record.accounts["PEELS"])
        try:
            found = read_jwt((await link.request(subject)).data.decode(), AccountClaims)
        except (BadJwt, UnicodeDecodeError) as error:
            _log.error("the account of the peels on the server is no JWT", error=str(error))
            return None
        if found.iss not in record.operator_signers:
            self._context.journal.audit("accounts", "wrong-signer", issuer=found.iss)
            return None
        return found

    async def _send(self, link: NatsLink, jwt: str) -> None:
        answer = await link.request(PUSH, jwt.encode())
        try:
            said = msgspec.json.decode(answer.data, type=_Answer)
        except msgspec.MsgspecError as error:
            raise PushRefused(f"the nats-server's answer to a push is unclear: {error}") from error
        if said.data.code != _OK:
            why = said.error.description or said.data.message or "without a reason"
            raise PushRefused(f"the nats-server refuses the account of the peels: {why}")
