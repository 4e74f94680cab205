"""What can go wrong between us and the bus, each kind with its text and the next step."""

from typing import Final

from zester_proto.errors import ZesterError
from zester_proto.identity.nkeys import OddNonce

__all__ = ["OddNonce"]


class LinkError(ZesterError):
    """The root of what the link raises.

    Attributes:
        code: the condition's name in health and logs.
    """

    code = "bus"


class ConnectError(LinkError):
    """The root of the reasons for which there is no connection."""


class Unreachable(ConnectError):
    """Raised when no server answers at the address."""

    code = "bus-unreachable"


class NotTls(ConnectError):
    """Raised when what answers speaks no TLS 1.3; nothing of ours was sent to it."""

    code = "bus-no-tls"


class WrongCa(ConnectError):
    """Raised when the server's certificate is not signed by our CA, or names another host."""

    code = "bus-wrong-ca"


class NotNats(ConnectError):
    """Raised when what answers over TLS is no NATS server that asks for credentials."""

    code = "bus-not-nats"


class AuthExpired(ConnectError):
    """Raised when our credentials have run out."""

    code = "bus-credentials-expired"


class AuthRevoked(ConnectError):
    """Raised when our credentials were revoked while we were connected."""

    code = "bus-credentials-revoked"


class AuthDenied(ConnectError):
    """Raised when the server refuses our credentials and does not say why."""

    code = "bus-credentials-refused"


class Disconnected(LinkError):
    """Raised when there is no connection, or it broke before the answer came.

    What was sent before it broke may have arrived; nothing is kept and sent later.
    """

    code = "bus-disconnected"


class LinkTimeout(LinkError):
    """Raised when no answer came in time; what was asked may have happened all the same."""

    code = "bus-timeout"


class NoResponders(LinkError):
    """Raised when nobody listens on the subject at this moment."""

    code = "bus-no-responders"


class PermissionDenied(LinkError):
    """Raised when the server refuses a subject to us.

    Attributes:
        subject: the subject; in lower case where it could not be matched with one of ours.
        publishing: whether it was refused for publishing, else for subscribing.
    """

    code = "bus-permission-denied"

    def __init__(self, subject: str, *, publishing: bool) -> None:
        verb = "publish on" if publishing else "subscribe to"
        super().__init__(
            f"the NATS server does not let us {verb} {subject}",
            hint="the credentials are of another role, or of an older version: issue them again",
        )
        self.subject = subject
        self.publishing = publishing


class TooLarge(LinkError):
    """Raised when a message is larger than the server takes from us; it was not sent.

    Attributes:
        size: bytes of the message.
        limit: bytes that the server takes.
    """

    code = "bus-too-large"

    def __init__(self, subject: str, size: int, limit: int) -> None:
        super().__init__(
            f"a message of {size} bytes for {subject} is larger than the limit of {limit}",
            hint="send it in chunks",
        )
        self.size = size
        self.limit = limit


class BadReply(LinkError):
    """Raised when an answer is not what was asked for; it is not used."""

    code = "bus-bad-reply"


class StoreRefused(LinkError):
    """Raised when JetStream refuses.

    Attributes:
        status: JetStream's code, as in HTTP.
        err_code: JetStream's own number of the error, 0 if it gave none.
    """

    code = "store-refused"

    def __init__(self, message: str, *, status: int = 0, err_code: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.err_code = err_code


class AlreadyThere(StoreRefused):
    """Raised when a key that is written once has been written before."""

    code = "store-already-there"


class WrongRevision(StoreRefused):
    """Raised when a key has changed since the revision that was expected."""

    code = "store-wrong-revision"


class StoreFull(StoreRefused):
    """Raised when a bucket, or JetStream as a whole, has no room."""

    code = "store-full"


ALREADY_THERE: Final = 10077
"""`discard new per subject`: measured in nats.md K; the same number says `maximum bytes
exceeded`, which the text tells apart."""

_WRONG_REVISION: Final = frozenset({10071, 10164})
_FULL: Final = frozenset({10023, 10028, 10047, 10122, 10002, 10026})


def store_error(what: str, status: int, err_code: int, description: str) -> StoreRefused:
    """Give the error that JetStream's numbers stand for.

    Args:
        what: what was tried, as in `put jobs/x`.
        status: the code, as in HTTP.
        err_code: JetStream's own number.
        description: its text.
    """
    text = f"cannot {what}: {description or 'refused'} ({err_code or status})"
    if err_code == ALREADY_THERE and "per subject" in description:
        return AlreadyThere(text, status=status, err_code=err_code)
    if err_code in _WRONG_REVISION:
        return WrongRevision(text, status=status, err_code=err_code)
    if err_code in _FULL or err_code == ALREADY_THERE:
        return StoreFull(
            text,
            status=status,
            err_code=err_code,
            hint="make room: raise the bucket's max_bytes or JetStream's limits, or purge",
        )
    return StoreRefused(text, status=status, err_code=err_code)
