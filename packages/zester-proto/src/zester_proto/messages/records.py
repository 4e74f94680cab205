"""What masters keep in buckets and in `job-events` (bus.md 6.2)."""

from typing import Literal

import msgspec

from zester_proto.messages.base import Message

PEELS_PER_KEY = 4000
"""Ids of a frozen list that lie under one key."""

JobState = Literal["running", "complete", "stopped", "cancelled"]


class JobRecord(Message, frozen=True, kw_only=True, tag="job-record"):
    """`jobs/<jid>`: put at creation and at each takeover; its revision is the epoch."""

    jid: str
    owner: str
    """Instance of the master that answers for it."""
    owners: tuple[str, ...]
    """Names of all masters that did so, in order."""
    operator: str
    request: bytes
    """The operator's Signed request as it came, arguments and all, sealed for the masters."""
    request_digest: bytes
    """Of the request's body: the same jid with another digest is refused."""
    target: str
    function: str
    argument_names: tuple[str, ...]
    created: float
    first_issued: float
    deadline: float
    timeout: float
    count: int
    parts: int
    """Keys `<jid>.peels.<n>`, n from 0."""
    broadcast: bool = False
    test: bool = False
    tree: bytes = b""
    """Root of the state trees that were published when it was asked for, where it needs any."""
    batch: str = ""
    batch_wait: float = 0.0
    canary: int = 0
    max_fail: str = ""
    parent: str = ""
    part: str = ""
    """Of a rerun or resume: which peels of its parent's."""
    ask: bytes = b""
    """Of a rerun or resume: the whole `RunAsk`, sealed as the request, which names only a jid."""
    takeovers: int = 0
    bond: bytes = b""
    """Ties what the job does, and to whom, to the masters' common key."""


class PeelList(Message, frozen=True, kw_only=True, tag="peels"):
    """`jobs/<jid>.peels.<n>`: a part of the frozen list, sorted; absent ones by index."""

    ids: tuple[str, ...]
    absent: tuple[int, ...] = ()


class ActiveJob(Message, frozen=True, kw_only=True, tag="active"):
    """`jobs/active.<jid>`: what the scan for orphans reads."""

    jid: str
    owner: str
    epoch: int


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How the job ended on one peel."""

    id: str
    outcome: str
    seconds: float = 0.0
    error: str = ""
    asked: bool = True
    returned: bool = False
    """The peel said so itself; a return that lies in `job-returns` beside false is late."""


class JobSummary(Message, frozen=True, kw_only=True, tag="summary"):
    """`jobs/<jid>.outcomes.0`: a closed job; the rows lie in `.outcomes.1..parts`."""

    jid: str
    state: JobState
    counts: dict[str, int]
    closed: float
    parts: int
    owners: tuple[str, ...] = ()


class Outcomes(Message, frozen=True, kw_only=True, tag="outcomes"):
    """`jobs/<jid>.outcomes.<n>`, n from 1."""

    rows: tuple[OutcomeRow, ...]


class JobEvent(Message, frozen=True, kw_only=True, tag="job-event"):
    """A message of `job-events` under `zester.job.<jid>.<what>`."""

    jid: str
    what: Literal["dispatch", "progress", "owner", "cancel", "closed"]
    time: float
    master: str
    operator: str = ""
    function: str = ""
    target: str = ""
    argument_names: tuple[str, ...] = ()
    arguments_digest: bytes = b""
    count: int = 0
    counts: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    epoch: int = 0
    request: bytes = b""
    """Of a cancel: the operator's Signed request, on which alone the job's owner acts."""


class Audit(Message, frozen=True, kw_only=True, tag="audit"):
    """A message of `job-events` under `zester.audit.<area>.<what>[.<id>]`."""

    area: str
    what: str
    time: float
    master: str
    peel: str = ""
    data: dict[str, str] = msgspec.field(default_factory=dict[str, str])
