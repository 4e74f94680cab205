"""A host that a test makes up: files in a throw-away folder, and the rest as the test says it."""

import os
import posixpath
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from zester_modules.host.machine import (
    Candidate,
    Command,
    Done,
    Effects,
    HostProblem,
    Package,
    Packages,
    Service,
    Services,
    Wanted,
)
from zester_modules.host.real import RealMachine
from zester_modules.states.tests.form import Host

_FOLDERS: Final = (
    "etc", "home", "opt", "root", "run", "srv", "tmp", "usr/bin", "usr/lib", "usr/sbin",
    "usr/share", "var/cache", "var/lib", "var/log", "var/tmp",
)  # fmt: skip
_TOOLS: Final = (
    "crontab", "debconf-set-selections", "git", "groupadd", "groupdel", "locale-gen", "mount",
    "umount", "useradd", "userdel",
)  # fmt: skip
"""Programs that states run, and templates do not ask for; a plan takes them to be there."""
_FIRST_ID: Final = 1000
NEWEST: Final = "newest"
"""The version of whatever is installed by a plan: no repository is asked."""


def furnish(root: Path, host: Host) -> None:
    """Make a root file system with what a test says of it; no link of it leads out of it.

    Raises:
        HostProblem: a path is none, or two do not go together.
    """
    root.mkdir(exist_ok=True)
    inside = RealMachine(root.parent, root=str(root))
    for folder in _FOLDERS:
        _make_folder(inside, f"/{folder}")
    inside.set_mode("/tmp", 0o1777)  # of that root
    _add_accounts(inside, host.users)
    for folder in host.folders:
        _make_folder(inside, _whole(folder))
    for path, text in host.files.items():
        _write(inside, _whole(path), text, 0o644)
    for name in host.programs:
        path = _whole(name if "/" in name else f"/usr/bin/{name}")
        if inside.stat(path) is None:
            _write(inside, path, "", 0o755)


