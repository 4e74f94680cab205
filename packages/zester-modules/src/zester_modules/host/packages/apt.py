"""The packages of Debian and its kin: dpkg-query, apt-get, apt-cache and apt-mark."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from zester_modules.host.machine import Busy, Candidate, Command, HostProblem, Package, Wanted
from zester_modules.host.packages import apt_output
from zester_modules.host.packages.manager import CACHE, Hands, asked, held, paths

STATUS: Final = "/var/lib/dpkg/status"
LISTS: Final = f"{CACHE}/apt/lists"
PATIENCE: Final = 300.0
"""Seconds that we wait for another program that holds a lock of apt or dpkg."""

QUIET: Final[Mapping[str, str]] = {
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_MODE": "l",
    "UCF_FORCE_CONFFOLD": "1",
}
"""No terminal is there to answer a question; changed configuration files are kept."""

_OPTIONS: Final = (
    "--yes",
    "--option=DPkg::Lock::Timeout=0",
    "--option=Dpkg::Options::=--force-confdef",
    "--option=Dpkg::Options::=--force-confold",
    "--option=Dpkg::Use-Pty=0",
)
_OWN: Final = (f"--option=Dir::Cache={CACHE}/apt", "--option=Debug::NoLocking=1")
"""Even to look, apt writes a cache; it shall be ours."""


class Apt:
    """Debian's packages.

    Args:
        hands: of the machine.
    """

    kind = "apt"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._known: tuple[object, Mapping[str, Package]] | None = None
        self._own_lists = False

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name; asked anew when dpkg has written its status."""
        look = self._hands.stat(STATUS)
        stamp = look and (look.mtime, look.size)
        if self._known is None or self._known[0] != stamp:
            printed = asked(
                self._hands, "dpkg-query", "--show", f"--showformat={apt_output.FORMAT}"
            )
            self._known = stamp, apt_output.installed(printed)
        return self._known[1]

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change."""
        words = (*self._look(), *_release(repo), "--simulate", "--yes", "--allow-downgrades")
        printed = asked(
            self._hands, "apt-get", *words, "install", "--", *map(_word, wanted), env=QUIET
        )
        return apt_output.simulated(printed)

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along."""
        verb = "purge" if purge else "remove"
        words = (*self._look(), "--simulate", "--yes", verb, "--", *names)
        return apt_output.simulated(asked(self._hands, "apt-get", *words, env=QUIET))

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that installed packages have brought."""
        return paths(asked(self._hands, "dpkg-query", "--listfiles", "--", *names))

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had."""
        words = (*self._look(), *_release(repo), "policy", "--", *names)
        return apt_output.candidates(asked(self._hands, "apt-cache", *words))

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1, as dpkg says."""
        for word, answer in (("lt", -1), ("eq", 0)):
            argv = ("dpkg", "--compare-versions", one, word, other)
            done = self._hands.ask(Command(argv=argv))
            held(argv, done, (0, 1))
            if done.exit_code == 0:
                return answer
        return 1

    def peek(self) -> None:
        """Fetch the lists into a folder of our own, for simulate and latest from now on."""
        self._own_lists = True
        asked(self._hands, "mkdir", "--parents", f"{LISTS}/partial")
        argv = ("apt-get", *self._look(), "--option=APT::Update::Error-Mode=any", "update")
        done = self._hands.ask(Command(argv=argv, env=QUIET))
        held(argv, done, (0,))

    def refresh(self) -> None:
        """Fetch the lists of packages anew."""
        self._own_lists = False
        self._do("apt-get", *_OPTIONS, "--option=APT::Update::Error-Mode=any", "update")

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Install or change to these versions, and what they need."""
        trust = () if verify else ("--allow-unauthenticated",)
        words = (*_OPTIONS, *_release(repo), *trust, "--allow-downgrades")
        self._do("apt-get", *words, "install", "--", *map(_word, wanted))

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remove; `purge` takes the configuration along."""
        self._do("apt-get", *_OPTIONS, "purge" if purge else "remove", "--", *names)

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Keep packages at their version, or let them go."""
        self._do("apt-mark", "hold" if held else "unhold", *names)
        missed = [
            name for name in names if (one := self.installed().get(name)) and one.held != held
        ]
        if missed:
            raise HostProblem(
                f"apt-mark did not {'hold' if held else 'let go'} {', '.join(missed)}"
            )

    def _do(self, *argv: str) -> None:
        """Run what changes packages; wait for who holds a lock that apt itself does not wait for.

        Raises:
            Busy: somebody holds it still.
            HostProblem: it failed.
        """
        end = time.monotonic() + PATIENCE
        while True:
            done = self._hands.do(Command(argv=argv, env=QUIET))
            said = (done.stderr + done.stdout).decode("utf-8", "replace")
            holder = apt_output.holder(said) if done.exit_code else None
            if holder is None:
                held(argv, done, (0,))
                return
            if time.monotonic() >= end:
                raise Busy(
                    f"{argv[0]}: the packages are locked by {self._named(holder)}, "
                    f"after {PATIENCE:.0f} s still",
                    hint="wait for its end, or find out why it hangs; the lock goes with it",
                )
            time.sleep(1)

    def _named(self, holder: int) -> str:
        if not holder:
            return "another program"
        command = self._hands.read(f"/proc/{holder}/comm") or b""
        name = command.decode("utf-8", "replace").strip()
        return f"process {holder}" + (f" ({name})" if name else "")

    def _look(self) -> tuple[str, ...]:
        lists = (f"--option=Dir::State::lists={LISTS}",) if self._own_lists else ()
        return *_OWN, *lists


def _release(repo: str) -> tuple[str, ...]:
    return (f"--option=APT::Default-Release={repo}",) if repo else ()


def _word(one: Wanted) -> str:
    if one.source:
        return one.source
    return f"{one.name}={one.version}" if one.version else one.name
