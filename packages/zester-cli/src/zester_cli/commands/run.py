"""`zester TARGET FUNCTION [ARGS]`: a job from its start to its exit code."""

from typing import TYPE_CHECKING

from zester_cli import cache
from zester_cli.arguments import read_values, split
from zester_cli.argv import RunCall
from zester_cli.errors import NobodyMatched
from zester_cli.invocation import Invocation, with_client
from zester_cli.options import DEFAULT_TIMEOUT, Options
from zester_cli.output.screen import Screen
from zester_cli.results import JobResult
from zester_cli.suggest import closest, did_you_mean

if TYPE_CHECKING:
    from zester_cli.client import Client
    from zester_cli.jobs import Started
    from zester_proto.messages.operators import AgainAsk, RunAsk

WOULD_CHANGE = 7
"""Exit code of a dry run that would change something, with --detailed-exit."""


def run(call: RunCall, screen: Screen) -> int:
    """Run a job and show how it ended; give the exit code.

    Raises:
        CliError: it did not come to a job, or nobody tells how it ended.
    """
    invocation = Invocation(call.options, screen)
    ask = make_ask(call, invocation)

    async def work(client: "Client") -> int:
        try:
            return await start(client, ask, invocation)
        except NobodyMatched as error:
            error.hint = error.hint or near_peels(invocation, call.target)
            raise

    return with_client(invocation, work)


def make_ask(call: RunCall, invocation: Invocation) -> "RunAsk":
    """Give the request for a job that a command line means.

    Raises:
        UsageError: an argument is wrong.
    """
    from zester_proto.codec import Raw, pack  # noqa: PLC0415  # after the command line's errors
    from zester_proto.ids import new_jid  # noqa: PLC0415
    from zester_proto.messages.operators import RunAsk  # noqa: PLC0415

    options = call.options
    folder = cache.folder(invocation.site())
    arguments = split(call.words, call.literal, cache.signature(folder, call.function))
    return RunAsk(
        jid=new_jid(),
        target=call.target,
        function=call.function,
        args=Raw(pack(list(arguments.args))),
        kwargs=Raw(pack(read_values(arguments.kwargs))),
        timeout=options.timeout or DEFAULT_TIMEOUT,
        test=options.test or arguments.test,
        batch=options.batch,
        batch_wait=options.batch_wait,
        canary=options.canary,
        max_fail=options.max_fail,
        follow=not options.detach,
    )


async def start(
    client: "Client", ask: "RunAsk | AgainAsk", invocation: Invocation, verb: str = "run"
) -> int:
    """Start the job, wait for its end unless told not to, and show it."""
    from zester_cli import jobs  # noqa: PLC0415  # needs the codec and the bus
    from zester_cli.output.progress import Progress  # noqa: PLC0415
    from zester_proto.messages.operators import RunAsk  # noqa: PLC0415

    if ask.follow:
        async with Progress(invocation.screen) as progress:
            watched = await jobs.start(client, ask, progress.update, verb)
        job = jobs.job_result(ask.jid, watched, ask if isinstance(ask, RunAsk) else None)
        code = show(invocation, job, told=verb != "run")
        invocation.screen.out.flush()
        await cache.refresh(client, job.peels)
        return code
    answer = await client.ask(verb, ask)
    show_started(invocation, jobs.started(ask, answer))
    return 0


def show(
    invocation: Invocation, job: JobResult, *, told: bool = False, slowest: bool = False
) -> int:
    """Write a job's results in the form that was asked for; give the exit code.

    Args:
        invocation: says the form.
        job: the job.
        told: in a document also what the masters say of the job itself.
        slowest: also which states took longest.
    """
    screen, form = invocation.screen, invocation.options.output
    if form == "table":
        _show_table(invocation, job, slowest=slowest)
    else:
        from zester_cli.output import forms  # noqa: PLC0415

        if form == "raw":
            forms.raw_job(screen, job)
        else:
            forms.structured(screen, form, forms.job_document(job, told=told))
    return exit_code(job, invocation.options)


def _show_table(invocation: Invocation, job: JobResult, *, slowest: bool) -> None:
    from zester_cli.output.job import job_lines, runs_of, summary  # noqa: PLC0415  # one form a command
    from zester_cli.output.state_lines import View  # noqa: PLC0415  # the same
    from zester_cli.output.states import hidden_diffs  # noqa: PLC0415  # the same

    screen, options = invocation.screen, invocation.options
    view = View(options.summary, options.diff, slowest)
    screen.write("".join(f"{line}\n" for line in job_lines(screen, job, view)))
    hidden = hidden_diffs(runs_of(job), view)
    if hidden:
        diffs = f"{hidden} diffs are" if hidden > 1 else "1 diff is"
        screen.note(f"{diffs} not shown; --diff shows them, also of zester job show {job.jid}")
    screen.note(summary(job))
    if job.state == "stopped":
        screen.note(f"it was stopped: zester job resume {job.jid} asks those never asked")


def show_started(invocation: Invocation, started: "Started") -> None:
    """Write the jid of a job that nobody waits for."""
    screen, form = invocation.screen, invocation.options.output
    if form in {"json", "yaml"}:
        from zester_cli.output import forms  # noqa: PLC0415

        fields = {
            "jid": started.jid,
            "target": started.target,
            "function": started.function,
            "count": started.peels,
        }
        forms.structured(screen, form, fields)
        return
    screen.write(started.jid)
    peels = f"{started.peels} peel{'s' * (started.peels != 1)}"
    screen.note(f"{peels}; zester job wait {started.jid} waits for them")


def exit_code(job: JobResult, options: Options) -> int:
    """Give the exit code of a job (bus.md 6.7), and 7 where it was asked for."""
    from zester_proto.messages.jobs import Outcome, exit_code  # noqa: PLC0415

    names = {one.outcome for one in job.peels.values()} | job.counts().keys()
    known = {outcome for outcome in Outcome if outcome in names}
    code = exit_code(known)
    if code == 0 and options.detailed_exit and Outcome.WOULD_CHANGE in known:
        return WOULD_CHANGE
    return code


def near_peels(invocation: Invocation, target: str) -> str:
    """Give the hint for a target that nobody matches: peels with names like it."""
    known = cache.peels(cache.folder(invocation.site()))
    return did_you_mean(closest(target, known)) or "zester peel list shows who is there"
