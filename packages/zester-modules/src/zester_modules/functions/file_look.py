"""Modes, owners and digests of files, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

import hashlib
from typing import Any, Final

from zester_modules.accounts.names import group_name, user_name
from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Stat

_TYPES: Final = {"folder": "dir", "fifo": "pipe"}
_BY_LENGTH: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
ALGORITHMS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def _stat(context: Context, path: str, *, follow: bool) -> Stat:
    machine = machine_of(context)
    found = machine.follow(path) if follow else machine.stat(path)
    if found is None:
        raise Refused(f"there is nothing at {path}", hint="look with file.file_exists")
    return found


@function("file.stats", reads=True)
def stats(
    context: Context, path: str, hash_type: str | None = None, follow_symlinks: bool = True
) -> dict[str, Any]:
    """Answer what is known of a file.

    Args:
        path: of the file.
        hash_type: add the digest of its contents by this algorithm.
        follow_symlinks: what a link names is meant.
    """
    found = _stat(context, path, follow=follow_symlinks)
    told: dict[str, Any] = {
        "target": path, "type": _TYPES.get(found.kind, found.kind), "mode": f"{found.mode:04o}",
        "uid": found.uid, "gid": found.gid,
        "user": user_name(machine_of(context), found.uid),
        "group": group_name(machine_of(context), found.gid),
        "size": found.size, "mtime": found.mtime,
    }  # fmt: skip
    if hash_type and found.kind == "file":
        told["sum"] = _digest(context, path, hash_type)
    return told


@function("file.lstat", reads=True)
def lstat(context: Context, path: str) -> dict[str, Any]:
    """Answer numbers of a file, links not followed; nothing where none lies.

    Args:
        path: of the file.
    """
    found = machine_of(context).stat(path)
    if found is None:
        return {}
    return {
        "st_mode": found.mode, "st_uid": found.uid, "st_gid": found.gid, "st_size": found.size,
        "st_mtime": found.mtime,
    }  # fmt: skip


@function("file.get_user", reads=True)
def get_user(context: Context, path: str, follow_symlinks: bool = True) -> str:
    """Answer who owns a file.

    Args:
        path: of the file.
        follow_symlinks: what a link names is meant.
    """
    found = _stat(context, path, follow=follow_symlinks)
    return user_name(machine_of(context), found.uid)


@function("file.get_group", reads=True)
def get_group(context: Context, path: str, follow_symlinks: bool = True) -> str:
    """Answer the group of a file.

    Args:
        path: of the file.
        follow_symlinks: what a link names is meant.
    """
    found = _stat(context, path, follow=follow_symlinks)
    return group_name(machine_of(context), found.gid)


@function("file.get_uid", reads=True)
def get_uid(context: Context, path: str, follow_symlinks: bool = True) -> int:
    """Answer the number of who owns a file.

    Args:
        path: of the file.
        follow_symlinks: what a link names is meant.
    """
    return _stat(context, path, follow=follow_symlinks).uid


@function("file.get_gid", reads=True)
def get_gid(context: Context, path: str, follow_symlinks: bool = True) -> int:
    """Answer the number of a file's group.

    Args:
        path: of the file.
        follow_symlinks: what a link names is meant.
    """
    return _stat(context, path, follow=follow_symlinks).gid


@function("file.get_mode", reads=True)
def get_mode(context: Context, path: str, follow_symlinks: bool = True) -> str:
    """Answer the permissions of a file, as four octal digits.

    Args:
        path: of the file.
        follow_symlinks: what a link names is meant.
    """
    return f"{_stat(context, path, follow=follow_symlinks).mode:04o}"


@function("file.user_to_uid", reads=True)
def user_to_uid(context: Context, user: str) -> int | None:
    """Answer a user's number; null where there is no such user.

    Args:
        user: the name.
    """
    found = machine_of(context).users().get(user)
    return found.uid if found else None


@function("file.uid_to_user", reads=True)
def uid_to_user(context: Context, uid: int) -> str:
    """Answer the name of a user; the number where there is none.

    Args:
        uid: the number.
    """
    return user_name(machine_of(context), uid)


@function("file.group_to_gid", reads=True)
def group_to_gid(context: Context, group: str) -> int | None:
    """Answer a group's number; null where there is no such group.

    Args:
        group: the name.
    """
    found = machine_of(context).groups().get(group)
    return found.gid if found else None


@function("file.gid_to_group", reads=True)
def gid_to_group(context: Context, gid: int) -> str:
    """Answer the name of a group; the number where there is none.

    Args:
        gid: the number.
    """
    return group_name(machine_of(context), gid)


@function("file.get_hash", reads=True)
def get_hash(context: Context, path: str, form: str = "sha256") -> str:
    """Answer the digest of a file.

    Args:
        path: of the file.
        form: the algorithm.
    """
    return _digest(context, path, form)


@function("file.check_hash", reads=True)
def check_hash(context: Context, path: str, file_hash: str) -> bool:
    """Answer whether a file has a digest.

    Args:
        path: of the file.
        file_hash: `algorithm=digest`, or a digest whose length tells the algorithm.
    """
    form, sign, wanted = file_hash.replace(":", "=", 1).partition("=")
    if not sign:
        form, wanted = _BY_LENGTH.get(len(file_hash), ""), file_hash
    return _digest(context, path, form) == wanted.lower()


@function("file.get_sum", reads=True)
def get_sum(context: Context, file: str, form: str = "sha256") -> str:
    """Answer the digest of a file.

    Args:
        file: its path.
        form: the algorithm.
    """
    return _digest(context, file, form)


def _digest(context: Context, path: str, form: str) -> str:
    if form.lower() not in ALGORITHMS:
        raise BadArgument(
            "file.get_hash", "form", f"{form!r} is none", expects=", ".join(ALGORITHMS)
        )
    data = machine_of(context).read(path)
    if data is None:
        raise Refused(f"there is no file {path}", hint="look with file.file_exists")
    return hashlib.new(form.lower(), data, usedforsecurity=False).hexdigest()


GET_GID, GET_GROUP, GET_HASH, GET_MODE = get_gid, get_group, get_hash, get_mode
CHECK_HASH = check_hash
GID_TO_GROUP, GROUP_TO_GID = gid_to_group, group_to_gid
UID_TO_USER, USER_TO_UID = uid_to_user, user_to_uid
GET_SUM, GET_UID, GET_USER, LSTAT, STATS = get_sum, get_uid, get_user, lstat, stats
