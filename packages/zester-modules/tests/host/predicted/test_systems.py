"""Packages, services and accounts of a predicted machine."""

from pathlib import Path

import pytest

from zester_modules.host.machine import (
    Command,
    Effects,
    GroupEntry,
    HostProblem,
    Package,
    Service,
    Unknowable,
    UserEntry,
    Wanted,
)
from zester_modules.host.predicted import PredictedMachine
from zester_testing.plain_machine import PlainMachine

ANN = UserEntry(name="ann", uid=1000, gid=1000)


@pytest.fixture
def real() -> PlainMachine:
    machine = PlainMachine()
    machine.packages.offered = {"nginx": "2", "vim": "9"}
    machine.packages.have = {"vim": Package(name="vim", version="8")}
    machine.services.have = {"cron": Service(name="cron", running=False, enabled=False)}
    machine.accounts = {"ann": ANN}
    return machine


@pytest.fixture
def machine(real: PlainMachine) -> PredictedMachine:
    made = PredictedMachine(real)
    made.history.turn("first")
    return made


def test_an_installed_package_is_seen_and_its_service_may_be_there(
    machine: PredictedMachine, real: PlainMachine
):
    assert machine.services.find("nginx") is None
    machine.packages.install([Wanted(name="nginx"), Wanted(name="vim")])
    machine.history.turn("second")

    assert machine.packages.installed()["nginx"].version == "2"
    assert machine.packages.installed()["vim"].version == "9"
    assert machine.packages.simulate([Wanted(name="nginx")]) == []
    with pytest.raises(Unknowable) as raised:
        machine.services.find("nginx")
    assert raised.value.because == ("first",)
    assert set(real.packages.have) == {"vim"}


def test_a_removed_package_is_gone_and_a_purged_one_leaves_nothing(machine: PredictedMachine):
    machine.packages.remove(["vim"], purge=False)
    assert machine.packages.installed()["vim"].config_only
    machine.packages.install([Wanted(name="nginx")])
    machine.packages.remove(["nginx"], purge=True)
    assert "nginx" not in set(machine.packages.installed())


