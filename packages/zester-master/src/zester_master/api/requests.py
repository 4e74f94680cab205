"""A request as it came, and whether to believe it: name, signature, site, time, role (bus.md 3)."""

import math
from typing import Final, NamedTuple, TypeVar

from zester_proto.codec import decode, digest
from zester_proto.errors import BadId, CodecError, ZesterError
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.nkeys import BadKey, decode_public
from zester_proto.identity.signing import BadSignature, verify
from zester_proto.ids import is_request_id
from zester_proto.messages.operators import REQUEST_LIFE, Problem, Request
from zester_proto.messages.trust import OperatorEntry, Signed
from zester_proto.permissions import VERBS
from zester_proto.subjects import parse_api

EARLY: Final = 5.0
"""Seconds by which a request may come from the future: a clock that is a little ahead."""

A = TypeVar("A")


class Denied(ZesterError):
    """Raised when a request gets a no.

    Attributes:
        code: that of `Problem`.
        request: the id of the request, as far as it can be known.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", request: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.request = request

    @property
    def problem(self) -> Problem:
        """What the answer says."""
        return Problem(code=self.code, text=self.message, hint=self.hint)


class Asked(NamedTuple):
    """A request that is believed."""

    operator: str
    role: str
    request: Request
    signed: bytes
    """The Signed form, encoded."""
    digest: bytes
    """Of the request's body: what makes two requests the same."""

    def arguments(self, kind: type[A]) -> A:
        """Read what the verb was given.

        Raises:
            Denied: it is something else.
        """
        try:
            return decode(bytes(self.request.arguments), kind)
        except CodecError as error:
            raise Denied("usage", f"the arguments do not fit: {error}") from error


def read_request(subject: str, data: bytes, trust: TrustStore, now: float) -> Asked:
    """Read and verify what came on `zester.api.<operator>.<verb>`.

    Args:
        subject: the server vouches for the operator's name in it.
        data: a Signed request.
        trust: who is an operator, with which key and role.
        now: site time in seconds.

    Raises:
        Denied: it is not believed, too old, or not for this role.
    """
    try:
        name, verb = parse_api(subject)
        signed = decode(data, Signed)
        request = decode(signed.body, Request)
    except (BadId, CodecError) as error:
        raise Denied("usage", f"not a request: {error}") from error
    known = request.id if is_request_id(request.id) else ""
    try:
        asked = _verified(signed, request, trust.operators.get(name), trust.site)
        _check_place(asked, verb, trust.site)
        _check_time(request, now)
        _check_role(asked, verb)
    except Denied as error:
        error.request = known
        raise
    return asked._replace(signed=data)


def _verified(signed: Signed, request: Request, entry: OperatorEntry | None, site: str) -> Asked:
    hint = "zester-master operator add NAME, or give the masters the newest trust bundle"
    if entry is None:
        raise Denied("role", "no operator of that name is in the trust bundle", hint=hint)
    try:
        verify(signed, decode_public(entry.nkey, "user"), "request", site)
    except (BadSignature, BadKey) as error:
        raise Denied("role", f"the request is not signed by {entry.name}: {error}") from error
    return Asked(entry.name, entry.role, request, b"", digest(signed.body))


def _check_place(asked: Asked, verb: str, site: str) -> None:
    if asked.request.site != site:
        raise Denied("usage", f"the request is for site {asked.request.site}, this is {site}")
    if asked.request.verb != verb:
        raise Denied("usage", f"a request to {asked.request.verb} came as one to {verb}")
    if not is_request_id(asked.request.id):
        raise Denied("usage", "the request has no valid id")


def _check_time(request: Request, now: float) -> None:
    life = request.expires - request.issued
    if not (math.isfinite(life) and 0 < life <= REQUEST_LIFE):
        raise Denied("usage", f"a request lives {REQUEST_LIFE:g} s at most, this one {life:g} s")
    if not (request.issued - EARLY <= now < request.expires):
        raise Denied(
            "stale",
            f"the request was signed {now - request.issued:+.0f} s from now by the site's time",
            hint="the clock of this machine or of the master is wrong",
        )


def _check_role(asked: Asked, verb: str) -> None:
    if verb not in VERBS.get(asked.role, frozenset()):
        raise Denied(
            "role",
            f"the role {asked.role} of {asked.operator} may not {verb}",
            hint=f"it may: {' '.join(sorted(VERBS.get(asked.role, frozenset())))}",
        )


class Replies:
    """The answers of the last minutes by request: a replay gets the same one and does nothing.

    The digest tells apart two requests that bear one id.
    """

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._known: dict[tuple[str, bytes], bytes | None] = {}

    def begin(self, asked: Asked) -> tuple[bool, bytes | None]:
        """Give whether the request is known, and its answer as soon as there is one."""
        key = (asked.request.id, asked.digest)
        if key in self._known:
            return True, self._known[key]
        while len(self._known) >= self._limit:
            self._known.pop(next(iter(self._known)))
        self._known[key] = None
        return False, None

    def end(self, asked: Asked, answer: bytes | None) -> None:
        """Keep the answer; none forgets the request, so that it may be tried again."""
        key = (asked.request.id, asked.digest)
        if answer is None:
            self._known.pop(key, None)
        elif key in self._known:
            self._known[key] = answer


def copy_problem(error: ZesterError, code: str) -> Problem:
    """Give an error of ours as a problem."""
    return Problem(code=code, text=error.message, hint=error.hint)
