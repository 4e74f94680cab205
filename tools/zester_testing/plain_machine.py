"""A small machine for tests of the state engine: this host's files and commands, made-up accounts.

It does what `Machine` says by the shortest way, and is what the predicted machine is held against.
"""

# ruff: noqa: D102  # each method does what `Machine` says of it

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from zester_modules.host.machine import (
    Accept,
    Candidate,
    Command,
    Done,
    Effects,
    FileKind,
    GroupEntry,
    HostProblem,
    Package,
    Service,
    Stat,
    UserEntry,
    Wanted,
    WebAnswer,
    WebRequest,
)
from zester_modules.host.web import send

_KINDS: Final[tuple[tuple[Callable[[int], bool], FileKind], ...]] = (
    (stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"),
    (stat.S_ISFIFO, "fifo"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "char"),
    (stat.S_ISBLK, "block"),
)  # fmt: skip


class PlainPackages:
    """Packages in a dict; what can be had is another one."""

    kind = "apt"

    def __init__(self) -> None:
        self.have: dict[str, Package] = {}
        self.offered: dict[str, str] = {}
        self.files: dict[str, list[str]] = {}

    def installed(self) -> Mapping[str, Package]:
        return dict(self.have)

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        del repo
        missing = [one.name for one in wanted if one.name not in self.offered]
        if missing:
            raise HostProblem(f"nobody has {', '.join(missing)}")
        return [
            Candidate(name=one.name, before=self._version(one.name), after=version)
            for one in wanted
            for version in (one.version or self.offered[one.name],)
            if self._version(one.name) != version
        ]

    def _version(self, name: str) -> str:
        return self.have[name].version if name in self.have else ""

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        del purge
        return [Candidate(name=name, before=self.have[name].version) for name in names]

    def contents(self, names: Sequence[str]) -> list[str]:
        return [path for name in names for path in self.files.get(name, ())]

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        del repo
        return {name: self.offered[name] for name in names if name in self.offered}

    def compare(self, one: str, other: str) -> int:
        return (one > other) - (one < other)

    def peek(self) -> None: ...

    def refresh(self) -> None: ...

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        del verify
        for one in self.simulate(wanted, repo=repo):
            self.have[one.name] = Package(name=one.name, version=one.after)

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        for one in self.simulate_removal(names, purge=purge):
            kept = Package(name=one.name, version=one.before, config_only=True)
            self.have[one.name] = kept
            if purge:
                del self.have[one.name]

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        for name in names:
            one = self.have[name]
            self.have[name] = Package(name=name, version=one.version, held=held)


class PlainServices:
    """Services in a dict."""

    kind = "systemd"

    def __init__(self) -> None:
        self.have: dict[str, Service] = {}

    def find(self, name: str) -> Service | None:
        return self.have.get(name)

    def names(self) -> list[str]:
        return sorted(self.have)

    def _set(self, name: str, **fields: bool) -> None:
        if name not in self.have:
            raise HostProblem(f"there is no service {name}")
        old = self.have[name]
        merged: dict[str, Any] = {"running": old.running, "enabled": old.enabled,
                                  "masked": old.masked} | fields  # fmt: skip
        self.have[name] = Service(name=name, **merged)

    def start(self, name: str) -> None:
        self._set(name, running=True)

    def stop(self, name: str) -> None:
        self._set(name, running=False)

    def restart(self, name: str) -> None:
        self._set(name, running=True)

    def reload(self, name: str) -> None:
        self._set(name)

    def enable(self, name: str, *, enabled: bool) -> None:
        self._set(name, enabled=enabled)

    def mask(self, name: str, *, masked: bool, runtime: bool = False) -> None:
        del runtime
        self._set(name, masked=masked)

    def daemon_reload(self) -> None: ...

    def log(self, name: str) -> list[str]:
        return [f"{name} says why"]


class PlainMachine:
    """This host's files and commands.

    Attributes:
        asked: the commands that only looked.
        done: the commands that changed things.
    """

    def __init__(self, services: PlainServices | None = None) -> None:
        self._packages = PlainPackages()
        self._services = services or PlainServices()
        self.accounts: dict[str, UserEntry] = {}
        self.teams: dict[str, GroupEntry] = {}
        self.asked: list[Command] = []
        self.done: list[Command] = []

    @property
    def packages(self) -> PlainPackages:
        return self._packages

    @property
    def services(self) -> PlainServices:
        return self._services

    def stat(self, path: str) -> Stat | None:
        return _stat(path, follow=False)

    def follow(self, path: str) -> Stat | None:
        return _stat(path, follow=True)

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        try:
            with Path(path).open("rb") as file:
                return file.read(-1 if limit is None else limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _problem(error) from error

    def list(self, path: str) -> list[str] | None:
        return sorted(one.name for one in Path(path).iterdir()) if Path(path).is_dir() else None

    def users(self) -> Mapping[str, UserEntry]:
        return dict(self.accounts)

    def groups(self) -> Mapping[str, GroupEntry]:
        return dict(self.teams)

    def which(self, program: str) -> str | None:
        return shutil.which(program)

    def ask(self, command: Command) -> Done:
        self.asked.append(command)
        return _run(command)

    def write(
        self, path: str, data: bytes, accept: Accept | None = None, /, *,
        mode: int, uid: int, gid: int,
    ) -> None:  # fmt: skip
        del uid, gid
        part = Path(path).parent / f".{Path(path).name}.part"
        _try(lambda: part.write_bytes(data))
        _try(lambda: part.chmod(mode))
        try:
            if accept is not None:
                accept(str(part))
            _try(lambda: part.rename(path))
        finally:
            part.unlink(missing_ok=True)

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        del uid, gid
        _try(lambda: Path(path).mkdir())
        Path(path).chmod(mode)

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        del uid, gid
        part = Path(path).parent / f".{Path(path).name}.part"
        _try(lambda: part.symlink_to(target))
        try:
            _try(lambda: part.rename(path))
        finally:
            part.unlink(missing_ok=True)

    def rename(self, path: str, to: str) -> None:
        _try(lambda: Path(path).rename(to))

    def remove(self, path: str) -> None:
        found = _stat(path, follow=False)
        if found is not None and found.kind == "folder":
            _try(lambda: shutil.rmtree(path))
        else:
            _try(lambda: Path(path).unlink())

    def set_mode(self, path: str, mode: int) -> None:
        _try(lambda: Path(path).chmod(mode))

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        _try(lambda: os.lchown(path, uid, gid))

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        del mtime, atime
        _try(lambda: os.utime(path))

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        del effects
        self.done.append(command)
        return _run(command)

    def forget(self) -> None:
        """Know nothing that could be forgotten."""

    def look_up(self, request: WebRequest) -> WebAnswer:
        return send(request)

    def send(self, request: WebRequest) -> WebAnswer:
        return send(request)


def _stat(path: str, *, follow: bool) -> Stat | None:
    try:
        found = Path(path).stat(follow_symlinks=follow)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _problem(error) from error
    kind: FileKind = next(kind for test, kind in _KINDS if test(found.st_mode))
    return Stat(
        kind=kind, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid,
        size=found.st_size, target=str(Path(path).readlink()) if kind == "link" else "",
    )  # fmt: skip


def _try(work: Callable[[], object]) -> None:
    try:
        work()
    except OSError as error:
        raise _problem(error) from error


def _problem(error: OSError) -> HostProblem:
    return HostProblem(f"{error.filename}: {error.strerror}")


def _run(command: Command) -> Done:
    words = command.argv or (command.interpreter, "-c", command.shell)
    try:
        done = subprocess.run(
            words, cwd=command.cwd, env={**os.environ, **command.env}, input=command.stdin,
            capture_output=True, check=False, timeout=command.timeout,
            umask=-1 if command.umask is None else command.umask,
        )  # fmt: skip
    except FileNotFoundError:
        return Done(exit_code=127)
    except subprocess.TimeoutExpired as late:
        return Done(exit_code=137, stdout=late.stdout or b"", timed_out=True)
    return Done(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)
