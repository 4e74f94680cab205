"""Prints, at the end of a test run, how long the fleet took to be well after each fault."""

from collections.abc import Iterator

import pytest

PROPERTY = "zester-times"


@pytest.fixture
def times(record_property: object) -> Iterator[list[str]]:
    """A list of lines that the run prints at its end, in whichever process the test runs."""
    lines: list[str] = []
    yield lines
    assert callable(record_property)
    for line in lines:
        record_property(PROPERTY, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines of all tests."""
    lines = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if lines:
        terminalreporter.section("faults, and how long until all was well")
        for line in lines:
            terminalreporter.write_line(line)
