"""Files, folders and links that are made, changed and removed; most of it by states."""

# ruff: noqa: D417  # the context is handed to every function alike

import posixpath
import time

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.by_state import by_state, digits
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Stat
from zester_modules.returns import Outcome, Return
from zester_modules.words import Mode


@function("file.mkdir", dry=True)
def mkdir(
    context: Context, dir_path: str, user: str = "", group: str = "", mode: Mode | None = None
) -> Return:
    """Make a folder, and those above it.

    Args:
        dir_path: where.
        user: its owner.
        group: its group.
        mode: its permissions.
    """
    return by_state(
        context, "file.directory", dir_path, user=user, group=group, mode=digits(mode),
        makedirs=True,
    )  # fmt: skip


@function("file.makedirs", dry=True)
def makedirs(
    context: Context, path: str, user: str = "", group: str = "", mode: Mode | None = None
) -> Return:
    """Make the folders above a path; of one that ends with a slash the last one, too.

    Args:
        path: what is to lie in them.
        user: their owner.
        group: their group.
        mode: their permissions.
    """
    return mkdir(context, posixpath.dirname(path), user, group, mode)


@function("file.remove", dry=True)
def remove(context: Context, path: str) -> Return:
    """Remove a file, a link, or a folder with all that is in it.

    Args:
        path: where it lies.
    """
    return by_state(context, "file.absent", path)


@function("file.rmdir", dry=True)
def rmdir(context: Context, path: str) -> Return:
    """Remove an empty folder.

    Args:
        path: where it lies.
    """
    names = machine_of(context).list(path)
    if names is None:
        raise Refused(f"there is no folder {path}")
    if names:
        raise Refused(f"{path} is not empty", hint="file.remove takes all that is in it along")
    return by_state(context, "file.absent", path)


@function("file.touch", dry=True)
def touch(
    context: Context, name: str, atime: float | None = None, mtime: float | None = None
) -> Return:
    """Make an empty file where none is, and set its times.

    Args:
        name: where.
        atime: Unix time of the last look; else now.
        mtime: Unix time of its contents; else now.
    """
    given = time.time() if mtime is None else mtime
    return by_state(context, "file.touch", name, atime=atime, mtime=given)


@function("file.copy", dry=True)
def copy(
    context: Context, src: str, dst: str, recurse: bool = False, remove_existing: bool = False
) -> Return:
    """Copy a file, or with `recurse` a folder; permissions and owners are taken over.

    Args:
        src: what is copied.
        dst: where to; what is there is made the same.
        recurse: a folder may be copied.
        remove_existing: what is there is removed first.
    """
    found = machine_of(context).follow(src)
    if found is None:
        raise Refused(f"there is no {src}")
    if found.kind == "folder" and not recurse:
        raise Refused(f"{src} is a folder", hint="recurse=True copies all that is in it")
    if remove_existing and not context.test:
        gone = by_state(context, "file.absent", dst)
        if gone.outcome is Outcome.FAILED:
            return gone
    return by_state(context, "file.copy", dst, source=src, force=True, preserve=True)


@function("file.rename", dry=True)
def rename(context: Context, src: str, dst: str) -> Return:
    """Rename a file or folder; what lies at the new path gives way.

    Args:
        src: the old path.
        dst: the new path.
    """
    if machine_of(context).stat(src) is None:
        raise Refused(f"there is no {src}")
    return by_state(context, "file.rename", dst, source=src, force=True)


@function("file.move", dry=True)
def move(context: Context, src: str, dst: str) -> Return:
    """Rename a file or folder: another word for `file.rename`.

    Args:
        src: the old path.
        dst: the new path.
    """
    return rename(context, src, dst)


@function("file.symlink", dry=True)
def symlink(context: Context, src: str, path: str, force: bool = False) -> Return:
    """Make a symbolic link.

    Args:
        src: where it leads.
        path: where it lies.
        force: what else lies there gives way.
    """
    return by_state(context, "file.symlink", path, target=src, force=force)


@function("file.write", dry=True)
def write(context: Context, path: str, *args: str) -> Return:
    """Let a file hold these lines and nothing else.

    Args:
        path: where.
        args: the lines.
    """
    return by_state(context, "file.managed", path, contents="".join(f"{one}\n" for one in args))


