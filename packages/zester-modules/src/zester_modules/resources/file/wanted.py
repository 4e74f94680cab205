"""What has to be done for a file, or a folder, to be as it is wanted."""

import posixpath
from contextlib import suppress
from typing import Any, Final

import msgspec

from zester_modules.accounts.names import group_name, user_name
from zester_modules.host.machine import HostProblem, Stat, Unknowable
from zester_modules.resource import HIDDEN_DIFF, Leaf, Scope, Unknown
from zester_modules.resources.diff import difference
from zester_modules.resources.file.owner import gid_of, inherited_gid, uid_of
from zester_modules.resources.file.steps import (
    Folder,
    Keep,
    Remove,
    SetMode,
    SetOwner,
    Step,
    Work,
    Write,
    digest_of,
    joined,
    me,
    octal,
)
from zester_proto.secrets.masker import MASK

LINKS: Final = 40
FILE_MODE: Final = 0o644
FOLDER_MODE: Final = 0o755
PRIVATE_MODE: Final = 0o600


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Permissions and owners; None is left alone, or the usual for what is new."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is wanted.

    Attributes:
        data: contents; None: left alone, or empty.
        keep: a copy of what is replaced is kept.
        show: a diff may be shown.
        owns: all of the contents are the state's, and so is the mode where it says none.
        follow: what a link names is meant, not the link.
        folders: missing folders above are made so; None: they must be there.
        force: whatever else lies there gives way.
        checks: commands that must be content with a new file before it takes its place.
        above: False: other steps see to the folders above.
    """

    path: str
    data: bytes | None = None
    look: Look = Look()
    keep: bool = False
    show: bool = True
    owns: bool = True
    follow: bool = True
    folders: Look | None = None
    force: bool = False
    checks: tuple[str, ...] = ()
    above: bool = True


def look_of(scope: Scope, user: str, group: str, mode: int | None) -> Look:
    """Give owners by name as a look."""
    return Look(mode=mode, uid=uid_of(scope, user), gid=gid_of(scope, group))


def folder_mode(mode: int | None, file_mode: int | None) -> int:
    """Give the mode of folders above a file: who may read it may enter them."""
    if mode is not None:
        return mode
    return FOLDER_MODE if file_mode is None else file_mode & 0o777 | (file_mode & 0o444) >> 2


def resolved(scope: Scope, path: str) -> str:
    """Give where links at a path's end lead.

    Raises:
        HostProblem: they lead in a circle.
    """
    for _ in range(LINKS):
        found = scope.machine.stat(path)
        if found is None or found.kind != "link":
            return path
        path = posixpath.join(posixpath.dirname(path), found.target)
    raise HostProblem(f"{path}: its links lead in a circle", hint="look at the links there")


def file_work(want: Wanted, scope: Scope) -> Work:
    """Give what has to be done for a file.

    Raises:
        HostProblem: something else lies there, or there is no folder for it.
        Unknowable: contents are to be left alone, and only earlier states can bring them.
    """
    work = _file_work(_private(want, scope), scope)
    if not scope.secret or want.data is None or want.look.mode is not None or not work.leaves:
        return work
    text = "it holds a secret and no mode is given, so that it is 0600"
    return msgspec.structs.replace(work, warnings=(*work.warnings, text))


def _private(want: Wanted, scope: Scope) -> Wanted:
    """Let only its owner read what holds a secret, where nobody says who may."""
    if not scope.secret or want.data is None or want.look.mode is not None or not want.owns:
        return want
    look = msgspec.structs.replace(want.look, mode=PRIVATE_MODE)
    return msgspec.structs.replace(want, look=look)


def _file_work(want: Wanted, scope: Scope) -> Work:
    try:
        path = resolved(scope, want.path) if want.follow else want.path
        found = scope.machine.stat(path)
    except Unknowable as unknown:
        if want.data is None:
            raise
        return _unseen(want, unknown.because, scope)
    way: tuple[Step, ...] = ()
    if found is not None and found.kind != "file":
        if found.kind == "folder" and not want.force:
            raise HostProblem(f"{path} is a folder", hint="remove it first, or choose another path")
        if want.follow and not want.force:
            raise HostProblem(f"{path} is a {found.kind}, not a file", hint="remove it first")
        way = (Remove(path),) if found.kind == "folder" else ()
    if found is None or found.kind != "file":
        new = _new_file(want, path, found, scope)
        return msgspec.structs.replace(new, steps=(*new.steps[:-1], *way, new.steps[-1]))
    return _old_file(want, path, found, scope)


def _new_file(want: Wanted, path: str, found: Stat | None, scope: Scope) -> Work:
    folder = posixpath.dirname(path)
    above = folders_work(folder, want.folders, scope) if want.above else Work()
    data = want.data or b""
    mode, uid, gid = fresh(want.look, path, FILE_MODE, scope)
    leaves = (
        Leaf(path=path, before=found.kind if found else None, after="file"),
        *_contents(path, None, data, scope),
        *new_leaves(path, mode, uid, gid, scope),
    )
    own = Work(
        leaves=leaves, steps=(Write(path, data, mode, uid, gid, want.checks),),
        diff=_shown(want, path, None, scope),
    )  # fmt: skip
    return joined((above, own))


def _old_file(want: Wanted, path: str, found: Stat, scope: Scope) -> Work:
    before = scope.machine.read(path) if want.data is not None else None
    if want.data is None or before == want.data:
        return look_work(path, found, want.look, scope)
    look = want.look
    mode = found.mode if look.mode is None else look.mode
    uid = found.uid if look.uid is None else look.uid
    gid = found.gid if look.gid is None else look.gid
    keep: tuple[Step, ...] = (Keep(path),) if want.keep else ()
    return Work(
        leaves=(
            *_contents(path, before, want.data, scope),
            *look_work(path, found, look, scope).leaves,
        ),
        steps=(*keep, Write(path, want.data, mode, uid, gid, want.checks)),
        diff=_shown(want, path, before, scope),
    )


def _shown(want: Wanted, path: str, before: bytes | None, scope: Scope) -> str:
    if not want.show:
        return ""
    return HIDDEN_DIFF if scope.sensitive else difference(path, before, want.data or b"")


def _unseen(want: Wanted, because: tuple[str, ...], scope: Scope) -> Work:
    """Plan for a file that an earlier state may bring: what will be there is known."""
    data = want.data or b""
    mode, uid, gid = fresh(want.look, want.path, FILE_MODE, scope)
    after = MASK if scope.sensitive else f"sha256:{digest_of(data)}"
    unknown = Unknown(because)
    leaves = (
        Leaf(path=want.path, before=unknown, after=unknown),
        Leaf(path=f"{want.path}:contents", before=unknown, after=after),
    )
    return Work(leaves=leaves, steps=(Write(want.path, data, mode, uid, gid, want.checks),))


def _contents(path: str, before: bytes | None, after: bytes, scope: Scope) -> tuple[Leaf, ...]:
    def shown(data: bytes | None) -> Any:
        if data is None:
            return None
        return MASK if scope.sensitive else f"sha256:{digest_of(data)}"

    return (Leaf(path=f"{path}:contents", before=shown(before), after=shown(after)),)


def fresh(look: Look, path: str, usual: int, scope: Scope) -> tuple[int, int, int]:
    """Give mode, user and group of something new."""
    uid, gid = me()
    if look.gid is None:
        with suppress(Unknowable):  # the folder may be there by then
            gid = inherited_gid(scope.machine.follow(posixpath.dirname(path)), gid)
    return (
        usual if look.mode is None else look.mode,
        uid if look.uid is None else look.uid,
        gid if look.gid is None else look.gid,
    )


def new_leaves(path: str, mode: int, uid: int, gid: int, scope: Scope) -> tuple[Leaf, ...]:
    """Give the leaves of something new but what it is."""
    return (
        Leaf(path=f"{path}:mode", after=octal(mode)),
        Leaf(path=f"{path}:user", after=user_name(scope.machine, uid)),
        Leaf(path=f"{path}:group", after=group_name(scope.machine, gid)),
    )


def look_work(path: str, found: Stat, look: Look, scope: Scope) -> Work:
    """Give what has to be done for permissions and owners of what is there."""
    uid = found.uid if look.uid is None else look.uid
    gid = found.gid if look.gid is None else look.gid
    mode = found.mode if look.mode is None else look.mode
    leaves: list[Leaf] = []
    steps: list[Step] = []
    if mode != found.mode:
        leaves.append(Leaf(path=f"{path}:mode", before=octal(found.mode), after=octal(mode)))
    if uid != found.uid:
        before, after = user_name(scope.machine, found.uid), user_name(scope.machine, uid)
        leaves.append(Leaf(path=f"{path}:user", before=before, after=after))
    if gid != found.gid:
        before, after = group_name(scope.machine, found.gid), group_name(scope.machine, gid)
        leaves.append(Leaf(path=f"{path}:group", before=before, after=after))
    if (uid, gid) != (found.uid, found.gid):
        steps.append(SetOwner(path, uid, gid))
    if mode != found.mode or (steps and mode & 0o6000):
        steps.append(SetMode(path, mode))  # after the owner: changing that takes setuid away
    return Work(leaves=tuple(leaves), steps=tuple(steps))


def folders_work(folder: str, look: Look | None, scope: Scope) -> Work:
    """Give what has to be done for a folder and those above it to be there.

    Args:
        folder: its path.
        look: how missing ones are made; None: none may be missing.
        scope: what is seen.

    Raises:
        HostProblem: it is missing and may not be made, or something else lies there.
    """
    missing: list[str] = []
    because: tuple[str, ...] = ()
    here = folder
    while True:
        try:
            found = scope.machine.follow(here)
        except Unknowable as unknown:
            because = unknown.because
            break
        if found is not None and found.kind != "folder":
            raise HostProblem(f"{here} is a {found.kind}, not a folder", hint="remove it first")
        if found is not None:
            break
        missing.append(here)
        here = posixpath.dirname(here)
    if because:
        return Work(leaves=(Leaf(path=here, after=Unknown(because)),) if look else ())
    if missing and look is None:
        raise HostProblem(
            f"there is no folder {folder}", hint="make it first, or set makedirs: true"
        )
    return joined(_folder(one, look or Look(), scope) for one in reversed(missing))


def _folder(path: str, look: Look, scope: Scope) -> Work:
    mode, uid, gid = fresh(look, path, FOLDER_MODE, scope)
    return Work(
        leaves=(Leaf(path=path, after="folder"), *new_leaves(path, mode, uid, gid, scope)),
        steps=(Folder(path, mode, uid, gid),),
    )


new_folder = _folder


def folder_instead(path: str, found: Stat, way: Step, look: Look, scope: Scope) -> Work:
    """Give what has to be done for a folder where something else lies; `way` takes that away."""
    gone = Work(leaves=(Leaf(path=path, before=found.kind, after="folder"),), steps=(way,))
    new = new_folder(path, look, scope)
    return joined((gone, msgspec.structs.replace(new, leaves=new.leaves[1:])))
