"""What must hold after every fault: sums add up, nothing ran twice, everybody is well again."""

import asyncio
import contextlib
import time
from typing import Any

from zester_cli.errors import NoMaster
from zester_proto.ids import new_jid
from zester_proto.messages.jobs import Outcome
from zester_proto.messages.operators import JobsAsk
from zester_testing.field import Field
from zester_testing.masters import Operator, Told, eventually


class Watcher:
    """Follows a fault: what was asked before it, and how all is after it.

    Attributes:
        field: the field.
        name: of the scenario.
        told: what goes into the summary of the test run.
    """

    def __init__(self, field: Field, name: str, told: list[str]) -> None:
        self.field = field
        self.name = name
        self.told = told

    def note(self, text: str) -> None:
        """Have a line in the summary."""
        self.told.append(f"{self.name}: {text}")

    async def start(
        self, operator: Operator, then: str = "", target: str = "*", **fields: Any
    ) -> str:
        """Start a job that leaves a mark on the host wherever it runs; give its jid."""
        jid = fields.pop("jid", new_jid())
        command = self.field.mark(jid, then)
        await operator.start(target, "cmd.run", command, jid=jid, **fields)
        return jid

    async def well_again(self, since: float, *, ping: bool = True) -> None:
        """Wait until all is well, note how long that took, and hold what must hold of every job.

        Args:
            since: the monotonic time from which on nothing was in the way any more.
            ping: every peel must answer.
        """
        await asyncio.to_thread(self.field.until_ready)
        self.note(f"every daemon ready {time.monotonic() - since:.1f} s after")
        await eventually(self._store_answers, "the masters can read the store", 60)
        async with Operator.up(self.field) as operator:
            if ping:
                await self._all_answer(operator)
                self.note(f"every peel answers {time.monotonic() - since:.1f} s after")
            for jid in await operator.rows("jobs", JobsAsk(limit=1000)):
                await self.adds_up(operator, jid)

    async def _store_answers(self) -> bool:
        """Ask a master for the jobs; while the servers still choose leaders it says so."""
        async with Operator.up(self.field) as operator:
            with contextlib.suppress(NoMaster):
                await operator.rows("jobs", JobsAsk(limit=1))
                return True
        return False

    async def _all_answer(self, operator: Operator) -> None:
        async def ask() -> Told | None:
            with contextlib.suppress(NoMaster):  # of each stream the servers choose a leader apart
                return await operator.run("*", timeout=30.0)
            return None

        told: Told = await eventually(ask, "a job can be written down", 60)
        assert told.outcomes == dict.fromkeys(self.field.peel_names(), "ok")

    async def adds_up(self, operator: Operator, jid: str) -> Told:
        """Hold that a job is over, that every peel has one outcome, and that none ran twice."""
        told = await operator.follow(jid)
        assert told.info["state"] != "running"
        assert sum(told.reader.counts.values()) == told.info["count"] == len(told.outcomes)
        counted = {one: list(told.outcomes.values()).count(one) for one in told.reader.counts}
        assert counted == told.reader.counts
        assert set(told.outcomes.values()) <= set(Outcome)
        if jid in self.field.marks:
            ran = self.field.ran(jid)
            assert len(ran) == len(set(ran)), f"job {jid} ran twice: {ran}"
            done = {peel for peel, outcome in told.outcomes.items() if outcome == "changed"}
            assert done <= set(ran)
        return told
