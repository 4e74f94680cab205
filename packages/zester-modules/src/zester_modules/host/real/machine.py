"""The real machine: this host's files, commands and accounts."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from zester_modules.host import packages, services
from zester_modules.host.local import Host
from zester_modules.host.machine import (
    Command,
    Done,
    Effects,
    GroupEntry,
    HostProblem,
    Packages,
    Services,
    Stat,
    UserEntry,
)
from zester_modules.host.process import Finished, run_command
from zester_modules.host.real import accounts, files
from zester_modules.host.start import CommandSpec


class RealMachine:
    """The host, with nothing between.

    Args:
        folder: where long output of commands is kept while it is read; it must exist.
        host: what is known of this process's surroundings.
    """

    def __init__(self, folder: Path, host: Host | None = None) -> None:
        self._folder = folder
        self._host = host or Host()
        self._packages: Packages | None = None
        self._services: Services | None = None

    @property
    def packages(self) -> Packages:
        """The package manager."""
        if self._packages is None:
            self._packages = packages.detect(self)
        return self._packages

    @property
    def services(self) -> Services:
        """The service manager."""
        if self._services is None:
            self._services = services.detect(self)
        return self._services

    # -- to look -----------------------------------------------------------------------------------

    def stat(self, path: str) -> Stat | None:
        """Give what lies at a path, links not followed."""
        return files.look(path, follow=False)

    def follow(self, path: str) -> Stat | None:
        """Give what lies at a path, links followed."""
        return files.look(path, follow=True)

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        """Give the contents of a file, links followed."""
        return files.read(path, limit)

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder, sorted."""
        found = files.look(path, follow=True)
        if found is None or found.kind != "folder":
            return None
        return files.attempt(
            f"cannot list {path}", lambda: sorted(one.name for one in Path(path).iterdir())
        )

    def users(self) -> Mapping[str, UserEntry]:
        """Give the accounts by name."""
        return accounts.users()

    def groups(self) -> Mapping[str, GroupEntry]:
        """Give the groups by name."""
        return accounts.groups()

    def which(self, program: str) -> str | None:
        """Give the whole path of a program."""
        return self._host.which(program)

    def ask(self, command: Command) -> Done:
        """Run a command that changes nothing."""
        return self._run(command)

    # -- to change ---------------------------------------------------------------------------------

    def write(self, path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
        """Make or replace a file in one step."""
        files.write(path, data, mode=mode, uid=uid, gid=gid)

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        """Make one folder; nobody else can enter it before it has its mode and owner."""

        def make() -> None:
            place = Path(path)
            place.mkdir(mode=0o700)
            os.lchown(place, uid, gid)
            place.chmod(mode)

        files.attempt(f"cannot make the folder {path}", make)

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        """Make or replace a symbolic link in one step."""
        files.make_link(path, target, uid=uid, gid=gid)

    def rename(self, path: str, to: str) -> None:
        """Rename in one step."""
        files.attempt(f"cannot rename {path} to {to}", lambda: Path(path).rename(to))

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder with all that is in it."""
        files.remove(path)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        files.attempt(f"cannot set the mode of {path}", lambda: Path(path).chmod(mode))

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group; a link itself, not its target."""
        files.attempt(f"cannot set the owner of {path}", lambda: os.lchown(path, uid, gid))

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        """Set the times."""
        now = None if mtime is None and atime is None else (atime or 0.0, mtime or 0.0)
        files.attempt(f"cannot set the times of {path}", lambda: os.utime(path, now))

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Run a command that changes things."""
        del effects
        return self._run(command)

    def _run(self, command: Command) -> Done:
        user = self._host.user(command.runas) if command.runas else None
        if user is not None and not self._host.is_root():
            raise HostProblem(f"only root can run a command as another user ({command.runas})")
        own = self._host.environment()
        if user is not None:
            own |= {"HOME": user.home, "USER": user.name, "LOGNAME": user.name}
        spec = CommandSpec(
            argv=command.argv or (command.interpreter, "-c", command.shell),
            cwd=command.cwd,
            env=own | dict(command.env),
            user=user.uid if user else None,
            group=user.gid if user else None,
            groups=user.groups if user else (),
            umask=command.umask,
            stdin=command.stdin,
            timeout=command.timeout,
        )
        finished = asyncio.run(run_command(spec, self._folder, limit=command.limit))
        try:
            return _done(finished)
        finally:
            finished.close()


def _done(finished: Finished) -> Done:
    return Done(
        exit_code=finished.exit_code,
        stdout=b"".join(finished.stdout.chunks()),
        stderr=b"".join(finished.stderr.chunks()),
        timed_out=finished.ended == "timed-out",
    )
