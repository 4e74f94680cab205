"""Functions of packages, services and settings, on this machine and on a made-up one."""

import shutil
from typing import Any

import msgspec
import pytest

from zester_modules.accounts.sha512_crypt import sha512_crypt
from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.function import AnyFunction
from zester_modules.functions import disk, kmod, pkg, random, service, sysctl, timezone
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
