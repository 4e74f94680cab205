"""Every bucket and stream as data: who writes, who reads, for how long, and how much.

Names and TTLs are the runbook's (Critical Data Stores); `trust`, `events`, `update-blobs` and
`site` are ours (design.md 3). What is the same for all is not in the table: `discard: new`, no
rollup, no use of message ids (the shortest duplicate window), direct reads.
"""

from typing import Final, Literal, NamedTuple

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB
_GIB: Final = 1024 * _MIB
_DAY: Final = 86_400.0

DUPLICATE_WINDOW: Final = 0.1
"""Seconds: message ids are not used, so that none can be poisoned (nats.md A.2, 5)."""

CHUNK: Final = 64 * _KIB
"""Bytes of a value that peels read in one message; larger ones are chunked (bus.md 4)."""

Storage = Literal["file", "memory"]


class Bucket(NamedTuple):
    """A KV bucket; sizes in bytes, times in seconds, 0 is none."""

    name: str
    purpose: str
    keys: str
    writers: str
    readers: str
    max_bytes: int
    max_msg_size: int = 256 * _KIB
    ttl: float = 0
    history: int = 1
    storage: Storage = "file"
    write_once: bool = False
    message_ttl: bool = False

    @property
    def stream(self) -> str:
        """The name of the stream under it."""
        return f"KV_{self.name}"

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the stream stores."""
        return (f"$KV.{self.name}.>",)


class Stream(NamedTuple):
    """A stream that is no bucket; sizes in bytes, times in seconds."""

    name: str
    purpose: str
    subjects: tuple[str, ...]
    writers: str
    readers: str
    max_bytes: int
    max_msg_size: int
    ttl: float
    permanent: bool = False
    """Nobody deletes or purges: the audit."""


BUCKETS: Final[tuple[Bucket, ...]] = (
    Bucket("facts", "sealed facts of each peel", "<id>", "that peel", "masters",
           2 * _GIB, max_msg_size=192 * _KIB),
    Bucket("settings-files", "settings templates, a key a file", "<generation>.<file>[.<n>]",
           "masters", "peels", 1 * _GIB),
    Bucket("secrets", "one sealed bundle a peel", "<id>[.<n>]", "masters", "that peel", 1 * _GIB),
    Bucket("basket", "sealed values that peels share", "<id>.<function>", "that peel", "masters",
           1 * _GIB),
    Bucket("jobs", "jobs, their frozen lists and outcomes",
           "<jid>, <jid>.peels.<n>, <jid>.outcomes.<n>, <jid>.child.<jid>, active.<jid>",
           "masters", "masters", 2 * _GIB, max_msg_size=2 * _MIB, ttl=7 * _DAY),
    Bucket("job-returns", "sealed returns, written once", "<jid>.<id>[.<n>]", "that peel",
           "masters", 8 * _GIB, max_msg_size=512 * _KIB, ttl=7 * _DAY, write_once=True),
    Bucket("master-heartbeat", "which masters live", "<master instance>", "that master", "masters",
           16 * _MIB, ttl=15, storage="memory"),
    Bucket("enrollments", "enrolment records", "<enrollment>", "masters", "masters", 256 * _MIB,
           history=10),
    Bucket("enroll-challenges", "nonces of enrolments under way", "<challenge>", "masters",
           "masters", 16 * _MIB, ttl=300, storage="memory"),
    Bucket("state-files", "state trees: signed manifests and blobs", "<kind>.<digest>[.<n>]",
           "masters", "peels", 4 * _GIB),
    Bucket("update-manifests", "signed manifests of releases", "<component>.<version>", "masters",
           "peels", 64 * _MIB),
    Bucket("update-status", "what each host's update is doing", "<id>.<component>", "that peel",
           "masters", 64 * _MIB, max_msg_size=16 * _KIB, ttl=60),
    Bucket("update-rollouts", "rollouts over the fleet", "<rollout>", "masters", "masters",
           256 * _MIB, history=10),
    Bucket("trust", "every version of the trust bundle", "bundle.<version>", "masters", "peels",
           64 * _MIB),
    Bucket("update-blobs", "the bytes of releases", "<digest>.<n>", "masters", "peels", 4 * _GIB),
    Bucket("site", "what masters share", "store.<name>, account.<name>, lease.<what>, token.<hash>",
           "masters", "masters", 256 * _MIB, history=5, message_ttl=True),
)  # fmt: skip

STREAMS: Final[tuple[Stream, ...]] = (
    Stream("job-events", "the life of every job, and the audit",
           ("zester.job.>", "zester.audit.>"), "masters", "masters",
           4 * _GIB, 256 * _KIB, 90 * _DAY, permanent=True),
    Stream("events", "events of peels", ("zester.event.>",), "peels", "masters",
           1 * _GIB, 64 * _KIB, 7 * _DAY),
)  # fmt: skip


def bucket(name: str) -> Bucket:
    """Give a bucket by its name.

    Raises:
        KeyError: there is none.
    """
    for one in BUCKETS:
        if one.name == name:
            return one
    raise KeyError(name)
