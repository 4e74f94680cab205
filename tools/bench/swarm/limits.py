"""Open files: enough of them, or one line that says how many are missing."""

import resource

SPARE = 300
"""Files of a process beside its connections; a nats-server keeps its streams open."""


class TooFewFiles(Exception):
    """Raised when this machine's limit does not allow so many connections."""


def allow_files(connections: int) -> None:
    """Let this process and its children hold so many connections each.

    Raises:
        TooFewFiles: the hard limit is lower.
    """
    need = connections + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= need:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    except (ValueError, OSError):
        raise TooFewFiles(
            f"{need} open files are needed, {hard} are allowed: `ulimit -n {need}`, or fewer peels"
        ) from None
