"""What all package managers have in common: how they are run, and how they fail."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from zester_modules.host.machine import Command, Done, HostProblem, Stat

CACHE: Final = "/var/cache/zester/packages"
"""Our own: what a check fetches or computes lies here, never among the manager's own files."""


class Hands(Protocol):
    """The part of a machine that a package manager needs."""

    def stat(self, path: str) -> Stat | None:
        """Give what lies at a path."""
        ...

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder."""
        ...

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        """Give the contents of a file."""
        ...

    def which(self, program: str) -> str | None:
        """Give the whole path of a program."""
        ...

    def ask(self, command: Command) -> Done:
        """Run a command that changes nothing."""
        ...

    def do(self, command: Command) -> Done:
        """Run a command that changes things."""
        ...


def text(done: Done) -> str:
    """Give what a command printed."""
    return done.stdout.decode("utf-8", "replace")


def paths(printed: str) -> list[str]:
    """Read a list of paths, however their slashes are written; what is none is left out."""
    lines = (line.strip() for line in printed.splitlines() if "/" in line and ": " not in line)
    return [found for line in lines if (found := f"/{line.strip('/')}") not in {"/", "/."}]


def asked(
    hands: Hands, *argv: str, env: Mapping[str, str] | None = None, good: Sequence[int] = (0,)
) -> str:
    """Run a command that looks, and give what it printed.

    Raises:
        HostProblem: it failed.
    """
    done = hands.ask(Command(argv=argv, env=env or {}))
    held(argv, done, good)
    return text(done)


def done_by(hands: Hands, *argv: str, env: Mapping[str, str] | None = None) -> str:
    """Run a command that changes things, and give what it printed.

    Raises:
        HostProblem: it failed.
    """
    done = hands.do(Command(argv=argv, env=env or {}))
    held(argv, done, (0,))
    return text(done)


def held(argv: Sequence[str], done: Done, good: Sequence[int]) -> None:
    """Hold a command to its exit code.

    Raises:
        HostProblem: it is not a good one; the text is what the command said.
    """
    if done.exit_code in good and not done.timed_out:
        return
    said = [
        line.strip()
        for line in (done.stderr or done.stdout).decode("utf-8", "replace").splitlines()
    ]
    errors = [line for line in said if line.startswith(("E:", "ERROR:", "error:", "Error:"))]
    last = errors or [line for line in said if line][-3:]
    how = "took too long" if done.timed_out else f"ended with {done.exit_code}"
    raise HostProblem(f"{argv[0]}: {'; '.join(last)[:1000]}" if last else f"{argv[0]} {how}")
