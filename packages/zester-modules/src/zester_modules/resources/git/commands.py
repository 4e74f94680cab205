"""How git is run: as whom, never with a question, and what it answers."""

import re
import shlex
from typing import Final

from zester_modules.host.machine import Command, Done, HostProblem, Machine

_ENV: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
_SECRET: Final = re.compile(r"(?<=://)[^/@\s]+@")


def git(*words: str, folder: str = "", user: str = "", identity: str = "") -> Command:
    """Make a command of git; `identity` is the private key with which ssh goes to the remote."""
    more = dict(_ENV)
    if identity:
        key = shlex.quote(identity)
        more["GIT_SSH_COMMAND"] = f"ssh -i {key} -o IdentitiesOnly=yes -o BatchMode=yes"
    where = ("-C", folder) if folder else ()
    return Command(argv=("git", *where, *words), runas=user, env=more)


def masked(text: str) -> str:
    """Take names and passwords out of addresses."""
    return _SECRET.sub("***@", text)


def answer(machine: Machine, command: Command) -> str:
    """Give what git says.

    Raises:
        HostProblem: it failed.
    """
    done = machine.ask(command)
    hold(command, done)
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def maybe(machine: Machine, command: Command) -> str | None:
    """Give what git says; None where it says no by its exit code."""
    done = machine.ask(command)
    return done.stdout.decode("utf-8", "surrogateescape").strip() if not done.exit_code else None


def hold(command: Command, done: Done) -> None:
    """Raise HostProblem where git failed."""
    if not done.exit_code and not done.timed_out:
        return
    said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    told = next((one for one in said if one.startswith(("fatal:", "error:"))), "")
    last = told or (said[-1] if said else f"it ended with {done.exit_code}")
    verb = command.argv[3 if command.argv[1] == "-C" else 1]
    raise HostProblem(masked(f"git {verb}: {last[:500]}"))