def test_what_a_removed_package_has_brought_may_be_gone(
    machine: PredictedMachine, real: PlainMachine, tmp_path: Path
):
    for name in ("etc/vim/vimrc", "etc/vim/sub/x", "etc/own", "share/vim/a", "share/vim/mine",
                 "share/own"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    real.packages.files["vim"] = [
        *(f"{tmp_path}/{name}" for name in ("etc", "etc/vim", "etc/vim/vimrc", "etc/vim/sub")),
        *(f"{tmp_path}/{name}" for name in ("etc/vim/sub/x", "share", "share/vim", "share/vim/a")),
        "/usr/lib/systemd/system/cron.service",
    ]
    machine.packages.remove(["vim"], purge=True)
    machine.history.turn("second")
    for gone in ("etc/vim", "etc/vim/vimrc", "etc/vim/sub/x", "etc/vim/new", "share/vim/a"):
        with pytest.raises(Unknowable) as raised:
            machine.stat(f"{tmp_path}/{gone}")
        assert raised.value.because == ("first",)
    for kept in ("etc", "etc/own", "share", "share/own", "share/vim", "share/vim/mine"):
        assert machine.stat(f"{tmp_path}/{kept}") is not None
    with pytest.raises(Unknowable):
        machine.services.find("cron")


def test_a_package_that_nobody_has_is_unknown_only_if_something_would_have_changed(
    machine: PredictedMachine,
):
    with pytest.raises(HostProblem):
        machine.packages.simulate([Wanted(name="strange")])
    machine.history.change()
    machine.history.turn("second")
    with pytest.raises(Unknowable):
        machine.packages.simulate([Wanted(name="strange")])


def test_services_are_started_and_enabled_in_memory(machine: PredictedMachine, real: PlainMachine):
    machine.services.start("cron")
    machine.services.enable("cron", enabled=True)
    assert machine.services.find("cron") == Service(name="cron", running=True, enabled=True)
    assert not real.services.have["cron"].running
    with pytest.raises(HostProblem):
        machine.services.start("nothing")


def test_a_unit_that_a_state_writes_may_become_a_service(machine: PredictedMachine):
    machine.write("/etc/systemd/system/own.service", b"[Unit]", mode=0o644, uid=0, gid=0)
    machine.history.turn("second")
    with pytest.raises(Unknowable):
        machine.services.find("own")
    assert machine.services.find("other") is None


def test_accounts_are_changed_by_known_effects(machine: PredictedMachine):
    bob = UserEntry(name="bob", uid=1001, gid=1001)
    machine.do(Command(argv=("useradd", "bob")), Effects(users={"bob": bob, "ann": None}))
    assert dict(machine.users()) == {"bob": bob}
    assert "ann" not in machine.users()

    machine.do(Command(shell="opaque"))
    with pytest.raises(Unknowable):
        machine.users().get("carol")


def test_an_account_that_nobody_knows_the_fate_of_is_unknown(machine: PredictedMachine):
    machine.hide("accounts", "ann")
    machine.history.turn("second")
    with pytest.raises(Unknowable) as raised:
        machine.users().get("ann")
    assert raised.value.because == ("first",)
    with pytest.raises(Unknowable):
        machine.groups().get("ann")  # its own group goes with a user
    assert list(machine.users()) == []


def test_a_program_that_a_state_writes_is_found(machine: PredictedMachine):
    assert machine.which("zester-nothing") is None
    machine.write("/usr/bin/zester-nothing", b"#!/bin/sh", mode=0o755, uid=0, gid=0)
    assert machine.which("zester-nothing") == "/usr/bin/zester-nothing"
    machine.write("/usr/bin/zester-nothing", b"", mode=0o644, uid=0, gid=0)
    assert machine.which("zester-nothing") is None


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/srv/zester-none/index.html", True), ("/home/zester-none", True), ("/srv/ftp", False),
        ("/srv/www/zester-none", False), ("/usr/local/bin/zester-none", True),
        ("/usr/local/lib/zester-none", False), ("/etc/zester-none", False),
        ("/zester-none", False),
    ],
)  # fmt: skip
def test_a_package_brings_nothing_to_places_of_people(
    machine: PredictedMachine, path: str, known: bool
):
    machine.packages.install([Wanted(name="nginx")])
    machine.history.turn("second")
    if known:
        assert machine.stat(path) is None
    else:
        with pytest.raises(Unknowable):
            machine.stat(path)
    machine.do(Command(shell="anything may come of it"))
    with pytest.raises(Unknowable):
        machine.stat(path)


def test_a_folder_of_people_may_still_get_what_packages_bring(machine: PredictedMachine):
    machine.packages.install([Wanted(name="nginx")])
    with pytest.raises(Unknowable):
        machine.list("/srv")
    assert machine.list("/tmp") is not None


def test_an_account_may_come_with_a_package(machine: PredictedMachine):
    machine.packages.install([Wanted(name="nginx")])
    assert machine.users()["ann"] == ANN
    with pytest.raises(Unknowable):
        machine.users().get("www-data")


def test_what_only_packages_may_change_hides_packages_and_what_they_bring(
    machine: PredictedMachine,
):
    machine.hide("packages", "it")
    assert machine.stat("/srv/zester-none") is None
    assert machine.packages.installed()["vim"].version == "8"
    with pytest.raises(Unknowable):
        machine.packages.installed().get("nginx")
    with pytest.raises(Unknowable):
        machine.stat("/etc/zester-none")


def test_a_service_that_may_change_hides_no_other(machine: PredictedMachine):
    machine.hide("service", "cron")
    with pytest.raises(Unknowable):
        machine.services.find("cron")
    assert machine.services.find("other") is None
    assert machine.stat("/etc/zester-none") is None


