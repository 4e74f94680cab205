"""What is wrong with a daemon right now, as data; the health paths, metrics and logs read it."""

import time
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from zester_proto.logs import Log
from zester_proto.metrics import Registry
from zester_proto.secrets.masker import Masker

Severity = Literal["warning", "error"]
"""`error`: not ready, 503. `warning`: works, but look at it."""


class Condition(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        code: its stable name, words joined by dashes.
        severity: how bad.
        text: what is wrong, with what.
        remedy: what to do.
    """

    code: str
    severity: Severity
    text: str
    remedy: str = ""


class Check(NamedTuple):
    """How one part is.

    Attributes:
        ok: whether it works.
        detail: further fields of the answer, as `latency_ms`.
    """

    ok: bool
    detail: dict[str, Any] = {}  # noqa: RUF012  # never changed


class Health:
    """The conditions and checks of one daemon."""

    def __init__(
        self,
        version: str,
        registry: Registry | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        masker: Masker | None = None,
    ) -> None:
        """Begin with nothing wrong.

        Args:
            version: the daemon's.
            registry: gets the gauge `zester_condition`.
            clock: seconds, rising.
            masker: takes secrets out of what is said.
        """
        self._masker = Masker() if masker is None else masker
        self._version = version
        self._clock = clock
        self._began = clock()
        self._conditions: dict[str, Condition] = {}
        self._checks: dict[str, Callable[[], Check]] = {}
        self._log = Log("zester.health")
        self._gauge = registry and registry.gauge(
            "zester_condition", "1 while a condition holds", ("code", "severity")
        )

    @property
    def uptime(self) -> float:
        """Seconds since the daemon began."""
        return self._clock() - self._began

    def set(self, condition: Condition) -> None:
        """Say that a condition holds; the last text for a code is the one that is shown."""
        mask = self._masker.text
        condition = condition._replace(text=mask(condition.text), remedy=mask(condition.remedy))
        before = self._conditions.get(condition.code)
        self._conditions[condition.code] = condition
        if before == condition:
            return
        if before is not None:
            self._measure(before, holds=False)
        self._measure(condition, holds=True)
        say = self._log.error if condition.severity == "error" else self._log.warn
        say(condition.text, condition=condition.code, remedy=condition.remedy)

    def clear(self, code: str) -> None:
        """Say that a condition does not hold (any more)."""
        before = self._conditions.pop(code, None)
        if before is not None:
            self._measure(before, holds=False)
            self._log.info("a condition is over", condition=code)

    def _measure(self, condition: Condition, *, holds: bool) -> None:
        if self._gauge is None:
            return
        labels = {"code": condition.code, "severity": condition.severity}
        if holds:
            self._gauge.set(1, **labels)
        else:
            self._gauge.remove(**labels)

    def conditions(self) -> list[Condition]:
        """Give what is wrong now, the worst first."""
        return sorted(
            self._conditions.values(), key=lambda one: (one.severity != "error", one.code)
        )

    def check(self, name: str, check: Callable[[], Check]) -> None:
        """Add a part that readiness depends on; `check` is quick and may raise, which is not ok."""
        self._checks[name] = check

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Give the answer of /healthz: a process that answers lives."""
        return True, {"status": "ok", **self._common()}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Give the answer of /readyz in the runbook's form: whether all is well, and the parts."""
        checks = {name: self._run(check) for name, check in self._checks.items()}
        conditions = self.conditions()
        bad = any(not one.ok for one in checks.values())
        bad = bad or any(one.severity == "error" for one in conditions)
        return not bad, {
            "status": "degraded" if bad else "ok",
            "checks": {
                name: {"status": "ok" if one.ok else "error", **self._masker.data(one.detail)}
                for name, one in checks.items()
            },
            "conditions": [one._asdict() for one in conditions],
            **self._common(),
        }

    def _common(self) -> dict[str, Any]:
        return {"version": self._version, "uptime": uptime_text(self.uptime)}

    def _run(self, check: Callable[[], Check]) -> Check:
        try:
            return check()
        except Exception as error:  # noqa: BLE001  # a check that fails is its answer
            return Check(ok=False, detail={"error": str(error) or type(error).__name__})


_HOUR: Final = 3600
_MINUTE: Final = 60


def uptime_text(seconds: float) -> str:
    """Give a duration as the runbook shows it: `24h15m30s`."""
    hours, rest = divmod(int(seconds), _HOUR)
    minutes, whole = divmod(rest, _MINUTE)
    if hours:
        return f"{hours}h{minutes}m{whole}s"
    return f"{minutes}m{whole}s" if minutes else f"{whole}s"
