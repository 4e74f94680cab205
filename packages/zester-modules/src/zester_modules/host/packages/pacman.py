"""The packages of Arch."""

from collections.abc import Mapping, Sequence
from typing import Final

from zester_modules.host.machine import Candidate, HostProblem, Package, Wanted
from zester_modules.host.packages import pacman_output
from zester_modules.host.packages.manager import CACHE, Hands, asked, done_by, paths

CONFIGURATION: Final = "/etc/pacman.conf"
_DATABASE: Final = f"{CACHE}/pacman"
_PRINT: Final = ("--print", f"--print-format={pacman_output.FORMAT}")


class Pacman:
    """Packages by pacman.

    Args:
        hands: of the machine.
    """

    kind = "pacman"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._own: tuple[str, ...] = ()

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name."""
        return self._installed()

    def _installed(self) -> dict[str, Package]:
        configuration = (self._hands.read(CONFIGURATION) or b"").decode("utf-8", "replace")
        return pacman_output.installed(asked(self._hands, "pacman", "--query"), configuration)

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change."""
        have = self._installed()
        found: list[Candidate] = []
        for verb, words in _orders(wanted, repo):
            printed = asked(self._hands, "pacman", verb, *self._own, *_PRINT, "--", *words)
            found += pacman_output.incoming(printed, have)
        self._hold_to(wanted, found)
        return found

    def _hold_to(self, wanted: Sequence[Wanted], found: Sequence[Candidate]) -> None:
        offered = {one.name: one.after for one in found}
        for one in wanted:
            version = offered.get(one.name, one.version)
            if one.version and version != one.version:
                raise HostProblem(
                    f"{one.name} can be had in version {version} alone, not in {one.version}",
                    hint="the archives of Arch keep one version of each",
                )

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along."""
        words = ("--remove", "--cascade", *(("--nosave",) if purge else ()), *_PRINT)
        return pacman_output.outgoing(asked(self._hands, "pacman", *words, "--", *names))

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that installed packages have brought."""
        return paths(asked(self._hands, "pacman", "--query", "--list", "--quiet", "--", *names))

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had."""
        del repo
        words = ("--sync", *self._own, "--nodeps", "--nodeps", *_PRINT, "--", *names)
        return pacman_output.pairs(asked(self._hands, "pacman", *words, good=(0, 1)))

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1, as vercmp says."""
        return int(asked(self._hands, "vercmp", one, other).strip())

    def peek(self) -> None:
        """Fetch the lists into a database of our own, for simulate and latest from now on."""
        asked(self._hands, "mkdir", "-p", _DATABASE)
        asked(self._hands, "ln", "-sfn", "/var/lib/pacman/local", f"{_DATABASE}/local")
        self._own = ("--dbpath", _DATABASE)
        asked(self._hands, "pacman", "--sync", "--refresh", *self._own, "--logfile", "/dev/null")

    def refresh(self) -> None:
        """Fetch the lists of packages anew."""
        self._own = ()
        done_by(self._hands, "pacman", "--sync", "--refresh", "--noconfirm")

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Install, and what they need; signatures are pacman.conf's affair."""
        del verify
        for verb, words in _orders(wanted, repo):
            done_by(self._hands, "pacman", verb, "--noconfirm", "--", *words)

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remove; `purge` takes the configuration along."""
        words = ("--remove", "--cascade", *(("--nosave",) if purge else ()), "--noconfirm")
        done_by(self._hands, "pacman", *words, "--", *names)

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Refuse: pacman holds packages by a line in its configuration alone."""
        raise HostProblem(
            f"pacman cannot {'hold' if held else 'let go'} {', '.join(names)} by itself",
            hint=f"manage IgnorePkg in {CONFIGURATION}",
        )


def _orders(wanted: Sequence[Wanted], repo: str) -> list[tuple[str, list[str]]]:
    """Give what is installed from the archives and what from files, each with its verb."""
    prefix = f"{repo}/" if repo else ""
    named = [f"{prefix}{one.name}" for one in wanted if not one.source]
    files = [one.source for one in wanted if one.source]
    return [(verb, words) for verb, words in (("--sync", named), ("--upgrade", files)) if words]
