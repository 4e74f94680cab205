"""From a message on the bus to an order that a master signed for us; all else is dropped."""

from typing import Final, NamedTuple, cast

from zester_peel.trust import TrustWalk
from zester_proto.codec import ENVELOPE_LIMIT, decode
from zester_proto.errors import CodecError
from zester_proto.identity.bundle import TrustError
from zester_proto.identity.signing import BadSignature
from zester_proto.ids import is_jid
from zester_proto.link import Message
from zester_proto.messages.jobs import Cancel, Command, Drain, Job, ToOne
from zester_proto.messages.trust import Signed

_COMMAND: Final = cast("type[Command]", Command)
_KINDS: Final[dict[str, type[Command]]] = {"job": Job, "cancel": Cancel, "drain": Drain}


class Dropped(Exception):  # noqa: N818, RUF100  # a reason, never an error that anybody sees
    """Raised when a message is no order for us.

    Attributes:
        reason: its word in the metric.
        detail: for the log.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Received(NamedTuple):
    """An order, and which master signed it."""

    command: Command
    master: str


async def receive(message: Message, trust: TrustWalk, peel_id: str) -> Received:
    """Give the order that a message carries.

    Raises:
        Dropped: it carries none that a master signed for this peel.
    """
    signed = _signed(message)
    try:
        body, master = await trust.verify(signed, signed.type)
    except TrustError as error:
        raise Dropped("unknown-key", error.message) from error
    except BadSignature as error:
        raise Dropped("bad-signature", error.message) from error
    try:
        command = decode(body, _COMMAND)
    except CodecError as error:
        raise Dropped("malformed", error.message) from error
    _check(command, signed, trust.store.site, peel_id)
    return Received(command, master)


def _signed(message: Message) -> Signed:
    # what a stream gave out, or the server itself said, was pointed at us by somebody (nats.md A.2)
    if "Nats-Stream" in message.headers:
        raise Dropped("from-stream", message.headers.get("Nats-Subject", ""))
    if "Status" in message.headers:
        raise Dropped("from-server", message.status)
    if len(message.data) > ENVELOPE_LIMIT:
        raise Dropped("too-large", f"{len(message.data)} bytes")
    try:
        signed = decode(message.data, Signed)
    except CodecError as error:
        raise Dropped("malformed", error.message) from error
    if signed.type not in _KINDS:
        raise Dropped("wrong-type", signed.type)
    return signed


def _check(command: Command, signed: Signed, site: str, peel_id: str) -> None:
    if not isinstance(command, _KINDS[signed.type]):
        raise Dropped("wrong-type", f"{signed.type} around another order")
    if command.site != site:
        raise Dropped("other-site", command.site)
    if isinstance(command, Drain):
        if command.id != peel_id:
            raise Dropped("not-for-us", command.id)
        return
    if not is_jid(command.jid):
        raise Dropped("malformed", "its jid is none")
    to = command.to if isinstance(command, Job) else None
    if isinstance(to, ToOne) and to.id != peel_id:
        raise Dropped("not-for-us", to.id)
