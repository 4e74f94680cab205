"""The metrics of a master, under the runbook's names."""

from collections.abc import Callable

from zester_proto.metrics import Registry

RESOLUTION = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0)
"""Bounds, in seconds, around the runbook's target of 10 ms for a compound target."""


class Meter:
    """What a master counts."""

    def __init__(
        self,
        registry: Registry,
        *,
        peels: Callable[[], float],
        jobs: Callable[[], float],
        quarantined: Callable[[], float],
    ) -> None:
        """Add the series to a registry.

        Args:
            registry: the master's.
            peels: how many peels are known and present.
            jobs: how many jobs this master owns at this moment.
            quarantined: how many peels are shut out.
        """
        registry.gauge("zester_connected_peels", "Currently connected peels", read=peels)
        registry.gauge("zester_job_active", "Currently running jobs", read=jobs)
        registry.gauge("zester_quarantined_peels", "Peels that are shut out", read=quarantined)
        self.jobs = registry.counter(
            "zester_jobs_total", "Jobs that ended, by how they did", ("status",)
        )
        self.job_seconds = registry.histogram(
            "zester_job_duration_seconds", "Job execution duration"
        )
        self.facts = registry.counter("zester_facts_sync_total", "Facts of peels taken")
        self.facts_errors = registry.counter(
            "zester_facts_sync_errors_total", "Facts of peels that were dropped"
        )
        self.keys_refused = registry.counter(
            "zester_peel_keys_refused_total", "Keys in a peel's name that no master admitted"
        )
        self.targeting = registry.histogram(
            "zester_targeting_resolution_duration_seconds",
            "Target resolution latency",
            bounds=RESOLUTION,
        )
        self.returns = registry.counter("zester_returns_total", "Returns of peels taken")
        self.dropped = registry.counter(
            "zester_dropped_total", "Messages of peels and operators that were dropped", ("reason",)
        )
        self.requests = registry.counter(
            "zester_requests_total", "Requests of operators answered", ("verb", "problem")
        )
        self.restarts = registry.counter(
            "zester_part_restarts_total", "Parts of the master that failed and came back", ("part",)
        )
        self.takeovers = registry.counter(
            "zester_job_takeovers_total", "Jobs taken over from a master that was gone"
        )
