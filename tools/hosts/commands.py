"""Commands that run to their end inside of a host or a root."""

import ctypes
import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from hosts.errors import HostsError

PATIENCE: Final = 60.0
"""Seconds after which a command is given up."""

ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
"""What a command finds in its environment; nothing of ours goes in."""

_PR_SET_PDEATHSIG: Final = 1


class Completed(NamedTuple):
    """How a command ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def check(self) -> Self:
        """Give it back if it ended well.

        Raises:
            HostsError: it did not.
        """
        if self.code:
            said = (self.err.strip() or self.out.strip())[-2000:]
            raise HostsError(f"{' '.join(self.words)} ended with {self.code}: {said}")
        return self

    def json(self) -> Any:
        """Read what it printed as JSON."""
        return json.loads(self.out)


def complete(
    wrapper: Sequence[str],
    words: Sequence[str],
    *,
    stdin: str | bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float = PATIENCE,
) -> Completed:
    """Run a command to its end.

    Args:
        wrapper: what brings it inside.
        words: the command.
        stdin: what it reads.
        env: beyond or instead of the usual environment.
        timeout: seconds after which it is killed and the test fails.
    """
    done = subprocess.run(
        [*wrapper, *words],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env={**ENVIRONMENT, **(env or {})},
        timeout=timeout,
        check=False,
    )
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return Completed(tuple(words), done.returncode, out, err)


def machine(*words: str | Path) -> str:
    """Run a command on this machine and give what it says.

    Raises:
        HostsError: it ended with an error.
    """
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostsError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def die_with_parent() -> None:
    """Be killed when the thread that started this process ends; for `preexec_fn`."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
