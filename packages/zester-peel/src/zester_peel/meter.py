"""The numbers that a peel shows on /metrics; the first three are the runbook's."""

from collections.abc import Callable

from zester_proto.metrics import Registry


class Meter:
    """Every series of the peel.

    Args:
        registry: where they are kept.
        connected: says whether there is a connection.
        uptime: gives the seconds since the start.
    """

    def __init__(
        self, registry: Registry, *, connected: Callable[[], bool], uptime: Callable[[], float]
    ) -> None:
        registry.gauge(
            "zester_peel_connected",
            "1 if connected to the bus, else 0",
            read=lambda: float(connected()),
        )
        registry.gauge("zester_peel_uptime_seconds", "Peel process uptime", read=uptime)
        self.facts_collect = registry.histogram(
            "zester_peel_facts_collect_duration_seconds", "Fact collection latency"
        )
        self.dropped = registry.counter(
            "zester_peel_messages_dropped_total", "Messages that were no order for us", ("reason",)
        )
        self.jobs = registry.counter("zester_peel_jobs_total", "Jobs that ended here", ("outcome",))
        self.job_seconds = registry.histogram(
            "zester_peel_job_duration_seconds", "How long jobs ran here"
        )
        self.stored = registry.counter(
            "zester_peel_returns_stored_total", "Returns that the bus has stored"
        )
        self.events = registry.counter(
            "zester_peel_events_sent_total", "Events that the bus has stored"
        )
        self.restarts = registry.counter(
            "zester_peel_part_restarts_total", "Parts of the agent that failed", ("part",)
        )


def add_job_gauges(
    registry: Registry,
    *,
    running: Callable[[], float],
    waiting: Callable[[], float],
    returns: Callable[[], float],
    spooled: Callable[[], float],
    replaced: Callable[[], float],
) -> None:
    """Add the series that are read when they are asked for."""
    registry.gauge("zester_peel_jobs_running", "Jobs that run now", read=running)
    registry.gauge("zester_peel_jobs_waiting", "Jobs that wait for a place", read=waiting)
    registry.gauge("zester_peel_returns_waiting", "Returns not stored yet", read=returns)
    registry.gauge("zester_peel_returns_spooled_bytes", "Returns on the disk", read=spooled)
    registry.counter(
        "zester_peel_returns_replaced_total", "Returns let go of for want of room", read=replaced
    )
