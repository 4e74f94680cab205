"""Runs a tool of the account database, or says in one sentence why it did not come out well."""

from zester_modules.host.machine import Command, Effects, HostProblem, Machine

TIMEOUT = 60.0


def run_tool(machine: Machine, *argv: str, effects: Effects, stdin: bytes = b"") -> None:
    """Change the machine by a command all of whose effects are known.

    Args:
        machine: what is changed.
        argv: never holds a secret, which every user of the host could read.
        effects: all that is changed.
        stdin: may hold one.

    Raises:
        HostProblem: it ended badly; the text is the tool's own, without stdin.
    """
    done = machine.do(Command(argv=argv, stdin=stdin, timeout=TIMEOUT), effects)
    if done.exit_code:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = words[-1] if words else "it says nothing"
        raise HostProblem(f"{argv[0]} ended with exit code {done.exit_code}: {said}")
