"""Core files of processes that know secrets: there are none."""

import resource


def no_cores() -> None:
    """Leave no core file of this process; what it starts may ask for one again."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
