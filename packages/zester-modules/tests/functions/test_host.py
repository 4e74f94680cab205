"""Functions of packages, services and settings, on this machine and on a made-up one."""

import getpass
import os
import shutil
import socket
import subprocess
from typing import Any

import msgspec
import pytest

from zester_modules.accounts.sha512_crypt import sha512_crypt
from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.function import AnyFunction
from zester_modules.functions import (
    disk,
    kmod,
    network,
    pkg,
    processes,
    ps,
    random,
    service,
    status,
    sysctl,
    timezone,
)
from zester_modules.host.machine import Package, Service
from zester_modules.returns import Return
from zester_testing.plain_machine import PlainMachine


def run(declared: AnyFunction, context: Context, *args: Any) -> Return:
    return run_bound(bind(declared, args, {}), context)


@pytest.fixture
def machine() -> PlainMachine:
    made = PlainMachine()
    made.packages.have = {
        "vim": Package(name="vim", version="1"),
        "joe": Package(name="joe", version="3", config_only=True),
    }
    made.packages.offered = {"vim": "2", "nano": "5"}
    made.services.have = {"cron": Service(name="cron", running=False, enabled=True)}
    return made


def test_packages_are_looked_at_and_changed(context: Context, machine: PlainMachine):
    context = msgspec.structs.replace(context, machine=machine)
    assert run(pkg.list_pkgs, context).value == {"vim": "1"}
    assert run(pkg.version, context, "vim").value == "1"
    assert run(pkg.version, context, "vim", "joe").value == {"vim": "1", "joe": ""}
    newest = run(pkg.latest_version, context, "vim", "nano", "joe").value
    assert newest == {"vim": "2", "nano": "5", "joe": ""}
    assert run(pkg.version_cmp, context, "1", "2").value == -1
    done = run(pkg.install, context, "nano")
    assert (done.outcome, done.value) == ("changed", {"nano": {"old": "", "new": "5"}})
    assert run(pkg.install, context, "nano").outcome == "ok"
    assert run(pkg.remove, context, "nano").value == {"nano": {"old": "5", "new": ""}}
    assert run(pkg.purge, context, "never-there").outcome == "ok"


def test_services_are_looked_at_and_changed(context: Context, machine: PlainMachine):
    context = msgspec.structs.replace(context, machine=machine)
    assert not run(service.status, context, "cron").value
    assert run(service.enabled, context, "cron").value
    assert not run(service.available, context, "at").value
    assert run(service.get_all, context).value == ["cron"]
    assert run(service.start, context, "cron").outcome == "changed"
    assert run(service.start, context, "cron").outcome == "ok"
    assert run(service.restart, context, "cron").outcome == "changed"
    assert run(service.reload, context, "cron").outcome == "changed"
    assert run(service.stop, context, "cron").outcome == "changed"
    assert run(service.start, context, "at").outcome == "refused"


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="this machine has no dpkg")
def test_packages_of_this_machine(context: Context):
    assert run(pkg.version, context, "dpkg").value
    assert run(pkg.version_cmp, context, "1.0~rc1", "1.0").value == -1
    assert run(pkg.version_cmp, context, "1:0", "2").value == 1
    assert run(pkg.version_cmp, context, "1", "1").value == 0


def test_settings_of_this_machine(context: Context):
    assert run(sysctl.sysctl_get, context, "kernel.ostype").value == "Linux"
    assert run(sysctl.sysctl_get, context, "kernel.no_such_thing").value == ""
    assert run(timezone.get_zone, context).value
    assert isinstance(run(kmod.kmod_list, context).value, list)
    assert set(run(disk.usage, context, "/").value["/"]) >= {"used", "available"}


def test_packages_are_named_and_held_in_every_way(context: Context, machine: PlainMachine):
    context = msgspec.structs.replace(context, machine=machine)
    assert run(pkg.list_upgrades, context).value == {"vim": "2"}
    assert run(pkg.upgrade_available, context, "vim").value
    assert not run(pkg.upgrade_available, context, "nano").value
    assert run(pkg.upgrade, context).value == {"vim": {"old": "1", "new": "2"}}
    assert run(pkg.upgrade, context).outcome == "ok"
    named = bind(pkg.install, [], {"name": "nano"})
    assert run_bound(named, context).value == {"nano": {"old": "", "new": "5"}}
    assert run_bound(bind(pkg.remove, [], {"pkgs": "[nano]"}), context).outcome == "changed"
    assert run(pkg.install, context).outcome == "refused"
    assert run(pkg.hold, context, "vim").value == ["vim"]
    assert run(pkg.hold, context, "vim").outcome == "ok"
    assert run(pkg.unhold, context, "vim").value == ["vim"]
    assert run(pkg.hold, context, "never-there").outcome == "refused"


def test_services_start_with_the_machine_or_not(context: Context, machine: PlainMachine):
    context = msgspec.structs.replace(context, machine=machine)
    assert run(service.disable, context, "cron").outcome == "changed"
    assert run(service.disabled, context, "cron").value
    assert run(service.enable, context, "cron").outcome == "changed"
    assert run(service.enable, context, "cron").outcome == "ok"
    assert run(service.mask, context, "cron").outcome == "changed"
    assert run(service.masked, context, "cron").value
    assert run(service.unmask, context, "cron").outcome == "changed"
    assert run(service.missing, context, "at").value
    assert run(service.systemctl_reload, context).value is True
    assert run(service.mask, context, "at").outcome == "refused"


