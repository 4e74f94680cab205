"""The services of systemd."""

from typing import Final

import msgspec

from zester_modules.host.machine import Command, HostProblem, Service
from zester_modules.host.packages.manager import Hands, asked, text
from zester_modules.host.services import systemd_output

PATIENCE: Final = 600.0
"""Seconds that a service may take to start or stop; most have shorter ones of systemd's own."""

_SAID: Final = 10
"""Lines of a log that are told."""
_JOBS: Final = frozenset({"start", "stop", "restart", "reload"})
_LIST: Final = ("--type=service", "--all", "--no-legend", "--plain", "--no-pager")


class Systemd:
    """Systemd, by systemctl.

    Args:
        hands: of the machine.
    """

    kind = "systemd"

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def find(self, name: str) -> Service | None:
        """Give a service; None where systemd knows none of that name."""
        unit = _unit(name)
        printed = asked(
            self._hands, "systemctl", "show", f"--property={systemd_output.PROPERTIES}", "--", unit
        )
        found = systemd_output.service(name, printed)
        if found is None or not systemd_output.is_script(printed):
            return found
        done = self._hands.ask(Command(argv=("systemctl", "is-enabled", "--quiet", "--", unit)))
        return msgspec.structs.replace(found, enabled=done.exit_code == 0)

    def names(self) -> list[str]:
        """Give the names of all services, sorted."""
        units = asked(self._hands, "systemctl", "list-units", *_LIST)
        files = asked(self._hands, "systemctl", "list-unit-files", *_LIST)
        return systemd_output.names(units, files)

    def start(self, name: str) -> None:
        """Start it, and wait until systemd says so."""
        self._do("start", name)

    def stop(self, name: str) -> None:
        """Stop it."""
        self._do("stop", name)

    def restart(self, name: str) -> None:
        """Restart it."""
        self._do("restart", name)

    def reload(self, name: str) -> None:
        """Let it read its configuration anew."""
        self._do("reload", name)

    def enable(self, name: str, *, enabled: bool) -> None:
        """Start it with the machine, or no longer."""
        self._do("enable" if enabled else "disable", name)

    def mask(self, name: str, *, masked: bool, runtime: bool = False) -> None:
        """Make it impossible to start, or possible again."""
        self._do("mask" if masked else "unmask", name, *(("--runtime",) if runtime else ()))

    def daemon_reload(self) -> None:
        """Let systemd read its units anew."""
        self._run("--quiet", "daemon-reload")

    def log(self, name: str) -> list[str]:
        """Give the last lines of the journal about its newest start; none without a journal."""
        unit = _unit(name)
        shown = asked(
            self._hands, "systemctl", "show", "--property=InactiveExitTimestamp", "--", unit
        )
        began = systemd_output.shown(shown).get("InactiveExitTimestamp", "")
        # systemd forgets the time of one that ended well, and one whose needs failed has none
        which = (f"--since={began}", f"--lines={_SAID}") if began else ("--boot", "--lines=3")
        self._hands.ask(Command(argv=("journalctl", "--sync")))
        argv = ("journalctl", "--quiet", "--no-pager", "--output=cat", f"--unit={unit}", *which)
        return text(self._hands.ask(Command(argv=argv))).splitlines()

    def _do(self, verb: str, name: str, *options: str) -> None:
        self._reread_if_needed(name)
        # a job that fails says why, the links of others are nobody's news
        quiet = () if verb in _JOBS else ("--quiet",)
        self._run(*quiet, verb, *options, "--", _unit(name))

    def _reread_if_needed(self, name: str) -> None:
        printed = asked(
            self._hands, "systemctl", "show", "--property=NeedDaemonReload", "--", _unit(name)
        )
        if systemd_output.shown(printed).get("NeedDaemonReload") == "yes":
            self.daemon_reload()

    def _run(self, *words: str) -> None:
        argv = ("systemctl", "--no-ask-password", "--no-pager", *words)
        done = self._hands.do(Command(argv=argv, timeout=PATIENCE))
        if not done.exit_code and not done.timed_out:
            return
        verb, unit = next(one for one in words if not one.startswith("-")), words[-1]
        said = done.stderr.decode("utf-8", "replace").strip() or text(done).strip()
        why = said.splitlines()[0] if said else f"it ended with {done.exit_code}"
        if done.timed_out:
            why = f"it is not through after {PATIENCE:.0f} s; systemd goes on with it"
        raise HostProblem(
            f"systemctl {verb} {unit}: {why}",
            hint=f"look at `systemctl status {unit}` and `journalctl -u {unit}`",
        )


def _unit(name: str) -> str:
    return name if "." in name else f"{name}.service"
