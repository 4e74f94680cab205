"""What states of files do, step by step: planned by check, done by one apply for all of them."""

import posixpath
import shlex
from collections.abc import Iterable
from typing import Any

import msgspec

from zester_modules.host.machine import Accept, Command, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Scope


def with_backup(name: str, backupname: str) -> tuple[str, ...]:
    """Give the path of a state, and where what is in its way is renamed to, if that is asked."""
    path = name.rstrip("/")
    return (path, posixpath.join(posixpath.dirname(path), backupname)) if backupname else (path,)


class Write(msgspec.Struct, frozen=True):
    """Write a whole file."""

    path: str
    data: bytes
    mode: int
    uid: int
    gid: int
    checks: tuple[str, ...] = ()
    """Commands that must be content with the new file before it takes its place."""


class Folder(msgspec.Struct, frozen=True):
    """Make a folder."""

    path: str
    mode: int
    uid: int
    gid: int


class Link(msgspec.Struct, frozen=True):
    """Make a link."""

    path: str
    target: str
    uid: int
    gid: int


class Remove(msgspec.Struct, frozen=True):
    """Remove what lies there."""

    path: str


class Rename(msgspec.Struct, frozen=True):
    """Rename."""

    path: str
    to: str


class SetMode(msgspec.Struct, frozen=True):
    """Set permission bits."""

    path: str
    mode: int


class SetOwner(msgspec.Struct, frozen=True):
    """Set owner and group."""

    path: str
    uid: int
    gid: int


class SetTimes(msgspec.Struct, frozen=True):
    """Set times."""

    path: str
    mtime: float | None
    atime: float | None


class Keep(msgspec.Struct, frozen=True):
    """Keep a copy of a file that is about to be replaced."""

    path: str


Step = Write | Folder | Link | Remove | Rename | SetMode | SetOwner | SetTimes | Keep


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a plan, still in the making."""

    leaves: tuple[Leaf, ...] = ()
    steps: tuple[Step, ...] = ()
    diff: str = ""
    warnings: tuple[str, ...] = ()


def joined(works: Iterable[Work]) -> Work:
    """Give several parts as one."""
    all_works = list(works)
    return Work(
        leaves=tuple(leaf for one in all_works for leaf in one.leaves),
        steps=tuple(step for one in all_works for step in one.steps),
        diff="".join(one.diff for one in all_works),
        warnings=tuple(dict.fromkeys(text for one in all_works for text in one.warnings)),
    )


def planned(work: Work, comment: str = "", *, fine: str = "it is as it should be") -> Plan:
    """Give a plan of what is to be done.

    Args:
        work: all of it.
        comment: what it is; else the leaves are counted.
        fine: what is said where there is nothing to do.
    """
    if not work.leaves:
        return Plan(comment=fine, warnings=work.warnings)
    names = ", ".join(dict.fromkeys(_part(one) for one in work.leaves))
    said = comment or (f"other than wanted: {names}" if len(names) < 200 else "")
    return Plan(
        leaves=work.leaves, diff=work.diff, comment=said or f"{len(work.leaves)} differences",
        warnings=work.warnings, todo=work.steps,
    )  # fmt: skip


def _part(leaf: Leaf) -> str:
    return leaf.path.rpartition(":")[2]


def apply(plan: Plan, scope: Scope) -> Changes:
    """Do the steps of a plan."""
    perform(plan.todo, scope)
    return Changes(leaves=plan.leaves, comment=plan.comment)


def perform(steps: Iterable[Step], scope: Scope) -> None:
    """Do steps, one after the other."""
    for step in steps:
        _do(step, scope)


def _do(step: Step, scope: Scope) -> None:
    machine = scope.machine
    match step:
        case Write(path, data, mode, uid, gid, checks):
            accept = _accepting(checks, path, scope) if checks else None
            machine.write(path, data, accept, mode=mode, uid=uid, gid=gid)
        case Folder(path, mode, uid, gid):
            machine.make_folder(path, mode=mode, uid=uid, gid=gid)
        case Link(path, target, uid, gid):
            machine.make_link(path, target, uid=uid, gid=gid)
        case Remove(path):
            machine.remove(path)
        case Rename(path, to):
            machine.rename(path, to)
        case SetMode(path, mode):
            machine.set_mode(path, mode)
        case SetOwner(path, uid, gid):
            machine.set_owner(path, uid, gid)
        case SetTimes(path, mtime, atime):
            machine.set_times(path, mtime, atime)
        case Keep(path):
            _keep(path, scope)


def _accepting(checks: Iterable[str], path: str, scope: Scope) -> Accept:
    """Give what asks each command about a new file, which is its last word."""

    def accept(new: str) -> None:
        for check in checks:
            line = f"{check} {shlex.quote(new)}"
            done = scope.machine.ask(Command(shell=line, timeout=scope.remaining()))
            if done.exit_code or done.timed_out:
                words = (done.stderr or done.stdout).decode("utf-8", "replace").split("\n")
                said = next((one for one in reversed(words) if one.strip()), "it says no")
                raise HostProblem(
                    f"check_cmd does not accept the new {path}"
                    + ("" if scope.sensitive else f": {said[:500].strip()}"),
                    hint=f"the old one stays; the command is: {check}",
                )

    return accept


def _keep(path: str, scope: Scope) -> None:
    """Copy a file to where backups are kept, under its own path and the digest of its contents."""
    machine = scope.machine
    data = machine.read(path)
    if data is None:
        return
    uid, gid = me()
    folder = str(scope.backups)
    for part in ("", *posixpath.dirname(path).strip("/").split("/")):
        folder = posixpath.join(folder, part) if part else folder
        make_missing(folder, scope, uid, gid)
    kept = posixpath.join(folder, f"{posixpath.basename(path)}.{digest_of(data)[:16]}")
    if machine.stat(kept) is None:
        machine.write(kept, data, mode=0o600, uid=uid, gid=gid)


def make_missing(folder: str, scope: Scope, uid: int, gid: int) -> None:
    """Make a private folder, and those above it, where they are not there."""
    missing: list[str] = []
    while scope.machine.follow(folder) is None:
        missing.append(folder)
        folder = posixpath.dirname(folder)
    for one in reversed(missing):
        scope.machine.make_folder(one, mode=0o700, uid=uid, gid=gid)


def me() -> tuple[int, int]:
    """Give the user and group that what is new belongs to where nothing else is said."""
    import os  # noqa: PLC0415  # here only, so that nobody is tempted to use more of it

    return os.geteuid(), os.getegid()


def digest_of(data: bytes) -> str:
    """Give the SHA-256 of contents."""
    import hashlib  # noqa: PLC0415  # brings OpenSSL

    return hashlib.sha256(data).hexdigest()


def octal(mode: int | None) -> str | None:
    """Give permission bits as people write them."""
    return None if mode is None else f"{mode:04o}"


def whole(path: str) -> str:
    """Give an absolute path without a slash at its end.

    Raises:
        HostProblem: it is not absolute.
    """
    if not path.startswith("/"):
        raise HostProblem(f"{path} is no whole path", hint="write it from / on")
    return path.rstrip("/") or "/"


def text_of(data: Any) -> str:
    """Give contents as text; bytes that are no UTF-8 come back as they were by `bytes_of`."""
    return bytes(data).decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Give text as contents."""
    return text.encode("utf-8", "surrogateescape")