def test_texts_and_hashes_that_nobody_can_foresee(context: Context):
    found = {run(random.get_str, context, "12", "ab").value for _ in range(20)}
    assert {len(one) for one in found} == {12}
    assert {sign for one in found for sign in one} == {"a", "b"}
    hashed = run(random.shadow_hash, context, "salt", "secret").value
    assert hashed == sha512_crypt("secret", "salt")
    assert run(random.shadow_hash, context).value.startswith("$6$")
    assert run(random.rand_int, context, "3", "3").value == 3
    assert len(run(random.random_hash, context, "x", "sha256").value) == 64
    assert run(random.get_str, context, "0").outcome == "refused"


def test_processes_are_found_described_and_ended(context: Context):
    with subprocess.Popen(["/bin/sleep", "300.125"]) as child:
        mine = getpass.getuser()
        assert run(ps.pgrep, context, "300.125", mine, "true").value == [child.pid]
        assert child.pid in run(ps.pgrep, context, "^slee", "", "false", "true").value
        assert child.pid in run(ps.get_pid_list, context).value
        found = run(ps.proc_info, context, str(child.pid)).value
        assert found["cmdline"] == ["/bin/sleep", "300.125"]
        assert (found["ppid"], found["username"]) == (os.getpid(), mine)
        assert found["create_time"] >= run(ps.boot_time, context).value
        named = bind(ps.proc_info, [str(child.pid)], {"attrs": "[name]"})
        assert run_bound(named, context).value == {"name": "sleep"}
        ended = bind(ps.pkill, ["300.125"], {"full": "true", "signal": "9"})
        assert run_bound(ended, context).value == {"killed": [child.pid]}
        assert child.wait() == -9
    gone = run(ps.kill_pid, context, str(child.pid))
    assert (gone.outcome, gone.error) == ("failed", f"there is no process {child.pid}")
    assert run(ps.kill_pid, context, "1").outcome == "refused"
    assert run(ps.proc_info, context, str(child.pid)).outcome == "refused"
    assert run(ps.pgrep, context, "").outcome == "refused"


def test_a_process_whose_name_has_brackets_is_read():
    stat = "7 (a) b) S 1 7 7 0 -1 0 1 0 0 0 250 50 0 0 20 0 3 0 1000 4096 2 0\n"
    one = processes.parse(7, stat, "Uid:\t5\t5\nGid:\t6\t6\n", "x\0y z\0", booted=100.0)
    assert (one.name, one.ppid, one.threads, one.uid, one.gid) == ("a) b", 1, 3, 5, 6)
    assert (one.argv, one.line, one.vms) == (("x", "y z"), "x y z", 4096)


def test_who_uses_the_processors_is_told(context: Context):
    rows = run(ps.top, context, "2", "0").value
    assert len(rows) == 2
    assert rows[0]["used_seconds"] >= rows[1]["used_seconds"] >= 0


def test_memory_time_and_disks(context: Context):
    memory = run(ps.virtual_memory, context).value
    assert 0 < memory["available"] <= memory["total"]
    assert memory["total"] == run(ps.total_physical_memory, context).value
    assert run(ps.swap_memory, context).value["used"] >= 0
    assert run(status.meminfo, context).value["MemTotal"] == memory["total"]
    assert run(status.status_time, context, "%Y").value.isdecimal()
    assert run(status.uptime, context).value["seconds"] > 0
    assert set(run(status.loadavg, context).value) == {"1-min", "5-min", "15-min"}
    assert run(status.nproc, context).value == run(ps.num_cpus, context).value
    assert "Linux" in run(status.version, context).value
    assert run(disk.percent, context, "/").value.endswith("%")
    assert set(run(disk.inodeusage, context, "/").value["/"]) == {"inodes", "used", "free", "use"}


def test_networks_of_this_host(context: Context):
    everything = bind(network.ip_addrs, [], {"include_loopback": "true"})
    assert "127.0.0.1" in run_bound(everything, context).value
    assert "127.0.0.1" not in run(network.ip_addrs, context).value
    only = bind(network.ip_addrs, ["l*"], {"include_loopback": "true", "cidr": "127.0.0.0/8"})
    assert run_bound(only, context).value == ["127.0.0.1"]
    assert run(network.in_subnet, context, "127.0.0.0/8").value
    assert not run(network.in_subnet, context, "192.0.2.255/32").value
    found = run(network.interfaces, context).value["lo"]
    assert found["inet"][0] == {"address": "127.0.0.1", "netmask": "255.0.0.0", "label": "lo"}
    assert run(network.hw_addr, context, "lo").value == "00:00:00:00:00:00"
    assert run(network.hw_addr, context, "none").outcome == "refused"
    assert run(network.is_private, context, "10.1.1.1").value
    assert run(network.is_loopback, context, "::1").value
    assert run(network.get_hostname, context).value
    assert isinstance(run(network.subnets, context).value, list)
    assert isinstance(run(network.ip_addrs6, context).value, list)
    assert run(network.calc_net, context, "10.1.2.3", "255.255.0.0").value == "10.1.0.0/16"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert run(network.connect, context, "127.0.0.1", port).value["result"]
    assert not run(network.connect, context, "127.0.0.1", port).value["result"]
