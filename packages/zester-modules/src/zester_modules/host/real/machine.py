"""The real machine: this host's files, commands and accounts."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from zester_modules.host import packages, services
from zester_modules.host.local import DEFAULT_PATH, Host, User
from zester_modules.host.machine import (
    Accept,
    Command,
    Done,
    Effects,
    GroupEntry,
    HostProblem,
    Packages,
    Services,
    Stat,
    UserEntry,
    WebAnswer,
    WebRequest,
)
from zester_modules.host.real import accounts
from zester_modules.host.real.files import Files
from zester_modules.host.real.place import Root
from zester_modules.host.spec import CommandSpec

if TYPE_CHECKING:
    from zester_modules.host.process import Finished


class RealMachine:
    """The host, with nothing between.

    Args:
        folder: where long output of commands is kept while it is read; it must exist.
        host: what is known of this process's surroundings.
        root: another folder that paths begin at, and that commands see as `/`; no path and no link
            leads out of it.
    """

    def __init__(self, folder: Path, host: Host | None = None, *, root: str = "/") -> None:
        self._folder = folder
        self._root = Root(root)
        self._files = Files(self._root)
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

    def forget(self) -> None:
        """Look anew for the package manager and the service manager."""
        self._packages = None
        self._services = None

    # -- to look -----------------------------------------------------------------------------------

    def stat(self, path: str) -> Stat | None:
        """Give what lies at a path, links not followed."""
        return self._files.look(path, follow=False)

    def follow(self, path: str) -> Stat | None:
        """Give what lies at a path, links followed."""
        return self._files.look(path, follow=True)

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        """Give the contents of a file, links followed."""
        return self._files.read(path, limit)

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder, sorted."""
        return self._files.list(path)

    def users(self) -> Mapping[str, UserEntry]:
        """Give the accounts by name."""
        return accounts.users() if self._root.is_host else accounts.users_in(self.read)

    def groups(self) -> Mapping[str, GroupEntry]:
        """Give the groups by name."""
        return accounts.groups() if self._root.is_host else accounts.groups_in(self.read)

    def which(self, program: str) -> str | None:
        """Give the whole path of a program."""
        if self._root.is_host:
            return self._host.which(program)
        places = [""] if "/" in program else DEFAULT_PATH.split(":")
        for place in places:
            found = f"{place}/{program}" if place else program
            entry = self.follow(found)
            if entry is not None and entry.kind == "file" and entry.mode & 0o111:
                return found
        return None

    def ask(self, command: Command) -> Done:
        """Run a command that changes nothing."""
        return self._run(command)

    def look_up(self, request: WebRequest) -> WebAnswer:
        """Send a request that only looks."""
        return self.send(request)

    # -- to change ---------------------------------------------------------------------------------

    def write(
        self, path: str, data: bytes, accept: Accept | None = None, /, *,
        mode: int, uid: int, gid: int,
    ) -> None:  # fmt: skip
        """Make or replace a file in one step."""
        self._files.write(path, data, accept, mode=mode, uid=uid, gid=gid)

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        """Make one folder."""
        self._files.make_folder(path, mode=mode, uid=uid, gid=gid)

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        """Make or replace a symbolic link in one step."""
        self._files.make_link(path, target, uid=uid, gid=gid)

    def rename(self, path: str, to: str) -> None:
        """Rename in one step."""
        self._files.rename(path, to)

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder with all that is in it."""
        self._files.remove(path)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        self._files.set_mode(path, mode)

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group; a link itself, not its target."""
        self._files.set_owner(path, uid, gid)

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        """Set the times."""
        self._files.set_times(path, mtime, atime)

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Run a command that changes things."""
        del effects
        return self._run(command)

    def send(self, request: WebRequest) -> WebAnswer:
        """Send a request."""
        from zester_modules.host.web import send  # noqa: PLC0415  # only those who ask pay for it

        return send(request)

    def _run(self, command: Command) -> Done:
        import asyncio  # noqa: PLC0415  # runs that start nothing do without its 20 ms

        from zester_modules.host.process import run_command  # noqa: PLC0415  # the same

        user = self._user(command.runas) if command.runas else None
        if (user is not None or not self._root.is_host) and not self._host.is_root():
            what = f"as another user ({command.runas})" if command.runas else "in another root"
            raise HostProblem(f"only root can run a command {what}")
        own = self._host.environment()
        if user is not None:
            own |= {"HOME": user.home, "USER": user.name, "LOGNAME": user.name}
        argv = command.argv or (command.interpreter, "-c", command.shell)
        spec = CommandSpec(
            argv=argv, cwd=command.cwd, env=own | dict(command.env), umask=command.umask,
            user=user.uid if user else None, group=user.gid if user else None,
            groups=user.groups if user else (), stdin=command.stdin, timeout=command.timeout,
        )  # fmt: skip
        if not self._root.is_host:
            spec = in_root(spec, self._root.path)
        finished = asyncio.run(run_command(spec, self._folder, limit=command.limit, text=False))
        try:
            return _done(finished)
        finally:
            finished.close()

    def _user(self, name: str) -> User:
        if self._root.is_host:
            return self._host.user(name)
        entry = self.users().get(name)
        if entry is None:
            raise HostProblem(f"there is no user {name!r}", hint="make the user first")
        groups = [one.gid for one in self.groups().values() if name in one.members]
        return User(
            name=name, uid=entry.uid, gid=entry.gid, groups=(entry.gid, *groups),
            home=entry.home, shell=entry.shell,
        )  # fmt: skip


def in_root(spec: CommandSpec, root: str) -> CommandSpec:
    """Give a command that sees another folder as `/`."""
    enter = 'cd "$1" || exit 126; shift; exec "$@"'
    words = ["chroot"]
    if spec.user is not None:
        words += [f"--userspec={spec.user}:{spec.group}"]
        words += [f"--groups={','.join(map(str, spec.groups))}"]
    return msgspec.structs.replace(
        spec, argv=(*words, root, "/bin/sh", "-c", enter, "sh", spec.cwd, *spec.argv), cwd="/",
        user=None, group=None, groups=(),
    )  # fmt: skip


def _done(finished: "Finished") -> Done:
    return Done(
        exit_code=finished.exit_code,
        stdout=b"".join(finished.stdout.chunks()),
        stderr=b"".join(finished.stderr.chunks()),
        timed_out=finished.ended == "timed-out",
    )
