"""The services of scripts in /etc/init.d, where no systemd runs."""

import re

from zester_modules.host.machine import Command, HostProblem, Service
from zester_modules.host.packages.manager import Hands, done_by, text

SCRIPTS = "/etc/init.d"
_LINK = re.compile(r"S[0-9]{2}(.+)")


def is_enabled(name: str, links: list[str]) -> bool:
    """Say whether a run level starts a service by one of the links of its folder."""
    return any(match[1] == name for link in links if (match := _LINK.fullmatch(link)))


class SysV:
    """Scripts in /etc/init.d, and their links in /etc/rcN.d.

    Args:
        hands: of the machine.
    """

    kind = "sysv"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def find(self, name: str) -> Service | None:
        """Give a service; None where there is no script of that name."""
        script = self._hands.read(f"{SCRIPTS}/{name}") if "/" not in name else None
        if script is None:
            return None
        status = self._hands.ask(Command(argv=(f"{SCRIPTS}/{name}", "status")))
        links = [one for level in "2345" for one in self._hands.list(f"/etc/rc{level}.d") or []]
        return Service(
            name=name,
            running=status.exit_code == 0,
            enabled=is_enabled(name, links),
            can_reload=re.search(rb"^\s*(\S+\|)*reload(\|\S+)*\)", script, re.MULTILINE)
            is not None,
        )

    def names(self) -> list[str]:
        """Give the names of all services, sorted."""
        return [
            name
            for name in self._hands.list(SCRIPTS) or []
            if (look := self._hands.stat(f"{SCRIPTS}/{name}")) and look.mode & 0o111
        ]

    def start(self, name: str) -> None:
        """Start it."""
        self._do(name, "start")

    def stop(self, name: str) -> None:
        """Stop it."""
        self._do(name, "stop")

    def restart(self, name: str) -> None:
        """Restart it."""
        self._do(name, "restart")

    def reload(self, name: str) -> None:
        """Let it read its configuration anew."""
        self._do(name, "reload")

    def enable(self, name: str, *, enabled: bool) -> None:
        """Start it with the machine, or no longer."""
        if self._hands.which("chkconfig"):
            done_by(self._hands, "chkconfig", name, "on" if enabled else "off")
            return
        if enabled:
            done_by(self._hands, "update-rc.d", name, "defaults")
        done_by(self._hands, "update-rc.d", name, "enable" if enabled else "disable")

    def mask(self, name: str, *, masked: bool, runtime: bool = False) -> None:
        """Refuse: scripts cannot be masked."""
        del masked, runtime
        raise HostProblem(f"{name} is a script of SysV, which can be disabled but not masked")

    def daemon_reload(self) -> None:
        """Do nothing: scripts are read each time."""

    def log(self, name: str) -> list[str]:
        """Give nothing: nobody knows where a script's service writes."""
        del name
        return []

    def _do(self, name: str, verb: str) -> None:
        done = self._hands.do(Command(argv=(f"{SCRIPTS}/{name}", verb)))
        if done.exit_code or done.timed_out:
            said = done.stderr.decode("utf-8", "replace").strip() or text(done).strip()
            last = said.splitlines()[-1] if said else f"it ended with {done.exit_code}"
            raise HostProblem(f"{SCRIPTS}/{name} {verb}: {last}")
