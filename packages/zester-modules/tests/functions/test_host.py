"""Functions of packages, services and settings, on this machine and on a made-up one."""

import shutil
from typing import Any

import msgspec
import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.function import AnyFunction
from zester_modules.functions import disk, kmod, pkg, service, sysctl, timezone
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
