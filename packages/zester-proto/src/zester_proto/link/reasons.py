"""Why a connection did not come about, ended, or refused: nats-py's errors as ours."""

import asyncio
import re
import time
from typing import Final

from zester_proto.errors import ZesterError
from zester_proto.identity.creds import Credentials
from zester_proto.link.errors import (
    AuthDenied,
    AuthExpired,
    AuthRevoked,
    ConnectError,
    Disconnected,
    LinkError,
    LinkTimeout,
    NotNats,
    PermissionDenied,
    Unreachable,
)
from zester_proto.link.options import Server

_RENEW_HINT: Final = "renew the credentials; a running daemon takes the new file by itself"


def not_nats(server: Server, reason: str) -> NotNats:
    """Give the error of a server that speaks TLS and is not ours."""
    return NotNats(
        f"what answers at {server} over TLS is not your NATS server: {reason}",
        hint="check nats_url, and that the port is that of NATS clients",
    )


def connect_error(server: Server, credentials: Credentials, error: Exception) -> ConnectError:
    """Give the reason for which nats-py's connect failed."""
    text = str(error).lower()
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"the NATS server at {server} did not finish its greeting in time",
            hint="it may be overrun, or stopped; the next try comes by itself in a daemon",
        )
    if "authorization violation" in text or "authentication" in text:
        return _refused(server, credentials, text)
    if "info message" in text or not text.startswith("nats: '"):
        if isinstance(error, OSError):
            return Unreachable(
                f"the NATS server at {server} ended the connection: {error}",
                hint="look into its log; the next try comes by itself in a daemon",
            )
        return not_nats(server, str(error) or type(error).__name__)
    return ConnectError(
        f"the NATS server at {server} refuses: {str(error).removeprefix('nats: ')}",
        hint="look into the log of nats-server",
    )


def _refused(server: Server, credentials: Credentials, text: str) -> ConnectError:
    claims = credentials.claims
    name = claims.name
    if (claims.exp and claims.exp <= time.time()) or "expired" in text:
        return AuthExpired(
            f"the credentials of {name!r} have expired"
            + (f" ({_utc(claims.exp)})" if claims.exp else ""),
            hint=_RENEW_HINT,
        )
    if "revoked" in text:
        return revoked(name)
    return AuthDenied(
        f"the NATS server at {server} refuses the credentials of {name!r}",
        hint="they were revoked, or belong to another site: renew them, or check nats_url",
    )


def revoked(name: str) -> AuthRevoked:
    """Give the error of credentials that were withdrawn."""
    return AuthRevoked(
        f"the credentials of {name!r} were revoked",
        hint="an administrator withdrew them; new ones need other keys (docs/identity.md)",
    )


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def reason_of_end(server: Server, error: Exception | None) -> LinkError:
    """Give the reason why a connection ended, from nats-py's last error."""
    text = str(error or "").removeprefix("nats: ").lower()
    if "revoked" in text:
        return AuthRevoked("our credentials were revoked", hint=_RENEW_HINT)
    if "authentication expired" in text:
        return AuthExpired("our credentials have expired", hint=_RENEW_HINT)
    if "authorization" in text:
        return AuthDenied("the NATS server withdrew our credentials", hint=_RENEW_HINT)
    return Disconnected(
        f"the connection to the NATS server at {server} broke" + (f": {text}" if text else "")
    )


_DENIED: Final = re.compile(r'permissions violation for (publish|subscription) to "([^"]*)"')


def denied(error: Exception) -> PermissionDenied | None:
    """Read the server's refusal of a subject; nats-py hands it over in lower case."""
    found = _DENIED.search(str(error).lower())
    return PermissionDenied(found[2], publishing=found[1] == "publish") if found else None


class NatsErrors:
    """Turns what nats-py raises into our errors, and keeps cancellations that it swallows."""

    def __init__(self, what: str, subject: str = "") -> None:
        self._what = what
        self._subject = subject
        self._cancelling = 0

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        self._cancelling = task.cancelling() if task else 0

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is None:
            task = asyncio.current_task()
            # nats-py swallows a cancellation while it waits for room in its buffer
            if task is not None and task.cancelling() > self._cancelling:
                raise asyncio.CancelledError
            return
        if isinstance(error, ZesterError) or not isinstance(error, Exception):
            return
        what = f"{self._what} {self._subject!r}" if self._subject else self._what
        raise _translate(what, error) from error


def _translate(what: str, error: Exception) -> LinkError:
    text = str(error).removeprefix("nats: ") or type(error).__name__
    if isinstance(error, TimeoutError):
        return LinkTimeout(f"cannot {what}: the NATS server does not answer")
    if "invalid subject" in text or "invalid header" in text:
        return LinkError(f"cannot {what}: {text}", hint="this is a fault in Zester: report it")
    return Disconnected(f"cannot {what}: {text}")
