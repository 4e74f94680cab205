"""What lies on this host: files, folders and links, by Salt's names."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.file_change import (
    append,
    chgrp,
    chown,
    copy,
    lchown,
    makedirs,
    mkdir,
    move,
    prepend,
    remove,
    rename,
    replace,
    rmdir,
    set_mode,
    symlink,
    touch,
    write,
)
from zester_modules.functions.file_look import (
    CHECK_HASH,
    GET_GID,
    GET_GROUP,
    GET_HASH,
    GET_MODE,
    GET_SUM,
    GET_UID,
    GET_USER,
    GID_TO_GROUP,
    GROUP_TO_GID,
    LSTAT,
    STATS,
    UID_TO_USER,
    USER_TO_UID,
)
from zester_modules.functions.file_paths import (
    BASENAME,
    DIRNAME,
    JOIN,
    NORMPATH,
    PARDIR,
)
from zester_modules.functions.file_search import FIND, GLOB
from zester_modules.functions.machines import machine_of
from zester_modules.regexes import compiled

__all__ = [
    "BASENAME", "CHECK_HASH", "DIRNAME", "FIND", "GET_GID", "GET_GROUP", "GET_HASH", "GET_MODE",
    "GET_SUM", "GET_UID", "GET_USER", "GID_TO_GROUP", "GLOB", "GROUP_TO_GID", "JOIN", "LSTAT",
    "NORMPATH", "PARDIR", "STATS", "UID_TO_USER", "USER_TO_UID", "append", "chgrp", "chown",
    "copy", "lchown", "makedirs", "mkdir", "move", "prepend", "remove", "rename", "replace",
    "rmdir", "set_mode", "symlink", "touch", "write",
]  # fmt: skip


@function("file.file_exists", reads=True)
def file_exists(context: Context, path: str) -> bool:
    """Answer whether a file lies there, links followed.

    Args:
        path: where.
    """
    found = machine_of(context).follow(path)
    return found is not None and found.kind != "folder"


@function("file.directory_exists", reads=True)
def directory_exists(context: Context, path: str) -> bool:
    """Answer whether a folder lies there, links followed.

    Args:
        path: where.
    """
    found = machine_of(context).follow(path)
    return found is not None and found.kind == "folder"


@function("file.is_link", reads=True)
def is_link(context: Context, path: str) -> bool:
    """Answer whether a symbolic link lies there.

    Args:
        path: where.
    """
    found = machine_of(context).stat(path)
    return found is not None and found.kind == "link"


@function("file.readlink", reads=True)
def readlink(context: Context, path: str) -> str:
    """Answer where a link leads, as it is written.

    Args:
        path: of the link.
    """
    found = machine_of(context).stat(path)
    if found is None or found.kind != "link":
        raise Refused(f"there is no link {path}", hint="file.is_link says whether there is one")
    return found.target


@function("file.read", reads=True)
def read(context: Context, path: str, binary: bool = False) -> str | bytes:
    """Answer the contents of a file.

    Args:
        path: of the file.
        binary: answer bytes.
    """
    data = _contents(context, path)
    return data if binary else data.decode("utf-8", "replace")


@function("file.readdir", reads=True)
def readdir(context: Context, path: str) -> list[str]:
    """Answer the names in a folder, with `.` and `..` before them, as Salt does.

    Args:
        path: of the folder.
    """
    names = machine_of(context).list(path)
    if names is None:
        raise Refused(f"there is no folder {path}", hint="file.directory_exists says whether it is")
    return [".", "..", *names]


@function("file.contains", reads=True)
def contains(context: Context, path: str, text: str) -> bool:
    """Answer whether a file holds a text; a missing file holds none.

    Args:
        path: of the file.
        text: what is looked for; white space at both its ends does not count.
    """
    data = machine_of(context).read(path)
    return data is not None and text.strip().encode() in data


@function("file.contains_regex", reads=True)
def contains_regex(context: Context, path: str, regex: str, lchar: str = "") -> bool:
    """Answer whether a line of a file matches; a missing file has none.

    Args:
        path: of the file.
        regex: the expression.
        lchar: signs that are taken from the beginning of each line.
    """
    data = machine_of(context).read(path)
    if data is None:
        return False
    expression = compiled(regex, argument="regex")
    return any(
        expression.search(line.lstrip(lchar) if lchar else line)
        for line in data.decode("utf-8", "replace").splitlines()
    )


@function("file.search", reads=True)
def search(
    context: Context, path: str, pattern: str, flags: int = 8, ignore_if_missing: bool = False
) -> bool:
    """Answer whether an expression matches anywhere in a file.

    Args:
        path: of the file.
        pattern: the expression.
        flags: as a number; 8 lets `^` and `$` match at lines.
        ignore_if_missing: a missing file does not match; else it is an error.
    """
    if ignore_if_missing and machine_of(context).follow(path) is None:
        return False
    text = _contents(context, path).decode("utf-8", "replace")
    return compiled(pattern, flags).search(text) is not None


def _contents(context: Context, path: str) -> bytes:
    data = machine_of(context).read(path)
    if data is None:
        raise Refused(f"there is no file {path}", hint="file.file_exists says whether there is one")
    return data