def test_a_path_that_may_change_hides_what_is_below_and_missing_folders_above(
    machine: PredictedMachine, tmp_path: Path
):
    machine.hide("path", f"{tmp_path}/new/sub/file")
    for hidden in ("new", "new/sub/file/below"):
        with pytest.raises(Unknowable):
            machine.stat(f"{tmp_path}/{hidden}")
    assert machine.stat(str(tmp_path)) is not None
    assert machine.stat(f"{tmp_path}/other") is None


def test_a_command_changes_what_its_effects_name_and_anything_without(
    machine: PredictedMachine, tmp_path: Path
):
    machine.do(Command(argv=("make",)), Effects(unknown=(f"{tmp_path}/sub",)))
    machine.do(Command(argv=("pip",)), Effects(brings=True))
    machine.history.turn("second")
    assert machine.stat(str(tmp_path)) is not None
    assert not machine.history.unsettled
    for path in (f"{tmp_path}/sub/deep", f"{tmp_path}/none"):
        with pytest.raises(Unknowable):
            machine.stat(path)
    machine.do(Command(shell="rm"))
    machine.history.look()
    assert not machine.history.unsettled, "its own command has not run before it"
    machine.history.turn("third")
    assert machine.stat(str(tmp_path)) is not None
    assert list(machine.history.unsettled) == ["second"]


def test_a_unit_may_come_where_a_command_touches_the_folder_of_units(machine: PredictedMachine):
    machine.do(Command(shell="make install"), Effects(unknown=("/etc/systemd/system",)))
    machine.history.turn("second")
    with pytest.raises(Unknowable):
        machine.services.find("own")


def test_a_command_waits_for_the_user_and_the_folder_that_a_state_makes(
    machine: PredictedMachine, tmp_path: Path
):
    machine.make_folder(f"{tmp_path}/new", mode=0o755, uid=0, gid=0)
    bob = UserEntry(name="bob", uid=1001, gid=1001)
    machine.do(Command(argv=("useradd", "bob")), Effects(users={"bob": bob}))
    machine.history.turn("second")
    assert machine.ask(Command(shell="true", cwd=str(tmp_path))).exit_code == 0
    for command in (Command(shell="true", cwd=f"{tmp_path}/new"), Command(shell="", runas="bob")):
        with pytest.raises(Unknowable) as raised:
            machine.ask(command)
        assert raised.value.because == ("first",)


def test_accounts_are_seen_in_their_files(real: PlainMachine):
    class Files(PlainMachine):
        def read(self, path: str, *, limit: int | None = None) -> bytes | None:
            return {
                "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/:\n+nis\n",
                "/etc/group": b"root:x:0:\nold:!:5:ann\n",
            }.get(path) or real.read(path, limit=limit)

    machine = PredictedMachine(Files())
    machine.history.turn("first")
    bob = UserEntry(name="bob", uid=7, gid=8, gecos="Bob", home="/home/bob", shell="/bin/sh")
    team = GroupEntry(name="team", gid=8, members=("ann", "bob"))
    effects = Effects(users={"ann": None, "bob": bob}, groups={"team": team})
    machine.do(Command(argv=("useradd", "bob")), effects)
    old = Effects(groups={"old": GroupEntry(name="old", gid=6)})
    machine.do(Command(argv=("groupmod", "old")), old)

    assert machine.read("/etc/passwd") == (
        b"root:x:0:0:root:/root:/bin/sh\n+nis\nbob:x:7:8:Bob:/home/bob:/bin/sh\n"
    )
    assert machine.read("/etc/group") == b"root:x:0:\nold:!:6:\nteam:x:8:ann,bob\n"
    # salts and days of a new password, numbers of containers: nobody knows them before
    for path in ("/etc/shadow", "/etc/subuid"):
        with pytest.raises(Unknowable):
            machine.read(path)
