"""Skips, in one line, the tests whose needs this machine lacks; or fails every skip."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterable

import pytest

from hosts.apt import machine_sources, mirror_of
from hosts.base import SUITE, base_is_there, base_root
from hosts.cache import cache_folder
from hosts.errors import HostsError

REQUIRE = "ZESTER_REQUIRE_HOSTS"

# Debian's package of each command that a test may need; .ci/run installs the same ones.
PACKAGES = {
    "debootstrap": "debootstrap",
    "faketime": "faketime",
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "systemd-nspawn": "systemd-container",
}


def _is_root() -> bool:
    return os.geteuid() == 0


def _has_namespaces() -> bool:
    command = ["unshare", "--net", "true"]
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_overlayfs() -> bool:
    """Try it where the roots will lie: not every file system can be the upper layer."""
    script = (
        "mkdir upper work root && "
        "mount -t overlay test -o lowerdir=/usr,upperdir=upper,workdir=work root"
    )
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            command = ["unshare", "--mount", "sh", "-c", script]
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _has_mirror() -> bool:
    return base_is_there() or mirror_of(machine_sources(), SUITE) is not None


CHECKS: dict[str, Callable[[], bool]] = {
    "root": _is_root,
    "namespaces": _has_namespaces,
    "overlayfs": _has_overlayfs,
    "a Debian mirror in apt's sources": _has_mirror,
}

ROOTS = ("root", "namespaces", "overlayfs", "debootstrap", "a Debian mirror in apt's sources")
"""What a throw-away root needs."""

WHOLE_HOSTS = (*ROOTS, "systemd-nspawn", "ip", "iptables", "nsenter")
"""What a host with a systemd of its own needs."""

FIXTURES = {
    "hosts_layers": ROOTS,
    "yard": ROOTS,
    "debian_root": ROOTS,
    "debian_host": WHOLE_HOSTS,
    "host_fleet": WHOLE_HOSTS,
}
"""What a test needs by the fixtures that it asks for; so it need not be marked."""


def missing(needs: Iterable[str]) -> list[str]:
    """Return what this machine lacks of `needs`: keys of CHECKS, or names of commands."""
    return sorted(need for need in needs if not _is_met(need))


def _is_met(need: str) -> bool:
    return CHECKS[need]() if need in CHECKS else shutil.which(need) is not None


def sentence(lacks: list[str]) -> str:
    """Say what is missing, and which Debian packages bring it."""
    packages = sorted({PACKAGES[lack] for lack in lacks if lack in PACKAGES})
    remedy = f" (apt-get install {' '.join(packages)})" if packages else ""
    return f"missing on this machine: {', '.join(lacks)}{remedy}"


def _needs(item: pytest.Item) -> set[str]:
    marks = item.iter_markers("hosts")
    named = {need for mark in marks for need in mark.args or ("root", "namespaces")}
    return named.union(*(FIXTURES.get(name, ()) for name in _fixtures(item)))


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else []


REASON = pytest.StashKey[str]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all tests that lack something one reason, so that pytest folds them into one line."""
    lacks = missing({need for item in items for need in _needs(item)})
    for item in items:
        if _needs(item).intersection(lacks):
            item.stash[REASON] = sentence(lacks)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that lacks something."""
    if REASON in item.stash:
        pytest.skip(item.stash[REASON])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the base root before the first test that needs it: it takes longer than a test may."""
    wanted = [
        item
        for item in session.items
        if REASON not in item.stash and not FIXTURES.keys().isdisjoint(_fixtures(item))
    ]
    if wanted and not session.config.option.collectonly:
        try:
            base_root()
        except HostsError as error:
            for item in wanted:
                item.stash[REASON] = f"no base root: {error}"


def _fail_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(REQUIRE) == "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason}; with {REQUIRE}=1 a skip is a failure"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one where none may be skipped."""
    report = yield
    _fail_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a file that skips itself."""
    report = yield
    _fail_skip(report)
    return report
