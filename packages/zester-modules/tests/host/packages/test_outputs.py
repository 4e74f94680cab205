"""What package managers print is understood: a file for each, made to their formats."""

from pathlib import Path

import pytest

from zester_modules.host.machine import (
    Candidate,
    Package,
)
from zester_modules.host.packages import (
    apk_output,
    apt_output,
    dnf_output,
    pacman_output,
    zypper_output,
)
from zester_modules.host.packages.manager import paths

HAVE = {"openssl-libs": Package(name="openssl-libs", version="1:3.2.2-5.el9")}


def printed(name: str) -> str:
    return (Path(__file__).parent / "outputs" / name).read_text()


def rows(found: list[Candidate]) -> list[tuple[str, str, str]]:
    return [(one.name, one.before, one.after) for one in found]


def test_a_simulation_of_apt():
    assert rows(apt_output.simulated(printed("apt-install.txt"))) == [
        ("libc6", "2.36-9", "2.36-9+deb12u10"),
        ("lighttpd", "1.4.69-1", ""),
        ("nginx-common", "", "1.22.1-9+deb12u2"),
        ("nginx-light", "", "1.22.1-9+deb12u2"),
    ]


def test_a_transaction_of_dnf():
    assert rows(dnf_output.simulated(printed("dnf-install.txt"), HAVE)) == [
        ("lighttpd", "", ""),
        ("nginx", "", "1:1.22.1-4.el9"),
        ("nginx-a-name-too-long-for-its-column", "", "1:1.22.1-4.el9"),
        ("openssl-libs", "1:3.2.2-5.el9", "1:3.2.2-6.el9_5"),
    ]


def test_a_simulation_of_apk():
    assert rows(apk_output.simulated(printed("apk-add.txt"))) == [
        ("lighttpd", "1.4.76-r0", ""),
        ("musl", "1.2.5-r0", "1.2.5-r1"),
        ("nginx", "", "1.26.3-r0"),
    ]


def test_a_printed_transaction_of_pacman():
    have = pacman_output.installed("nginx 1.26.0-1\n", "[options]\nIgnorePkg = nginx linux\n")
    assert have["nginx"].held
    assert rows(pacman_output.incoming(printed("pacman-print.txt"), have)) == [
        ("nginx", "1.26.0-1", "1.28.0-1"), ("pcre2", "", "10.45-1"),
    ]  # fmt: skip


def test_a_dry_run_of_zypper():
    assert rows(zypper_output.simulated(printed("zypper-install.xml"))) == [
        ("libopenssl3", "3.1.4-150600.5.24.1", "3.1.4-150600.5.27.1"),
        ("lighttpd", "1.4.76-1.1", ""),
        ("nginx", "", "1.21.5-150600.10.3.1"),
    ]


@pytest.mark.parametrize(
    ("line", "name", "held", "rest"),
    [
        ("install\tinstalled\tvim\tamd64\t2:9.0", "vim", False, False),
        ("hold\tinstalled\tvim\tamd64\t2:9.0", "vim", True, False),
        ("install\tinstalled\tlibc6\ti386\t2.36", "libc6:i386", False, False),
        ("deinstall\tconfig-files\tvim\tamd64\t2:9.0", "vim", False, True),
        ("install\ttriggers-pending\tvim\tall\t2:9.0", "vim", False, False),
    ],
)
def test_the_states_of_dpkg(line: str, name: str, *, held: bool, rest: bool):
    native = "install\tinstalled\tdpkg\tamd64\t1.21"
    found = apt_output.installed(f"{line}\n{native}\n")
    assert (found[name].held, found[name].config_only) == (held, rest)


@pytest.mark.parametrize(
    "status", ["half-installed", "unpacked", "half-configured", "not-installed"]
)
def test_what_dpkg_did_not_finish_is_not_installed(status: str):
    assert apt_output.installed(f"install\t{status}\tvim\tamd64\t1\n") == {}


def test_candidates_of_apt():
    known = "vim:\n  Installed: (none)\n  Candidate: 2:9.0\n  Version table:\n"
    text = f"{known}none:\n  Candidate: (none)\n"
    assert apt_output.candidates(text) == {"vim": "2:9.0"}


def test_lists_of_rpm_and_apk():
    found = dnf_output.installed("bash\t0:5.1-1.el9\tx86_64\n", "bash-0:5.1-1.el9.*\n")
    assert found == {"bash": Package(name="bash", version="5.1-1.el9", held=True)}
    found = apk_output.installed("musl-1.2.5-r0\nlua5.4-libs-5.4.6-r4\n", "musl=1.2.5-r0\n")
    assert [(one.name, one.held) for one in found.values()] == [
        ("musl", True), ("lua5.4-libs", False),
    ]  # fmt: skip


def test_lists_of_what_packages_have_brought():
    printed = "/.\n/etc\n/etc/x y\ndiverted by dash to: /bin/sh.distrib\nusr/bin/z\n/var/lib/\n\n"
    assert paths(printed) == ["/etc", "/etc/x y", "/usr/bin/z", "/var/lib"]


@pytest.mark.parametrize(
    ("said", "holder"),
    [
        ("E: Could not get lock /var/lib/dpkg/lock. It is held by process 7 (aptd)\n", 7),
        ("dpkg: error: dpkg frontend lock was locked by another process with pid 8\n", 8),
        ("E: Could not get lock /x/lock - open (11: Resource temporarily unavailable)\n", 0),
        ("E: Unable to lock the directory (/x/), is another process using it?\n", 0),
        ("E: Could not get lock /var/lib/dpkg/lock - open (13: Permission denied)\n", None),
        ("E: Unable to locate package lock\n", None),
    ],
)
def test_who_holds_a_lock(said: str, holder: int | None):
    assert apt_output.holder(f"Reading package lists...\n{said}") == holder