def _whole(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/"):
        raise HostProblem(f"{path!r} is no whole path", hint="write it from the root: /etc/motd")
    return path


def _make_folder(inside: RealMachine, path: str) -> None:
    """Make a folder and those above it, as far as they are not there."""
    found = inside.follow(path)
    if found is None:
        _make_folder(inside, posixpath.dirname(path.rstrip("/")))
        inside.make_folder(path.rstrip("/"), mode=0o755, uid=os.geteuid(), gid=os.getegid())
    elif found.kind != "folder":
        raise HostProblem(f"cannot make the folder {path}: it is no folder")


def _write(inside: RealMachine, path: str, text: str, mode: int) -> None:
    _make_folder(inside, posixpath.dirname(path))
    data = text.encode("utf-8", "surrogateescape")
    inside.write(path, data, mode=mode, uid=os.geteuid(), gid=os.getegid())


def _add_accounts(inside: RealMachine, users: Sequence[str]) -> None:
    """Add root, who runs this, and the test's users, as far as they are not there."""
    wanted = {"root": (0, 0)}
    if os.geteuid():
        wanted["me"] = (os.geteuid(), os.getegid())
    wanted |= {name: (number, number) for number, name in enumerate(users, _FIRST_ID)}
    for path, line in (
        ("/etc/passwd", "{name}:x:{uid}:{gid}::/home/{name}:/bin/sh\n"),
        ("/etc/group", "{name}:x:{gid}:\n"),
    ):
        text = (inside.read(path) or b"").decode("utf-8", "surrogateescape")
        known = {one.partition(":")[0] for one in text.splitlines()}
        more = [
            line.format(name=name, uid=uid, gid=gid)
            for name, (uid, gid) in wanted.items() if name not in known
        ]  # fmt: skip
        if more:
            _write(inside, path, text + "".join(more), 0o644)


def copy_root(source: Path, target: Path) -> None:
    """Copy a root file system with owners, modes and links.

    Raises:
        HostProblem: it cannot be copied.
    """
    words = ["cp", "--archive", "--reflink=auto", "--", str(source), str(target)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it cannot be copied"]
        raise HostProblem(f"{source} is no root for tests: {said[0]}", hint="root= takes a folder")


class MadeUpMachine(RealMachine):
    """A machine for plans: nothing is run, and what the test does not say is unknown.

    Args:
        folder: a folder of its own, which its root is made in.
        host: what the test says.
    """

    def __init__(self, folder: Path, host: Host) -> None:
        root = folder / "root"
        furnish(root, msgspec.structs.replace(host, programs=[*_TOOLS, *host.programs]))
        super().__init__(folder, root=str(root))
        self._commands = host.commands
        self._made_up = MadeUpPackages(host.packages)
        self._known = MadeUpServices(host.services)

    @property
    def packages(self) -> Packages:
        """Whatever is asked for can be had."""
        return self._made_up

    @property
    def services(self) -> Services:
        """Those that the test names."""
        return self._known

    def ask(self, command: Command) -> Done:
        """Answer as the test says.

        Raises:
            HostProblem: it does not say it.
        """
        words = command.shell or " ".join(command.argv)
        said = self._commands.get(words)
        if said is None:
            raise HostProblem(
                f"the test does not say how this command ends: {words}",
                hint="write it below `commands:` with its exit code",
            )
        return Done(exit_code=said.exit_code, stdout=said.stdout.encode())

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Refuse; a plan changes nothing.

        Raises:
            HostProblem: always.
        """
        del command, effects
        raise HostProblem("a made-up host is not changed")


class MadeUpPackages:
    """Packages of which every one can be had."""

    kind = "made up"

    def __init__(self, installed: Mapping[str, str]) -> None:
        self._installed = {
            name: Package(name=name, version=version) for name, version in installed.items()
        }

    def installed(self) -> Mapping[str, Package]:
        """Give those that the test names."""
        return self._installed

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give the packages themselves: what they need is not known."""
        del repo
        return [
            Candidate(name=one.name, before=self._version(one.name), after=one.version or NEWEST)
            for one in wanted
            if self._version(one.name) != one.version or not one.version
        ]

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give those that are installed."""
        del purge
        return [
            Candidate(name=name, before=self._version(name))
            for name in names
            if name in self._installed
        ]

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give nothing: what they brought is not known."""
        del names
        return []

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give one version for all."""
        del repo
        return dict.fromkeys(names, NEWEST)

    def compare(self, one: str, other: str) -> int:
        """Compare digits as numbers."""
        first, second = _key(one), _key(other)
        return (first > second) - (first < second)

    def peek(self) -> None:
        """Do nothing."""

    def refresh(self) -> None:
        """Do nothing."""

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Refuse."""
        del wanted, repo, verify
        raise HostProblem("a made-up host is not changed")

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Refuse."""
        del names, purge
        raise HostProblem("a made-up host is not changed")

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Refuse."""
        del names, held
        raise HostProblem("a made-up host is not changed")

    def _version(self, name: str) -> str:
        return self._installed[name].version if name in self._installed else ""


def _key(version: str) -> list[tuple[int, str]]:
    parts = version.replace("-", ".").split(".")
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in parts]


class MadeUpServices:
    """Services that a test names; those that run start with the machine."""

    kind = "made up"

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = {
            name: Service(name=name, running=is_up, enabled=is_up, can_reload=True)
            for name, state in known.items()
            for is_up in (state == "running",)
        }

    def find(self, name: str) -> Service | None:
        """Give a service."""
        return self._known.get(name.removesuffix(".service"))

    def names(self) -> list[str]:
        """Give all names."""
        return sorted(self._known)

    def _refuse(self, name: str) -> None:
        raise HostProblem(f"{name} is on a made-up host, which is not changed")

    start = stop = restart = reload = _refuse

    def enable(self, name: str, *, enabled: bool) -> None:
        """Refuse."""
        del enabled
        self._refuse(name)

    def mask(self, name: str, *, masked: bool, runtime: bool = False) -> None:
        """Refuse."""
        del masked, runtime
        self._refuse(name)

    def daemon_reload(self) -> None:
        """Do nothing."""

    def log(self, name: str) -> list[str]:
        """Give nothing."""
        del name
        return []
