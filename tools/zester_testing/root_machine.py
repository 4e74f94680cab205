"""A throw-away root as a machine: its files below a folder, its commands in a chroot."""

# ruff: noqa: D102  # each method does what its Protocol says of it

import os
from collections.abc import Mapping
from pathlib import Path

from hosts.root import Root
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
from zester_modules.host.real import files

_Rows = list[list[str]]
_AGEING = ("last_change", "mindays", "maxdays", "warndays", "inactdays", "expire")
_PATH = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")


class RootMachine:
    """The files, commands and accounts of a root.

    Attributes:
        argvs: the words of all commands that were run.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self.argvs: list[tuple[str, ...]] = []

    @property
    def packages(self) -> Packages:
        raise HostProblem("this root's packages are not looked at")

    @property
    def services(self) -> Services:
        raise HostProblem("this root runs no services")

    def _at(self, path: str) -> str:
        return f"{self._root.path}{path}"

    def stat(self, path: str) -> Stat | None:
        return files.look(self._at(path), follow=False)

    def follow(self, path: str) -> Stat | None:
        return files.look(self._at(path), follow=True)

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        return files.read(self._at(path), limit)

    def list(self, path: str) -> list[str] | None:
        place = Path(self._at(path))
        return sorted(one.name for one in place.iterdir()) if place.is_dir() else None

    def _rows(self, name: str) -> _Rows:
        lines = (self.read(f"/etc/{name}") or b"").decode().splitlines()
        return [line.split(":") for line in lines]

    def users(self) -> Mapping[str, UserEntry]:
        shadow = {row[0]: row for row in self._rows("shadow")}
        return {
            row[0]: UserEntry(
                name=row[0], uid=int(row[2]), gid=int(row[3]), gecos=row[4], home=row[5],
                shell=row[6], password=shadow[row[0]][1],
                ageing={
                    name: int(value) if value else None
                    for name, value in zip(_AGEING, shadow[row[0]][2:8], strict=True)
                },
            )
            for row in self._rows("passwd")
        }  # fmt: skip

    def groups(self) -> Mapping[str, GroupEntry]:
        return {
            row[0]: GroupEntry(
                name=row[0], gid=int(row[2]), members=tuple(filter(None, row[3].split(",")))
            )
            for row in self._rows("group")
        }

    def which(self, program: str) -> str | None:
        for folder in _PATH:
            if (self._root.path / folder / program).exists():
                return f"/{folder}/{program}"
        return None

    def ask(self, command: Command) -> Done:
        return self._run(command)

    def write(self, path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
        files.write(self._at(path), data, mode=mode, uid=uid, gid=gid)

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        place = Path(self._at(path))
        files.attempt(f"cannot make {path}", place.mkdir)
        os.lchown(place, uid, gid)
        place.chmod(mode)

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        files.make_link(self._at(path), target, uid=uid, gid=gid)

    def rename(self, path: str, to: str) -> None:
        files.attempt(f"cannot rename {path}", lambda: Path(self._at(path)).rename(self._at(to)))

    def remove(self, path: str) -> None:
        files.remove(self._at(path))

    def set_mode(self, path: str, mode: int) -> None:
        Path(self._at(path)).chmod(mode)

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        os.lchown(self._at(path), uid, gid)

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        os.utime(self._at(path), (atime or 0.0, mtime or 0.0))

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        del effects
        return self._run(command)

    def _run(self, command: Command) -> Done:
        words = command.argv or (command.interpreter, "-c", command.shell)
        self.argvs.append(words)
        done = self._root.run(words, stdin=command.stdin)
        return Done(exit_code=done.code, stdout=done.out.encode(), stderr=done.err.encode())
