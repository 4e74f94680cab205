"""What every test of the repository runs with."""

import os
import signal

import pytest

pytest_plugins = [
    "pytester",
    "zester_testing.fixtures",
    "zester_testing.hosts",
    "zester_testing.hosts_plugin",
    "zester_testing.times_plugin",
]


@pytest.fixture(scope="session", autouse=True)
def _processes_are_not_measured() -> None:
    """Keep coverage out of the processes that tests start: it would slow them and load modules."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_what_tests_start() -> None:
    """Undo what a shell does to its background jobs: their children would never see SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
