"""Jobs that this peel gives itself: no master asked for them, and nobody gets their return."""

import asyncio
import shutil
from pathlib import Path

from zester_peel.clock import SiteClock
from zester_peel.jobs import leftovers
from zester_peel.jobs.execution import Ending, Run, Surroundings, Why, execute
from zester_peel.nursery.client import Nursery
from zester_proto.codec import Raw, pack
from zester_proto.files import make_private_folder
from zester_proto.ids import new_jid
from zester_proto.logs import Log
from zester_proto.messages.jobs import Job, ToOne


class Errands:
    """Runs functions in workers for the agent itself.

    Args:
        site: whose peel this is.
        around: what jobs on this host have in common.
        nursery: makes the workers.
        clock: the site's time.
        folder: where each gets a folder of its own.
        log: where lines go.
    """

    def __init__(
        self,
        site: str,
        around: Surroundings,
        nursery: Nursery,
        clock: SiteClock,
        *,
        folder: Path,
        log: Log,
    ) -> None:
        self._site = site
        self._around = around
        self._nursery = nursery
        self._clock = clock
        self._folder = folder
        self._log = log

    async def run(
        self, function: str, args: tuple[str, ...], seconds: float, *, stay: float | None = None
    ) -> Ending:
        """Run a function in a worker, and give its ending.

        Args:
            function: its name.
            args: its arguments, as words.
            seconds: that it may take.
            stay: seconds that the nursery stays for it; None: as long as for any job.

        Raises:
            FileProblem: there is no room for it.
        """
        now = self._clock.now()
        job = Job(
            site=self._site, jid=new_jid(), epoch=0, first_issued=now, issued=now,
            start_before=now + seconds, deadline=now + seconds, function=function,
            args=Raw(pack(list(args))), kwargs=Raw(pack({})), to=ToOne(id=self._around.peel_id),
        )  # fmt: skip
        folder = self._folder / job.jid
        make_private_folder(folder)
        stop: asyncio.Future[Why] = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(seconds, _end, stop)
        run = Run(
            job=job, function=None, folder=folder, seconds=seconds, stop=stop,
            started=lambda group: leftovers.note(folder, group), stay=stay,
        )  # fmt: skip
        try:
            return await execute(run, self._around, self._nursery, self._log)
        finally:
            timer.cancel()
            shutil.rmtree(folder, ignore_errors=True)


def _end(stop: "asyncio.Future[Why]") -> None:
    if not stop.done():
        stop.set_result("timed-out")
