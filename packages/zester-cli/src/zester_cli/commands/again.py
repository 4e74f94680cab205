"""`zester job rerun` and `zester job resume`: a closed job once more, or its rest."""

from zester_cli.commands import job
from zester_cli.commands.run import start
from zester_cli.errors import UsageError
from zester_cli.invocation import Invocation, with_client
from zester_proto.ids import new_jid
from zester_proto.messages.operators import AgainAsk, Part


def rerun(invocation: Invocation, jid: str, *, failed: bool, missing: bool) -> int:
    """Run a job once more, on all of its peels or on a part of them.

    Raises:
        UsageError: both parts are asked for.
    """
    if failed and missing:
        raise UsageError(
            "--failed and --missing are two parts of the job's peels",
            hint="run it twice, once with each",
        )
    part: Part = "failed" if failed else "missing" if missing else "all"
    return _again(invocation, "rerun", jid, part)


def resume(invocation: Invocation, jid: str) -> int:
    """Ask the peels that a stopped job never asked."""
    return _again(invocation, "resume", jid, "unasked")


def _again(invocation: Invocation, verb: str, jid: str, part: Part) -> int:
    options = invocation.options
    ask = AgainAsk(
        jid=new_jid(),
        parent=job.check(jid),
        part=part,
        timeout=options.timeout or 0.0,
        test=options.test,
        batch=options.batch,
        batch_wait=options.batch_wait,
        canary=options.canary,
        max_fail=options.max_fail,
        follow=not options.detach,
    )
    return with_client(invocation, lambda client: start(client, ask, invocation, verb))
