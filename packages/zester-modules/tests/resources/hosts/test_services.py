"""Services of a real host that do not start: why, in their own words."""

import pytest

from hosts.host import Host
from zester_testing.host_law import PYTHON, on_host, refused

SAYS = "echo {name} cannot go on >&2; exit 3"
UNITS = {
    "ends": 'Type=oneshot\nExecStart=/bin/sh -c "echo ends by itself"',
    "refuses": f'Type=oneshot\nExecStart=/bin/sh -c "{SAYS}"',
    "mute": 'Type=notify\nTimeoutStartSec=1\nExecStart=/bin/sh -c "echo it waits; sleep 1000"',
    "gone": "Type=exec\nExecStart=/usr/bin/no-such-program",
    "endless": "Type=oneshot\nExecStart=/bin/sleep 1000",
}


@pytest.fixture(scope="module")
def host(debian_host: Host) -> Host:
    """A host with services that do not start."""
    for name, text in UNITS.items():
        unit = f"[Service]\n{text.format(name=name)}\n"
        debian_host.write(f"/etc/systemd/system/{name}.service", unit)
    needs = "[Unit]\nRequires=refuses.service\nAfter=refuses.service\n"
    debian_host.write(
        "/etc/systemd/system/needs.service", f"{needs}[Service]\nExecStart=/bin/sleep 1000\n"
    )
    debian_host.run(["systemctl", "daemon-reload"]).check()
    return debian_host


@pytest.mark.parametrize(
    ("name", "why", "said"),  # what a unit prints as it ends, the journal may not know as its
    [
        ("ends", "ends was started and does not run", "Finished ends.service"),
        ("refuses", "because the control process exited with error code", "status=3"),
        ("mute", "because a timeout was exceeded", "it waits"),
        ("gone", "because the control process exited with error code", "status=203/EXEC"),
        ("needs", "A dependency job for needs.service failed", "result 'dependency'"),
    ],
)
def test_a_service_that_does_not_start_says_why(host: Host, name: str, why: str, said: str):
    done = on_host(host, "apply", "service.running", name)
    assert why in done["failed"]
    log = done["hint"].partition("its log ends with:\n")[2].splitlines()
    assert any(said in line for line in log), done["hint"]
    assert done["applied"] == []


def test_a_unit_where_its_mask_would_lie_cannot_be_masked(host: Host):
    assert "its unit is /etc/systemd/system/ends.service" in refused(host, "service.masked", "ends")
    assert refused(host, "service.masked", "cron") == ""


IMPATIENT = """
from pathlib import Path
from zester_modules.host.machine import HostProblem
from zester_modules.host.real.machine import RealMachine
from zester_modules.host.services import systemd

systemd.PATIENCE = 1.0
try:
    RealMachine(Path("/tmp")).services.start("endless")
except HostProblem as problem:
    print(problem.message)
"""


def test_a_start_without_an_end_is_not_waited_for_for_ever(host: Host):
    said = host.run([PYTHON, "-c", IMPATIENT]).check().out
    assert said == (
        "systemctl start endless.service: it is not through after 1 s; systemd goes on with it\n"
    )
    assert host.run(["systemctl", "is-active", "endless"]).out == "activating\n"
