"""Runs jobs: some at the same time, some more waiting, each in its bounds of time."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from zester_modules.function import AnyFunction
from zester_peel.clock import SiteClock
from zester_peel.jobs import leftovers
from zester_peel.jobs.execution import Ending, Run, Surroundings, Why, early, execute
from zester_peel.nursery.client import Nursery
from zester_proto.errors import FileProblem
from zester_proto.files import make_private_folder
from zester_proto.logs import Log
from zester_proto.messages.jobs import Job, Outcome

INLINE: Final = 256
"""Inline functions that run at the same time; they take no place from other jobs."""


class Task(msgspec.Struct, kw_only=True):
    """A job that waits or runs."""

    job: Job
    function: AnyFunction | None
    stop: "asyncio.Future[Why]"
    running: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def inline(self) -> bool:
        """Whether it runs in the agent, and takes no place."""
        return self.function is not None and self.function.runs == "inline"

    @property
    def lock(self) -> str:
        """What no two running jobs may have in common."""
        return self.function.lock if self.function is not None else ""


class Done(msgspec.Struct, frozen=True):
    """A job that is over on this host."""

    job: Job
    ending: Ending
    started: float
    """Site time; 0 where it never began."""
    seconds: float


class Runner:
    """The jobs of this peel that are not over yet.

    Args:
        around: what they have in common.
        nursery: makes the workers.
        clock: the site's time.
        folder: where each gets a folder of its own.
        max_jobs: how many run at the same time.
        queue: how many wait beyond that.
        done: told of each end, once; it may not raise.
        log: lines of a job carry its jid.
    """

    def __init__(
        self,
        around: Surroundings,
        nursery: Nursery,
        clock: SiteClock,
        folder: Path,
        *,
        max_jobs: int,
        queue: int,
        done: Callable[[Done], None],
        log: Log,
    ) -> None:
        self._around = around
        self._nursery = nursery
        self._clock = clock
        self._folder = folder
        self._max_jobs = max_jobs
        self._queue = queue
        self._done = done
        self._log = log
        self._tasks: dict[str, Task] = {}
        self._group: asyncio.TaskGroup | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def jids(self) -> Iterator[str]:
        """The jobs that wait or run, oldest first."""
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def running(self) -> int:
        """How many run."""
        return sum(task.running for task in self._tasks.values())

    def has_room(self, function: AnyFunction | None) -> bool:
        """Say whether one more job of that function can be taken."""
        inline = function is not None and function.runs == "inline"
        same = sum(task.inline == inline for task in self._tasks.values())
        return same < (INLINE if inline else self._max_jobs + self._queue)

    def submit(self, job: Job, function: AnyFunction | None) -> None:
        """Take a job; `done` is told of its end."""
        loop = asyncio.get_running_loop()
        task = Task(job=job, function=function, stop=loop.create_future())
        self._tasks[job.jid] = task
        self._idle.clear()
        # the owner's deadline holds from now on, whether the job waits or runs
        left = max(0.0, job.deadline - self._clock.now())
        task.timer = loop.call_later(left, self.stop, job.jid, "timed-out")
        self._start_what_can()

    def stop(self, jid: str, why: Why) -> bool:
        """End a job early; false if there is none."""
        task = self._tasks.get(jid)
        if task is None:
            return False
        if not task.stop.done():
            task.stop.set_result(why)
            if not task.running:
                self._over(task, Done(task.job, early(why), 0.0, 0.0))
        return True

    async def serve(self) -> None:
        """Run what is submitted until this is cancelled, which ends all jobs at once."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._start_what_can()
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None

    async def shut(self, seconds: float) -> None:
        """Let what runs come to its end for a while, then end it; what waits never begins."""
        for task in [task for task in self._tasks.values() if not task.running]:
            self.stop(task.job.jid, "stopped")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        for jid in list(self._tasks):
            self.stop(jid, "stopped")
        await self._idle.wait()

    def _start_what_can(self) -> None:
        if self._group is None:
            return
        busy = sum(task.running and not task.inline for task in self._tasks.values())
        locks = {task.lock for task in self._tasks.values() if task.running and task.lock}
        for task in list(self._tasks.values()):
            if task.running or task.lock in locks or (not task.inline and busy >= self._max_jobs):
                continue
            task.running = True
            busy += not task.inline
            locks |= {task.lock} - {""}
            self._group.create_task(self._run(task), name=f"job {task.job.jid}")

    async def _run(self, task: Task) -> None:
        job = task.job
        log = self._log.bind(jid=job.jid)
        began, started = self._clock.steady(), self._clock.now()
        ending = early("stopped")
        try:
            ending = await self._run_in_folder(task, log)
        except Exception as error:  # noqa: BLE001  # a job must never take the agent along
            log.failure("the peel failed to run a job", error)
            ending = Ending(
                outcome=Outcome.FAILED,
                error=f"the peel failed to run it: {error}",
                hint="look into the peel's log; this is a fault in Zester",
            )
        finally:
            seconds = self._clock.steady() - began
            self._over(task, Done(job, ending, started, seconds))
            if not task.inline:
                shutil.rmtree(self._job_folder(job.jid), ignore_errors=True)

    def _job_folder(self, jid: str) -> Path:
        return self._folder / jid

    async def _run_in_folder(self, task: Task, log: Log) -> Ending:
        folder = self._folder
        if not task.inline:
            folder = self._job_folder(task.job.jid)
            try:
                make_private_folder(folder)
            except FileProblem as error:
                return Ending(outcome=Outcome.FAILED, error=error.message, hint=error.hint)
        seconds = self._seconds(task)
        run = Run(
            job=task.job,
            function=task.function,
            folder=folder,
            seconds=seconds,
            stop=task.stop,
            started=lambda group: leftovers.note(folder, group),
        )
        timer = asyncio.get_running_loop().call_later(seconds, self.stop, task.job.jid, "timed-out")
        try:
            return await execute(run, self._around, self._nursery, log)
        finally:
            timer.cancel()

    def _seconds(self, task: Task) -> float:
        """Give the time that a job has from now on."""
        left = max(0.0, task.job.deadline - self._clock.now())
        own = task.job.timeout or (task.function.timeout if task.function else None)
        return min(left, own) if own else left

    def _over(self, task: Task, done: Done) -> None:
        if task.timer is not None:
            task.timer.cancel()
        self._tasks.pop(done.job.jid, None)
        self._done(done)
        if not self._tasks:
            self._idle.set()
        self._start_what_can()


def clear(folder: Path, log: Log) -> None:
    """Take away what the process before this one left, and end what it still had running.

    Raises:
        FileProblem: the folder cannot be used.
    """
    make_private_folder(folder)
    for entry in os.scandir(folder):
        killed = leftovers.end(Path(entry.path))
        if killed:
            log.warn(  # noqa: G010  # our own Log
                "ended what an interrupted job left behind", jid=entry.name, processes=killed
            )
        shutil.rmtree(entry.path, ignore_errors=True)
