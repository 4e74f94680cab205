"""The packages of Alpine."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from zester_modules.host.machine import Candidate, Command, HostProblem, Package, Wanted
from zester_modules.host.packages import apk_output
from zester_modules.host.packages.manager import CACHE, Hands, asked, done_by, held, paths, text

WORLD: Final = "/etc/apk/world"
_OWN: Final = ("--cache-dir", f"{CACHE}/apk")
_WAIT: Final = ("--wait", "300")


class Apk:
    """Packages by apk.

    Args:
        hands: of the machine.
    """

    kind = "apk"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._own: tuple[str, ...] = ()

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name."""
        world = (self._hands.read(WORLD) or b"").decode("utf-8", "replace")
        return apk_output.installed(asked(self._hands, "apk", "info", "-v"), world)

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change."""
        return self._simulate("add", *(_word(one, repo) for one in wanted))

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along."""
        return self._simulate("del", *(("--purge",) if purge else ()), *names)

    def _simulate(self, *words: str) -> list[Candidate]:
        argv = ("apk", *self._own, "--simulate", "--no-interactive", *words)
        done = self._hands.ask(Command(argv=argv))
        held(argv, done, (0,))
        return apk_output.simulated(text(done))

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that installed packages have brought."""
        return paths(asked(self._hands, "apk", "info", "--quiet", "--contents", *names))

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had."""
        del repo
        return apk_output.newest(asked(self._hands, "apk", *self._own, "search", "--exact", *names))

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1, as apk says."""
        sign = asked(self._hands, "apk", "version", "--test", one, other).strip()
        try:
            return {"<": -1, "=": 0, ">": 1}[sign]
        except KeyError:
            raise HostProblem(f"apk cannot compare the versions {one} and {other}") from None

    def peek(self) -> None:
        """Fetch the lists into our own cache, for simulate and latest from now on."""
        asked(self._hands, "mkdir", "-p", _OWN[1])
        self._own = _OWN
        asked(self._hands, "apk", *_OWN, "--quiet", "update")

    def refresh(self) -> None:
        """Fetch the lists of packages anew."""
        self._own = ()
        done_by(self._hands, "apk", *_WAIT, "--quiet", "update")

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Install or change to these versions, and what they need."""
        trust = () if verify else ("--allow-untrusted",)
        newest = self.latest([one.name for one in wanted if not one.source])
        # a version that is named is pinned from then on, so it is named only where it must be
        words = [
            _word(msgspec.structs.replace(one, version=""), repo)
            if one.version == newest.get(one.name)
            else _word(one, repo)
            for one in wanted
        ]
        done_by(self._hands, "apk", *_WAIT, "--no-interactive", *trust, "add", *words)

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remove; `purge` takes the configuration along."""
        words = ("--no-interactive", "del", *(("--purge",) if purge else ()), *names)
        done_by(self._hands, "apk", *_WAIT, *words)

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Pin packages to their version in the file world, or let them go."""
        have = self.installed()
        words = [f"{name}={have[name].version}" if held else name for name in names]
        done_by(self._hands, "apk", *_WAIT, "--no-interactive", "add", *words)


def _word(one: Wanted, repo: str) -> str:
    if one.source:
        return one.source
    tag = f"@{repo}" if repo else ""
    return f"{one.name}{tag}={one.version}" if one.version else f"{one.name}{tag}"
