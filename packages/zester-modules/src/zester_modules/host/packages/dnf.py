"""The packages of Fedora, RHEL and their kin: rpm and dnf."""

from collections.abc import Mapping, Sequence
from typing import Final

from zester_modules.host.machine import Candidate, Command, Package, Wanted
from zester_modules.host.packages import dnf_output, rpm_versions
from zester_modules.host.packages.manager import CACHE, Hands, asked, done_by, held, paths, text

_OWN: Final = f"--setopt=cachedir={CACHE}/dnf"
_QUERY: Final = "%{name}\t%{epoch}:%{version}-%{release}\n"


class Dnf:
    """RPM packages by dnf.

    Args:
        hands: of the machine.
    """

    kind = "dnf"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name."""
        return self._installed()

    def _installed(self) -> dict[str, Package]:
        listed = asked(self._hands, "rpm", "--query", "--all", f"--queryformat={dnf_output.FORMAT}")
        # without the plugin nothing is locked, and the command is unknown
        locks = self._hands.ask(Command(argv=("dnf", "--quiet", "-C", "versionlock", "list")))
        return dnf_output.installed(listed, text(locks) if locks.exit_code == 0 else "")

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change."""
        return self._simulate("install", *_repo(repo), "--", *map(_word, wanted))

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along."""
        del purge  # rpm has no such difference
        return self._simulate("remove", "--noautoremove", "--", *names)

    def _simulate(self, *words: str) -> list[Candidate]:
        argv = ("dnf", "--assumeno", _OWN, *words)
        done = self._hands.ask(Command(argv=argv, env={"COLUMNS": "200"}))
        if b"Operation aborted" not in done.stderr + done.stdout:
            held(argv, done, (0,))
        return dnf_output.simulated(text(done), self._installed())

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that installed packages have brought."""
        return paths(asked(self._hands, "rpm", "--query", "--list", "--", *names))

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had."""
        words = (
            "--quiet",
            "--latest-limit=1",
            f"--queryformat={_QUERY}",
            *_repo(repo),
            "--",
            *names,
        )
        return dnf_output.newest(asked(self._hands, "dnf", "repoquery", _OWN, *words))

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1, as rpm does."""
        return rpm_versions.compare(one, other)

    def peek(self) -> None:
        """Fetch the lists into our own cache, where every simulation looks."""
        asked(self._hands, "dnf", "--quiet", "--refresh", _OWN, "makecache")

    def refresh(self) -> None:
        """Fetch the lists of packages anew."""
        done_by(self._hands, "dnf", "--quiet", "--refresh", "makecache")

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Install or change to these versions, and what they need."""
        trust = () if verify else ("--nogpgcheck",)
        have = self._installed()
        older = [
            one
            for one in wanted
            if one.version and one.name in have
            and rpm_versions.compare(one.version, have[one.name].version) < 0
        ]  # fmt: skip
        newer = [one for one in wanted if one not in older]
        # `install` of an older version says yes and does nothing
        for verb, which in (("install", newer), ("downgrade", older)):
            if which:
                words = ("--assumeyes", *_repo(repo), *trust, verb, "--", *map(_word, which))
                done_by(self._hands, "dnf", *words)

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remove; rpm keeps changed configuration beside as `.rpmsave`."""
        del purge
        done_by(self._hands, "dnf", "--assumeyes", "remove", "--noautoremove", "--", *names)

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Keep packages at their version, or let them go; needs the plugin versionlock."""
        done_by(self._hands, "dnf", "versionlock", "add" if held else "delete", "--", *names)


def _repo(repo: str) -> tuple[str, ...]:
    return (f"--enablerepo={repo}",) if repo else ()


def _word(one: Wanted) -> str:
    return one.source or (f"{one.name}-{one.version}" if one.version else one.name)