@function("file.append", dry=True)
def append(context: Context, path: str, *args: str) -> Return:
    """Put lines at the end of a file, those that it does not hold yet.

    Args:
        path: where.
        args: the lines.
    """
    return by_state(context, "file.append", path, text=list(args))


@function("file.prepend", dry=True)
def prepend(context: Context, path: str, *args: str) -> Return:
    """Put lines at the beginning of a file, those that it does not hold yet.

    Args:
        path: where.
        args: the lines.
    """
    return by_state(context, "file.prepend", path, text=list(args))


@function("file.replace", dry=True)
def replace(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    path: str,
    pattern: str,
    repl: str,
    count: int = 0,
    append_if_not_found: bool = False,
    prepend_if_not_found: bool = False,
) -> Return:
    """Replace what an expression matches in a file.

    Args:
        path: of the file.
        pattern: the expression.
        repl: what comes in its place.
        count: how often at most; 0 is always.
        append_if_not_found: put it at the end where nothing matches.
        prepend_if_not_found: put it at the beginning where nothing matches.
    """
    return by_state(
        context, "file.replace", path, pattern=pattern, repl=repl, count=count,
        append_if_not_found=append_if_not_found, prepend_if_not_found=prepend_if_not_found,
    )  # fmt: skip


@function("file.set_mode", dry=True)
def set_mode(context: Context, path: str, mode: Mode) -> Return:
    """Set permissions, and answer them.

    Args:
        path: where.
        mode: the permissions.
    """
    found = _found(context, path, follow=True)
    if found.mode == mode:
        return Return(digits(mode))
    if context.test:
        return Return(digits(mode), Outcome.WOULD_CHANGE)
    machine_of(context).set_mode(path, mode)
    return Return(digits(mode), Outcome.CHANGED)


@function("file.chown", dry=True)
def chown(context: Context, path: str, user: str = "", group: str = "") -> Return:
    """Set owner and group of a file, a folder, or what a link leads to.

    Args:
        path: where.
        user: the owner, by name or number; left alone if not given.
        group: the group; the same.
    """
    return _owned(context, path, user, group, follow=True)


@function("file.lchown", dry=True)
def lchown(context: Context, path: str, user: str = "", group: str = "") -> Return:
    """Set owner and group of a link itself.

    Args:
        path: where.
        user: the owner, by name or number; left alone if not given.
        group: the group; the same.
    """
    return _owned(context, path, user, group, follow=False)


@function("file.chgrp", dry=True)
def chgrp(context: Context, path: str, group: str) -> Return:
    """Set the group of a file, a folder, or what a link leads to.

    Args:
        path: where.
        group: the group, by name or number.
    """
    return _owned(context, path, "", group, follow=True)


def _owned(context: Context, path: str, user: str, group: str, *, follow: bool) -> Return:
    machine = machine_of(context)
    found = _found(context, path, follow=follow)
    users = {one.name: one.uid for one in machine.users().values()} if user else {}
    groups = {one.name: one.gid for one in machine.groups().values()} if group else {}
    uid = _number(user, users, "user", found.uid)
    gid = _number(group, groups, "group", found.gid)
    if (uid, gid) == (found.uid, found.gid):
        return Return(value=True)
    if context.test:
        return Return(value=False, outcome=Outcome.WOULD_CHANGE)
    target = path
    for _ in range(40):  # as many links as the kernel follows
        look = machine.stat(target)
        if not follow or look is None or look.kind != "link":
            break
        target = posixpath.join(posixpath.dirname(target), look.target)
    machine.set_owner(target, uid, gid)
    return Return(value=True, outcome=Outcome.CHANGED)


def _found(context: Context, path: str, *, follow: bool) -> Stat:
    machine = machine_of(context)
    found = machine.follow(path) if follow else machine.stat(path)
    if found is None:
        raise Refused(f"there is no {path}", hint="file.touch and file.mkdir make what is missing")
    return found


def _number(given: str, known: dict[str, int], what: str, else_: int) -> int:
    if not given:
        return else_
    if given in known:
        return known[given]
    if given.isascii() and given.isdigit():
        return int(given)
    raise Refused(f"there is no {what} {given!r}")
