"""A machine on which every change is only remembered, and seen by all who look afterwards."""

import posixpath
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from zester_modules.host.machine import (
    Accept,
    Command,
    Done,
    Effects,
    GroupEntry,
    Machine,
    Packages,
    Reach,
    Services,
    Stat,
    Unknowable,
    UserEntry,
    WebAnswer,
    WebRequest,
)
from zester_modules.host.predicted.account_files import (
    GROUP,
    PASSWD,
    UNTOLD,
    changed_groups,
    changed_users,
)
from zester_modules.host.predicted.files import Files
from zester_modules.host.predicted.history import History
from zester_modules.host.predicted.packages import PredictedPackages
from zester_modules.host.predicted.services import PredictedServices, services_of
from zester_modules.host.predicted.table import Table

PROGRAMS: Final = (
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
)  # fmt: skip


class PredictedMachine:
    """The real machine under the effects of the states so far; changes nothing of it.

    Args:
        real: the machine below; only looked at.
        history: who acts; shared with the runner, which says whose turn it is.
    """

    def __init__(self, real: Machine, history: History | None = None) -> None:
        self.history = history or History()
        self._real = real
        self._files = Files(real, self.history)
        self._users: Table[UserEntry] = Table(real.users, self.history, "account")
        self._groups: Table[GroupEntry] = Table(real.groups, self.history, "account")
        self._packages = PredictedPackages(
            real, self.history, self._files.is_changed_below, self._lose
        )
        self._services = PredictedServices(real, self.history, self._files.is_new)

    @property
    def packages(self) -> Packages:
        """The package manager."""
        self.history.look()
        return self._packages

    @property
    def services(self) -> Services:
        """The service manager."""
        self.history.look()
        return self._services

    def forget(self) -> None:
        """Let the real machine forget what it has looked up."""
        self._real.forget()

    @contextmanager
    def perhaps(self, because: tuple[str, ...]) -> Generator[None]:
        """Let changes be made of which nobody knows whether they will be.

        What they touch is unknown afterwards.
        """
        parts = (self._files, self._users, self._groups, self._services, self._packages.table)
        for part in parts:
            part.begin_doubt()
        try:
            yield
        finally:
            for part in parts:
                part.end_doubt(because)

    def hide(self, reach: Reach, name: str) -> None:
        """Take it that the actor may change things, and nobody knows how.

        Args:
            reach: what these are.
            name: of the one path, service or account.
        """
        match reach:
            case "path":
                self._files.hide(name)
            case "service":
                self._services.hide(name)
            case "accounts":
                self.history.obscure("accounts")
                # one that is there may be gone or changed; a user and its own group share a name
                self._users.hide(name)
                self._groups.hide(name)
                for path in (PASSWD, GROUP, *UNTOLD):
                    self._files.hide(path)
            case "packages":
                self.history.obscure("packages")
            case "anything":
                self.history.unsettle()
            case "nothing":
                pass

    # -- to look -----------------------------------------------------------------------------------

    def stat(self, path: str) -> Stat | None:
        """Give what lies at a path, links not followed."""
        self.history.look()
        return self._files.stat(path, follow=False)

    def follow(self, path: str) -> Stat | None:
        """Give what lies at a path, links followed."""
        self.history.look()
        return self._files.stat(path, follow=True)

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        """Give the contents of a file, links followed."""
        self.history.look()
        return self._files.read(path, limit)

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder."""
        self.history.look()
        return self._files.list(path)

    def users(self) -> Mapping[str, UserEntry]:
        """Give the accounts by name."""
        self.history.look()
        return self._users

    def groups(self) -> Mapping[str, GroupEntry]:
        """Give the groups by name."""
        self.history.look()
        return self._groups

    def which(self, program: str) -> str | None:
        """Give the whole path of a program.

        Raises:
            Unknowable: an earlier state may bring it.
        """
        places = (program,) if "/" in program else tuple(f"{one}/{program}" for one in PROGRAMS)
        found = self._real.which(program)
        because: tuple[str, ...] = ()
        for place in dict.fromkeys((*((found,) if found else ()), *places)):
            try:
                entry = self.follow(place)
            except Unknowable as unknown:
                because = because or unknown.because
                continue
            if entry is not None and entry.kind == "file" and entry.mode & 0o111:
                return posixpath.normpath(place)
        if because:
            raise Unknowable(because)
        return None

    def ask(self, command: Command) -> Done:
        """Run a command that changes nothing, on the machine as it is.

        Raises:
            Unknowable: it cannot be run yet, and an earlier state may bring what it needs.
        """
        self.history.doubt()
        if self._waits_for_a_state(command):
            raise Unknowable(self.history.changed)
        done = self._real.ask(command)
        if done.exit_code == 127 and self.history.changed:
            raise Unknowable(self.history.changed)
        return done

    def _lose(self, paths: Sequence[str]) -> None:
        """Take it that packages go that have brought these."""
        self._files.lose(paths)
        for name in services_of(paths):
            self._services.hide(name)

    def _waits_for_a_state(self, command: Command) -> bool:
        """Say whether the user or the folder of a command is there only after earlier states."""
        who, where = command.runas, command.cwd
        is_new = bool(who) and not who.isdigit() and who not in self._real.users()
        is_made = self._real.follow(where) is None and self.follow(where) is not None
        return is_made or (is_new and who in self._users)

    def look_up(self, request: WebRequest) -> WebAnswer:
        """Send a request that only looks, as long as nothing has changed.

        Raises:
            Unknowable: an earlier state may change what a server answers.
        """
        if self.history.changed:
            raise Unknowable(self.history.changed)
        return self._real.look_up(request)

    # -- to change ---------------------------------------------------------------------------------

    def write(
        self, path: str, data: bytes, accept: Accept | None = None, /, *,
        mode: int, uid: int, gid: int,
    ) -> None:  # fmt: skip
        """Make or replace a file, taken to be accepted."""
        del accept
        self._files.write(path, data, mode=mode, uid=uid, gid=gid)

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        """Make one folder."""
        self._files.make_folder(path, mode=mode, uid=uid, gid=gid)

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        """Make or replace a symbolic link."""
        self._files.make_link(path, target, uid=uid, gid=gid)

    def rename(self, path: str, to: str) -> None:
        """Rename; what lay there is replaced."""
        self._files.rename(path, to)

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder with all that is in it."""
        self._files.remove(path)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        self._files.set_mode(path, mode)

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group."""
        self._files.set_owner(path, uid, gid)

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        """Set the times; only that of the contents can be seen."""
        del atime
        self._files.set_times(path, mtime)

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Take over a command's known effects; without, anything may be otherwise afterwards."""
        del command
        if effects is None:
            self.history.unsettle()
            return Done(exit_code=0)
        for path, data in effects.files.items():
            self._files.set_contents(path, data)
        for path in effects.unknown:
            self._files.hide(path)
        self._change_accounts(effects)
        if effects.brings:
            self.history.obscure()
        self.history.change()
        return Done(exit_code=0)

    def _change_accounts(self, effects: Effects) -> None:
        for name, user in effects.users.items():
            self._users.set(name, user)
        for name, group in effects.groups.items():
            self._groups.set(name, group)
        if effects.users:
            self._rewrite(PASSWD, lambda data: changed_users(data, effects.users))
        if effects.groups:
            self._rewrite(GROUP, lambda data: changed_groups(data, effects.groups))
        if effects.users or effects.groups:
            for path in UNTOLD:
                self._files.hide(path)

    def _rewrite(self, path: str, change: Callable[[bytes], bytes]) -> None:
        try:
            before = self._files.read(path, None)
        except Unknowable:
            return
        if before is not None:
            self._files.set_contents(path, change(before))

    def send(self, request: WebRequest) -> WebAnswer:
        """Send nothing.

        Raises:
            Unknowable: always.
        """
        del request
        raise Unknowable((self.history.actor,))
