"""The packages of SUSE: rpm and zypper."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from zester_modules.host.machine import Candidate, Command, Package, Wanted
from zester_modules.host.packages import dnf_output, rpm_versions, zypper_output
from zester_modules.host.packages.manager import CACHE, Hands, asked, done_by, held, paths, text

_LOOK: Final = ("--non-interactive", "--xmlout", "--cache-dir", f"{CACHE}/zypper")
_ACT: Final = ("--non-interactive",)
_NOTHING: Final = (0, 104)
"""104: no such package."""


class Zypper:
    """RPM packages by zypper.

    Args:
        hands: of the machine.
    """

    kind = "zypper"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name."""
        listed = asked(self._hands, "rpm", "--query", "--all", f"--queryformat={dnf_output.FORMAT}")
        locks = zypper_output.locked(asked(self._hands, "zypper", *_LOOK, "locks"))
        return {
            name: msgspec.structs.replace(one, held=name in locks)
            for name, one in dnf_output.installed(listed).items()
        }

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change."""
        return self._simulate("install", "--oldpackage", *_repo(repo), "--", *map(_word, wanted))

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along."""
        del purge  # rpm has no such difference
        return self._simulate("remove", "--", *names)

    def _simulate(self, verb: str, *words: str) -> list[Candidate]:
        argv = ("zypper", *_LOOK, "--no-refresh", verb, "--dry-run", *words)
        done = self._hands.ask(Command(argv=argv))
        held(argv, done, (0,))
        return zypper_output.simulated(text(done))

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that installed packages have brought."""
        return paths(asked(self._hands, "rpm", "--query", "--list", "--", *names))

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had."""
        words = (
            "search",
            "--details",
            "--match-exact",
            "--type=package",
            *_repo(repo),
            "--",
            *names,
        )
        return zypper_output.candidates(
            asked(self._hands, "zypper", *_LOOK, "--no-refresh", *words, good=_NOTHING)
        )

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1, as rpm does."""
        return rpm_versions.compare(one, other)

    def peek(self) -> None:
        """Fetch the lists into our own cache, where every simulation looks."""
        asked(self._hands, "zypper", *_LOOK, "refresh")

    def refresh(self) -> None:
        """Fetch the lists of packages anew."""
        done_by(self._hands, "zypper", *_ACT, "refresh")

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Install or change to these versions, and what they need."""
        trust = () if verify else ("--no-gpg-checks",)
        words = ("install", "--oldpackage", "--auto-agree-with-licenses", *_repo(repo))
        done_by(self._hands, "zypper", *_ACT, *trust, *words, "--", *map(_word, wanted))

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remove."""
        del purge
        done_by(self._hands, "zypper", *_ACT, "remove", "--", *names)

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Keep packages at their version, or let them go."""
        done_by(self._hands, "zypper", *_ACT, "addlock" if held else "removelock", "--", *names)


def _repo(repo: str) -> tuple[str, ...]:
    return (f"--from={repo}",) if repo else ()


def _word(one: Wanted) -> str:
    return one.source or (f"{one.name}={one.version}" if one.version else one.name)
