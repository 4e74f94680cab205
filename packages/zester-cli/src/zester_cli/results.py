"""How a job ended on each peel, as the command knows it from the masters' pages."""

from typing import Any, Final, NamedTuple

from zester_proto.codec import decode, unpack
from zester_proto.errors import CodecError
from zester_proto.messages.jobs import SILENT, SUCCESSES, Outcome, ReturnMeta, split_return

OUTCOMES: Final = frozenset(one.value for one in Outcome)

_REASONS: Final = {
    Outcome.FAILED: "it failed and did not say why",
    Outcome.REFUSED: "it refused and did not say why",
    Outcome.TIMED_OUT: "its time was up before it was done",
    Outcome.CANCELLED: "the job was cancelled before it was done here",
    Outcome.OFFLINE: "it was not there to take the job",
    Outcome.LOST: "it took the job, then went away and did not come back",
}
_HINTS: Final = {
    Outcome.TIMED_OUT: "give the job longer with --timeout",
    Outcome.OFFLINE: "zester peel show {id} says since when; run the job again when it is back",
    Outcome.LOST: "it may have run: look on the host; zester job show {jid} --peel {id} shows what "
    "comes late",
}


class PeelResult(NamedTuple):
    """How the job ended on one peel."""

    outcome: str
    value: Any = None
    seconds: float = 0.0
    error: str = ""
    hint: str = ""
    late: str = ""
    """The outcome that came after the ledger was closed; counted nowhere."""
    truncated: bool = False
    """The value holds only the edges of what was too large."""

    @property
    def succeeded(self) -> bool:
        """Whether the outcome is a success."""
        return self.outcome in SUCCESSES

    @property
    def silent(self) -> bool:
        """Whether the peel never answered."""
        return self.outcome in SILENT

    @property
    def reason(self) -> str:
        """Why it is no success; never empty for one that is none."""
        return self.error or ("" if self.succeeded else _REASONS.get(Outcome(self.outcome), ""))


def read_return(outcome: str, data: bytes, late: str = "") -> PeelResult:
    """Read what a page says of one peel; what cannot be read is said in `error`."""
    if not data:
        return PeelResult(outcome, late=late)
    try:
        head, packed = split_return(data)
        meta = decode(head, ReturnMeta, limit=len(head))
        value = unpack(packed, limit=len(packed)) if packed else None
    except (ValueError, CodecError) as error:
        return PeelResult(outcome, error=f"its return cannot be read: {error}", late=late)
    return PeelResult(
        outcome, value, meta.seconds, meta.error, meta.hint, late, truncated=meta.truncated
    )


class JobResult(NamedTuple):
    """A job and how it ended, peel by peel."""

    jid: str
    target: str
    function: str
    peels: dict[str, PeelResult]
    """By id, sorted."""
    state: str = ""
    info: dict[str, Any] = {}  # noqa: RUF012  # a NamedTuple's default is never changed
    seconds: float = 0.0
    """How long the command waited; 0 where it did not."""
    told: dict[str, int] = {}  # noqa: RUF012  # the same
    """The masters' own counts; none for a part of the job."""

    def counts(self) -> dict[str, int]:
        """Give how many peels have each outcome, in the order of the table of outcomes."""
        found = dict(self.told)
        if not found:
            for one in self.peels.values():
                found[one.outcome] = found.get(one.outcome, 0) + 1
        return in_order(found)


def in_order(counts: dict[str, int]) -> dict[str, int]:
    """Give counts in the order of the table of outcomes, then whatever else is counted."""
    known = [outcome.value for outcome in Outcome if counts.get(outcome)]
    rest = sorted(name for name in counts.keys() - set(known) if counts[name])
    return {name: counts[name] for name in (*known, *rest)}


def said_counts(counts: dict[str, int]) -> str:
    """Give counts as people read them: `2 ok, 1 lost`."""
    return ", ".join(f"{count} {name}" for name, count in in_order(counts).items())


def hint_for(result: PeelResult, peel_id: str, jid: str) -> str:
    """Give what to do about a peel that did not succeed; empty where nothing can be said."""
    if result.hint or result.succeeded or result.outcome not in OUTCOMES:
        return result.hint
    return _HINTS.get(Outcome(result.outcome), "").format(id=peel_id, jid=jid)
