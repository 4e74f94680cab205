from pathlib import Path

import pytest

from hosts.errors import HostsError
from hosts.host import Host
from hosts.layers import zester_layers
from hosts.root import Root
from hosts.upper import differences
from hosts.yard import Yard


def test_a_root_runs_commands_and_forgets_what_they_wrote(yard: Yard, hosts_layers: list[Path]):
    with yard.root(hosts_layers) as root:
        assert root.run(["cat", "/etc/debian_version"]).check().out.startswith("12.")
        root.run(["sh", "-c", "echo new > /etc/motd; rm /etc/issue"]).check()
        said = {path: entry.kind for path, entry in root.written().items()}
        assert said == {"/etc": "directory", "/etc/motd": "file", "/etc/issue": "removed"}
    with yard.root(hosts_layers) as root:
        assert root.written() == {}
    assert list(yard.folder.iterdir()) == []


def test_a_root_has_processes_of_its_own(debian_root: Root):
    assert (
        debian_root.run(["sh", "-c", "echo $$; ls -d /proc/[0-9]*"]).check().out.startswith("1\n")
    )


def test_zester_runs_in_a_root(debian_root: Root):
    done = debian_root.run(["zester-peel", "call", "test.ping"]).check()
    assert done.out == "true\n"
    written = [path for path in debian_root.written() if path != "/tmp"]
    assert written == []


def test_a_layer_brings_packages_below_ours(yard: Yard, hosts_layers: list[Path]):
    layers = zester_layers("hello")
    assert [*layers[:2], layers[-1]] == hosts_layers
    with yard.root(layers) as root:
        assert root.run(["hello"]).check().out == "Hello, world!\n"
        assert root.run(["zester-peel", "call", "test.ping"]).check().out == "true\n"
        assert not (root.path / "usr/sbin/policy-rc.d").exists()


def test_a_command_that_fails_says_why(debian_root: Root):
    done = debian_root.run(["cat", "/nothing"])
    assert done.code == 1
    with pytest.raises(HostsError, match=r"cat /nothing ended with 1: .*No such file"):
        done.check()


def test_the_difference_shows_what_looks_as_before(debian_root: Root):
    debian_root.run(["sh", "-c", "echo a > /etc/a; echo b > /etc/b; echo c > /etc/c"]).check()
    before = debian_root.written()
    assert differences(before, debian_root.written()) == {}
    debian_root.run(["cat", "/etc/a", "/etc/passwd"]).check()
    assert differences(before, debian_root.written()) == {}
    debian_root.run(
        ["sh", "-c", "rm /etc/a; echo d > /etc/d; echo b > /etc/b; chmod 600 /etc/c"]
    ).check()
    after = debian_root.written()
    assert differences(before, after) == {
        "/etc": "changed",
        "/etc/a": "gone",
        "/etc/b": "changed",
        "/etc/c": "changed",
        "/etc/d": "new",
    }
    assert differences(before, after, times=False) == {
        "/etc/a": "gone",
        "/etc/c": "changed",
        "/etc/d": "new",
    }


def test_a_file_that_came_and_went_shows_in_its_folder(debian_root: Root):
    debian_root.run(["mkdir", "/etc/zester"]).check()
    before = debian_root.written()
    debian_root.run(["sh", "-c", "touch /etc/zester/x && rm /etc/zester/x"]).check()
    assert differences(before, debian_root.written()) == {"/etc/zester": "changed"}


def test_a_host_is_up_with_a_systemd_of_its_own(debian_host: Host):
    assert debian_host.run(["systemctl", "is-system-running"]).check().out == "running\n"
    assert debian_host.run(["hostname"]).check().out == "debian\n"
    assert debian_host.run(["cat", "/proc/1/comm"]).check().out == "systemd\n"


def test_files_go_in_and_out_of_a_host(debian_host: Host):
    debian_host.write("/etc/app/secret.conf", "a: 1\n", 0o600)
    assert debian_host.read("/etc/app/secret.conf") == "a: 1\n"
    assert debian_host.written()["/etc/app/secret.conf"].mode == 0o600


def test_a_host_installs_packages(debian_host: Host):
    debian_host.run(["apt-get", "-qq", "update"]).check()
    debian_host.run(["apt-get", "-qq", "--yes", "install", "hello"]).check()
    assert debian_host.run(["hello"]).check().out == "Hello, world!\n"


def test_hosts_keep_their_disks_through_crash_and_stop(yard: Yard, hosts_layers: list[Path]):
    one, two = yard.start("one", "two", layers=hosts_layers)
    one.write("/srv/kept", "yes\n")
    one.crash()
    assert not one.running
    one.start()
    assert one.read("/srv/kept") == "yes\n"
    one.stop()
    one.start()
    assert one.read("/srv/kept") == "yes\n"
    assert two.run(["ping", "-c1", one.address]).code == 0
    one.cut()
    assert two.run(["ping", "-c1", "-W1", one.address]).code == 1
    one.mend()
    assert two.run(["ping", "-c1", one.address]).code == 0
