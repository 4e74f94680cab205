"""Where a job stands on each of its peels: the state machine of bus.md 6.5 to 6.7 and 6.10.

Events go in by `acked`, `returned`, `refuse` and `cancel`; `advance` gives what is to be done. It
does no I/O and reads no clock: `now` is always the owner's monotonic one. A takeover is a new
ledger into which the stored returns went before its first `advance`.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from zester_master.jobs.plan import Plan
from zester_proto.messages.jobs import SILENT, SUCCESSES, Outcome, Stage
from zester_proto.messages.records import JobState

RESEND_AFTER: Final = 5.0
"""Seconds after which a present peel that said nothing gets the job once more."""

GIVE_UP_AFTER: Final = 5.0
"""Seconds after the second sending when a peel that said nothing counts as offline."""

DEADLINE_GRACE: Final = 2.0
"""Seconds after the deadline for peels to say by themselves that their time was up."""

CANCEL_PATIENCE: Final = 30.0
"""Seconds after a cancel when the job ends whatever is still unsaid."""

CANCEL_AGAIN: Final = 5.0
_POLL: Final = 1.0


class Step(IntEnum):
    """How far a peel is; `SILENT` may still speak, and is offline if the job ends before."""

    PENDING = 0
    SENT = 1
    RUNNING = 2
    SILENT = 3
    DONE = 4


_STAGES: Final = {
    Step.PENDING: Stage.PENDING,
    Step.SENT: Stage.SENT,
    Step.RUNNING: Stage.RUNNING,
    Step.SILENT: Stage.SENT,
}


class Row(NamedTuple):
    """How the job ended on one peel."""

    outcome: Outcome
    seconds: float = 0.0
    error: str = ""
    asked: bool = True
    returned: bool = False
    """The peel said so itself; else the ledger did."""


class Ask(NamedTuple):
    """Send the job to these peels (by their place in the list)."""

    peels: list[int]
    again: bool
    """They did not answer the first time."""


class Stop(NamedTuple):
    """Send the cancel to these peels."""

    peels: list[int]


class Close(NamedTuple):
    """Every peel has its outcome; write them down."""

    state: JobState


Effect = Ask | Stop | Close


class Ledger:
    """One job on all its peels.

    Attributes:
        ids: the frozen list.
        log: the places of the peels that have their outcome, in the order in which they got it; a
            place stands twice if a mirror had to correct itself.
        rows: the outcome of each peel that has one, by place.
        late: what came after the outcome was decided without the peel, by place.
        state: how the job ended; nothing while it runs.
    """

    def __init__(self, ids: Sequence[str], plan: Plan, present: Callable[[int], bool]) -> None:
        """Begin with every peel pending.

        Args:
            ids: the frozen list.
            plan: when to ask, and until when.
            present: whether the peel at a place is present now (bus.md 6.8).
        """
        count = len(ids)
        self.ids = ids
        self.log: list[int] = []
        self.rows: list[Row | None] = [None] * count
        self.late: dict[int, Row] = {}
        self.state: JobState | None = None
        self._plan = plan
        self._deadline = plan.deadline
        self._present = present
        self._step = bytearray(count)
        self._waited = bytearray(b"\1" * count)  # 0: absent when asked, the job does not wait
        self._steps = [count, 0, 0, 0, 0]
        self._outcomes: dict[Outcome, int] = {}
        self._blocking = count  # peels that the job still waits for
        self._failed = 0
        self._next = 0  # no peel before it is pending
        self._canaries: set[int] | None = None
        self._ending: JobState | None = None
        self._cancelled_at = 0.0
        self._cancel_due = 0.0
        # each has one delay, so each is in the order of its times
        self._first: deque[tuple[float, int]] = deque()
        self._second: deque[tuple[float, int]] = deque()
        self._polls: deque[tuple[float, int, float]] = deque()
        self._limits: deque[tuple[float, int]] = deque()
        self._cooling: deque[float] = deque()

    def step(self, place: int) -> Step:
        """Give how far a peel is."""
        return Step(self._step[place])

    def stage(self, place: int) -> str:
        """Give a peel's outcome, or the stage before it, as operators see it."""
        row = self.rows[place]
        return row.outcome.value if row else _STAGES[Step(self._step[place])].value

    @property
    def done(self) -> int:
        """How many peels have their outcome."""
        return self._steps[Step.DONE]

    def counts(self) -> dict[str, int]:
        """Give how many peels stand where; the sum is always that of the list."""
        found: dict[str, int] = {}
        for step, stage in _STAGES.items():
            if self._steps[step]:
                found[stage.value] = found.get(stage.value, 0) + self._steps[step]
        found.update((outcome.value, n) for outcome, n in self._outcomes.items() if n)
        return found

    def acked(self, place: int) -> None:
        """Note that a peel has the job: by its ack, or by the jid in its heartbeat."""
        step = self._step[place]
        if step in (Step.RUNNING, Step.DONE):
            return
        if step == Step.SILENT or not self._waited[place]:
            self._blocking += 1
            self._waited[place] = 1
        self._move(place, Step.RUNNING)

    def returned(
        self, place: int, outcome: Outcome, now: float, seconds: float = 0.0, error: str = ""
    ) -> bool:
        """Note what a peel says; true if that is its outcome, false if known or too late."""
        row = Row(outcome, seconds, error, returned=True)
        known = self.rows[place]
        if known is None:
            self._finish(place, row, now)
            return True
        if not known.returned:
            self.late[place] = row
        return False

    def refuse(self, place: int, error: str, now: float) -> None:
        """Decide that a peel is not to be asked, or not to be heard any more."""
        step = self._step[place]
        if step != Step.DONE:
            asked = step != Step.PENDING
            self._finish(place, Row(Outcome.REFUSED, error=error, asked=asked), now)

    def resume(self, absent: Collection[int], now: float) -> None:
        """Take over a job that another owner has sent to all: who said nothing is asked again.

        Args:
            absent: places of the peels that were absent when it was sent.
            now: the clock.
        """
        for place, step in enumerate(self._step):
            if step == Step.PENDING:
                self._move(place, Step.SENT)
                self._first.append((now, place))
                if place in absent:
                    self._waited[place] = 0
                    self._blocking -= 1

    def cancel(self, now: float) -> list[Effect]:
        """End the job: whoever was not asked is cancelled, the others are told."""
        if self.state is not None or self._ending == "cancelled":
            return []
        self._ending = "cancelled"
        self._cancelled_at = now
        self._cancel_due = now + CANCEL_AGAIN
        self._deadline = min(self._deadline, now + CANCEL_PATIENCE)
        self._drop_pending(now)
        told = [i for i, step in enumerate(self._step) if step not in (Step.PENDING, Step.DONE)]
        return [Stop(told), *self.advance(now)] if told else self.advance(now)

    def advance(self, now: float) -> list[Effect]:
        """Give what is to be done now, after events or when `wake` has come."""
        if self.state is not None:
            return []
        effects: list[Effect] = []
        again = self._due(now)
        if again and now < self._deadline:
            effects.append(Ask(again, again=True))
        if self._ending == "cancelled" and now >= self._cancel_due:
            self._cancel_due = now + CANCEL_AGAIN
            running = [i for i, step in enumerate(self._step) if step == Step.RUNNING]
            if running:
                effects.append(Stop(running))
        self._end_overdue(now)
        if now >= self._deadline:
            self._drop_pending(now)
        first = self._fill(now)
        if first:
            effects.append(Ask(first, again=False))
        if not self._blocking or self._is_over(now):
            effects.append(self._close(now))
        return effects

    def wake(self, now: float) -> float | None:
        """Give when `advance` has something to do if nothing happens before; none when closed."""
        if self.state is not None:
            return None
        deadline = self._deadline if now < self._deadline else self._deadline + DEADLINE_GRACE
        heads = [queue[0][0] for queue in (self._first, self._second, self._polls) if queue]
        heads += [self._cooling[0]] if self._cooling else []
        heads += [self._limits[0][0]] if self._limits else []
        heads += [self._cancel_due] if self._ending == "cancelled" else []
        return min(deadline, *heads) if heads else deadline

    def settle(self, rows: Sequence[Row], state: JobState, now: float) -> None:
        """Take the outcomes that the job's owner wrote; for a mirror that only looks on."""
        for place, row in enumerate(rows):
            known = self.rows[place]
            if known is None:
                self._finish(place, row, now)
            elif known.outcome != row.outcome:
                self._outcomes[known.outcome] -= 1
                self._outcomes[row.outcome] = self._outcomes.get(row.outcome, 0) + 1
                self.rows[place], self.late[place] = row, known
                self.log.append(place)
        self.state = state

    def _move(self, place: int, step: Step) -> None:
        self._steps[self._step[place]] -= 1
        self._steps[step] += 1
        self._step[place] = step

    def _finish(self, place: int, row: Row, now: float) -> None:
        step = self._step[place]
        if step in (Step.PENDING, Step.RUNNING) or (step == Step.SENT and self._waited[place]):
            self._blocking -= 1
            if step != Step.PENDING and self._plan.batch and self._plan.batch_wait:
                self._cooling.append(now + self._plan.batch_wait)
        self._move(place, Step.DONE)
        self.rows[place] = row
        self.log.append(place)
        self._outcomes[row.outcome] = self._outcomes.get(row.outcome, 0) + 1
        if row.outcome in _FAILURES:
            self._failed += 1

    def _silence(self, place: int) -> None:
        if self._waited[place]:
            self._blocking -= 1
        self._move(place, Step.SILENT)

    def _due(self, now: float) -> list[int]:
        """Go through the peels whose time for an ack has passed; give those to ask again."""
        again: list[int] = []
        while self._second and self._second[0][0] <= now:
            place = self._second.popleft()[1]
            if self._step[place] == Step.SENT:
                self._silence(place)
        while self._first and self._first[0][0] <= now:
            due, place = self._first.popleft()
            if self._step[place] == Step.SENT:
                self._unheard(place, due + GIVE_UP_AFTER, now, again)
        while self._polls and self._polls[0][0] <= now:
            _, place, until = self._polls.popleft()
            if self._step[place] == Step.SENT:
                self._unheard(place, until, now, again)
        return again

    def _unheard(self, place: int, until: float, now: float, again: list[int]) -> None:
        if self._ending == "cancelled":
            if now >= self._cancelled_at + CANCEL_AGAIN:
                self._silence(place)
            else:
                self._polls.append((now + _POLL, place, until))
        elif self._present(place):
            again.append(place)
            self._second.append((now + GIVE_UP_AFTER, place))
        elif self._waited[place] and now >= until:
            self._silence(place)
        else:
            self._polls.append((now + _POLL, place, until))

    def _fill(self, now: float) -> list[int]:
        """Ask as many pending peels as the plan has room for."""
        if not self._steps[Step.PENDING] or self._ending is not None:
            return []
        if 0 <= self._plan.max_fail < self._failed or not self._canaries_live():
            self._ending = "stopped"
            self._drop_pending(now)
            return []
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
        asked: list[int] = []
        for place in self._candidates():
            if self._plan.batch and self._busy() >= self._plan.batch:
                break
            self._ask(place, now)
            asked.append(place)
        return asked

    def _busy(self) -> int:
        return self._blocking - self._steps[Step.PENDING] + len(self._cooling)

    def _ask(self, place: int, now: float) -> None:
        self._move(place, Step.SENT)
        if not self._present(place):
            self._waited[place] = 0
            self._blocking -= 1
        self._first.append((now + RESEND_AFTER, place))
        if self._plan.peel_time:
            self._limits.append((now + self._plan.peel_time + DEADLINE_GRACE, place))

    def _end_overdue(self, now: float) -> None:
        """Give the places in a batch back that peels held longer than their time."""
        while self._limits and self._limits[0][0] <= now:
            place = self._limits.popleft()[1]
            if self._step[place] == Step.RUNNING:
                self._finish(place, self._unfinished(place), now)

    def _candidates(self) -> list[int]:
        """Give the pending peels that may be asked now, in the order of the list."""
        if self._canaries:
            return [i for i in sorted(self._canaries) if self._step[i] == Step.PENDING]
        start = self._step.find(Step.PENDING, self._next)
        if start < 0:
            return []
        self._next = start
        if not self._plan.batch:
            return [i for i in range(start, len(self._step)) if self._step[i] == Step.PENDING]
        return self._some_pending(start)

    def _some_pending(self, start: int) -> list[int]:
        # absent peels take no room in a batch, so more than a batch of candidates may be needed
        found: list[int] = []
        room = self._plan.batch - self._busy()
        while room > 0 and start >= 0:
            found.append(start)
            room -= self._present(start)
            start = self._step.find(Step.PENDING, start + 1)
        return found

    def _canaries_live(self) -> bool:
        """Keep the first few apart until all of them succeeded; false once one did not."""
        if not self._plan.canary:
            return True
        if self._canaries is None:
            fit = (i for i, row in enumerate(self.rows) if row is not None or self._present(i))
            self._canaries = {i for _, i in zip(range(self._plan.canary), fit, strict=False)}
        for place in list(self._canaries):
            row = self.rows[place]
            if self._step[place] == Step.SILENT:
                return False
            if row is not None and row.outcome not in SUCCESSES:
                return False
            if row is not None:
                self._canaries.discard(place)
        return True

    def _drop_pending(self, now: float) -> None:
        """Decide that nobody else is asked."""
        if self._steps[Step.PENDING]:
            self._ending = self._ending or "stopped"
            place = self._step.find(Step.PENDING)
            while place >= 0:
                why = _NEVER_ASKED.format(self._ending)
                self._finish(place, Row(Outcome.CANCELLED, error=why, asked=False), now)
                place = self._step.find(Step.PENDING, place)

    def _is_over(self, now: float) -> bool:
        """Say whether the deadline has come, and nobody is left who could say so itself."""
        if now < self._deadline:
            return False
        if now >= self._deadline + DEADLINE_GRACE:
            return True
        return not any(
            step == Step.RUNNING and self._present(i) for i, step in enumerate(self._step)
        )

    def _close(self, now: float) -> Close:
        for place, step in enumerate(self._step):
            if step == Step.RUNNING:
                self._finish(place, self._unfinished(place), now)
            elif step != Step.DONE:
                self._finish(place, Row(Outcome.OFFLINE, error=_OFFLINE), now)
        self.state = self._ending or "complete"
        return Close(self.state)

    def _unfinished(self, place: int) -> Row:
        if self._present(place):
            return Row(Outcome.TIMED_OUT, error="it was still running when its time was up")
        return Row(Outcome.LOST, error="it had the job, then went away and did not come back")


_FAILURES: Final = frozenset(Outcome) - SUCCESSES - SILENT
_NEVER_ASKED: Final = "it was never asked: the job was {} before"
_OFFLINE: Final = "it was not there to take the job"
