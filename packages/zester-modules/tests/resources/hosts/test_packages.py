"""Packages and services of a real Debian host."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hosts.host import Host
from zester_testing.host_law import PYTHON, hold_on, on_host, refused

Leaves = list[tuple[str, object, object]]


def come(leaves: Leaves) -> set[str]:
    """Give the leaves that are there now."""
    return {path for path, _, now in leaves if now is not None}


def gone(leaves: Leaves) -> set[str]:
    """Give the leaves that are not there any more."""
    return {path for path, _, now in leaves if now is None}


# packages come from the registry, as quick as that is
@pytest.mark.timeout(400)
def test_packages_and_services_come_go_and_are_kept(debian_host: Host):
    host = debian_host
    assert "there is no service 'nginx'" in refused(host, "service.running", "nginx")
    # the host's lists are empty: ours are fetched by the check, the host's by apply
    came = hold_on(host, "pkg.installed", "web", pkgs=["nginx-light", "tree"])
    assert come(came) >= {"nginx-light:version", "nginx-common:version", "tree:version"}
    assert hold_on(host, "pkg.installed", "tree") == []
    assert hold_on(host, "pkg.latest", "tree", refresh=False) == []

    assert hold_on(host, "service.dead", "nginx", enable=False) == [
        ("nginx:running", True, False), ("nginx:enabled", True, False),
    ]  # fmt: skip
    assert hold_on(host, "service.masked", "nginx") == [("nginx:masked", False, True)]
    assert "masked" in refused(host, "service.running", "nginx")
    assert hold_on(host, "service.running", "nginx", unmask=True, enable=True) == [
        ("nginx:masked", True, False), ("nginx:running", False, True),
        ("nginx:enabled", False, True),
    ]  # fmt: skip
    assert hold_on(host, "service.disabled", "nginx") == [("nginx:enabled", True, False)]
    assert hold_on(host, "service.enabled", "nginx") == [("nginx:enabled", False, True)]
    assert hold_on(host, "service.dead", "no-such-thing") == []

    reaction = on_host(host, "react", "service.running", "nginx", reload=True)
    assert reaction["applied"] == [["nginx:reaction", None, "reloaded"]]
    reaction = on_host(host, "react", "service.running", "nginx")
    assert reaction["applied"] == [["nginx:reaction", None, "restarted"]]

    assert hold_on(host, "pkg.installed", "tree", hold=True) == [("tree:held", False, True)]
    assert host.run(["apt-mark", "showhold"]).out == "tree\n"
    assert hold_on(host, "pkg.unheld", "tree") == [("tree:held", True, False)]
    assert hold_on(host, "pkg.held", "tree") == [("tree:held", False, True)]
    assert hold_on(host, "pkg.unheld", "tree") == [("tree:held", True, False)]
    assert "nobody" in refused(host, "pkg.latest", "no-such-thing", refresh=False)
    assert "no-such-thing" in refused(host, "pkg.installed", "no-such-thing", refresh=False)

    went = hold_on(host, "pkg.removed", "nginx-common")
    assert gone(went) >= {"nginx-common:version", "nginx-light:version"}
    assert hold_on(host, "pkg.removed", "nginx-common") == []
    # what dpkg calls rc: removed, and its configuration is left
    assert hold_on(host, "pkg.purged", "nginx-common") == [
        ("nginx-common:configuration", "kept", None)
    ]
    assert gone(hold_on(host, "pkg.purged", "tree")) == {"tree:version"}


# Holds dpkg's lock, as an upgrade of the host's own does, until somebody has waited for it.
HOLDER = """
import fcntl, os, pathlib, time

def waits():
    return any(one.read_bytes() == b"apt-get\\n" for one in pathlib.Path("/proc").glob("*/comm"))

with open("/var/lib/dpkg/lock-frontend", "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    pathlib.Path("/srv/held").touch()
    while not waits():
        time.sleep(0.05)
    time.sleep(1.5)
    print(os.path.exists("/usr/bin/tree"))
"""


@pytest.mark.timeout(400)
def test_a_host_is_brought_up_to_date_and_held_packages_are_not(debian_host: Host):
    host = debian_host
    host.run(["apt-get", "update"])
    host.run(["apt-get", "install", "-y", "tree", "ed"])
    status = host.read("/var/lib/dpkg/status")
    now = {name: _version(status, name) for name in ("tree", "ed")}
    try:
        for name, version in now.items():
            status = status.replace(
                f"Package: {name}\nStatus: install ok installed",
                f"Package: {name}\nStatus: {'hold' if name == 'ed' else 'install'} ok installed",
            ).replace(f"\nVersion: {version}\n", "\nVersion: 0.1\n")
        host.write("/var/lib/dpkg/status", status)
        expected = {
            line.split()[1] for line in host.run(["apt-get", "-s", "upgrade"]).out.splitlines()
            if line.startswith("Inst ")
        }  # fmt: skip
        assert "tree" in expected
        assert "ed" not in expected
        changes = hold_on(host, "pkg.uptodate", "it", pkgs=["tree", "ed"])
        assert changes == [("tree:version", "0.1", now["tree"])]
        planned = on_host(host, "check", "pkg.uptodate", "it")["planned"]
        assert {path.removesuffix(":version") for path, _, _ in planned} >= expected - {"tree"}
    finally:
        host.run(["apt-mark", "unhold", "ed"])
        host.run(["apt-get", "purge", "-y", "tree", "ed"])


def _version(status: str, name: str) -> str:
    entry = status.partition(f"Package: {name}\n")[2].partition("\n\n")[0]
    return entry.partition("\nVersion: ")[2].partition("\n")[0]


def test_a_lock_that_another_holds_is_waited_for(debian_host: Host):
    host = debian_host
    host.write("/srv/holder.py", HOLDER)
    assert on_host(host, "check", "pkg.installed", "tree")["planned"] != []
    with ThreadPoolExecutor() as pool:
        holder = pool.submit(host.run, [PYTHON, "/srv/holder.py"], timeout=120)
        wait = "until test -e /srv/held; do sleep 0.1; done"
        host.run(["sh", "-c", wait], timeout=60).check()
        done = on_host(host, "apply", "pkg.installed", "tree")
        assert holder.result().check().out == "False\n"
    assert [path for path, _, _ in done["applied"]] == ["tree:version"]
    assert not done["failed"]
