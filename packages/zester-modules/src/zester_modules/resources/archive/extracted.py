"""archive.extracted: what is in an archive lies in a folder."""

import posixpath
import shlex
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Stat
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.archive.members import Member, opened
from zester_modules.resources.file.sourced import SIGNED, Found, first, refuse_signatures
from zester_modules.resources.file.steps import (
    Folder,
    Link,
    Remove,
    Step,
    Work,
    Write,
    digest_of,
    joined,
    perform,
    planned,
    whole,
)
from zester_modules.resources.file.wanted import (
    Look,
    folders_work,
    fresh,
    look_of,
    look_work,
)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Extract an archive where something of it is missing; with `overwrite`, or is another."""

    name: Annotated[str, Meta(description="the folder; made if it is missing")]
    source: Annotated[list[Any], Meta(description="the archive; the first that is there")]
    source_hash: Annotated[str, Meta(description="its digest; needed for http")] = ""
    signature: Annotated[str, Meta(description="not checked here: the state fails")] = ""
    source_hash_sig: Annotated[str, Meta(description="the same")] = ""
    source_hash_name: Annotated[str, Meta(description="its name in a file of digests")] = ""
    source_hash_update: Annotated[
        bool, Meta(description="compare contents, so that a new archive is extracted")
    ] = False
    skip_verify: Annotated[bool, Meta(description="take an http source unverified")] = False
    archive_format: Annotated[str, Meta(description="not needed: the archive says it")] = ""
    options: Annotated[str, Meta(description="of tar: --strip-components=N counts")] = ""
    user: Annotated[str, Meta(description="owner of all")] = ""
    group: Annotated[str, Meta(description="group of all")] = ""
    if_missing: Annotated[str, Meta(description="nothing is done where this path exists")] = ""
    overwrite: Annotated[bool, Meta(description="compare contents, too")] = False
    force: Annotated[bool, Meta(description="the same, and what is in the way goes")] = False
    clean: Annotated[bool, Meta(description="before extracting, remove its topmost paths")] = False
    enforce_toplevel: Annotated[
        bool, Meta(description="refuse an archive with more than one topmost path")
    ] = True


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """An archive to extract from, one member after the other."""

    before: tuple[Step, ...]
    data: bytes
    source: str
    strip: int
    writes: dict[str, Write]
    """Paths in the archive, and how each is written; without contents yet."""
    after: tuple[Step, ...]


def check(params: Params, scope: Scope) -> Plan:
    """Compare what is there with what is in the archive."""
    refuse_signatures(params.signature, params.source_hash_sig)
    top = whole(params.name)
    if params.if_missing and scope.machine.follow(params.if_missing) is not None:
        return Plan(comment=f"{params.if_missing} is there")
    strip = _strip(params.options)
    digest = "skip_verify" if params.skip_verify else params.source_hash
    found = first(params.source, scope, digest, params.source_hash_name)
    look = look_of(scope, params.user, params.group, None)
    with opened(found.data, found.source, strip) as archive:
        members = archive.members()
        _refuse_many_tops(params, members)
        there = {one.path: _there(one, top, scope) for one in members}
        missing = any(there[one.path] is None for one in members)
        if not missing and not (params.overwrite or params.force or params.source_hash_update):
            return planned(joined(
                look_work(posixpath.join(top, path), stat, look, scope)
                for path, stat in there.items() if stat is not None
            ), fine="all of it is there")  # fmt: skip
        contents = {
            one.path: digest_of(archive.read(one)) for one in members
            if one.kind == "file" and there[one.path] is not None
        }  # fmt: skip
    return _extraction(params, top, found, (members, there, contents), look=look, scope=scope)


def _there(one: Member, top: str, scope: Scope) -> Stat | None:
    """Give what lies at a member's path; a link to a folder is a folder."""
    path = posixpath.join(top, one.path)
    found = scope.machine.stat(path)
    if one.kind == "folder" and found is not None and found.kind == "link":
        return scope.machine.follow(path) or found
    return found


def _strip(options: str) -> int:
    try:
        words = shlex.split(options)
    except ValueError as error:
        raise HostProblem(f"options cannot be read: {error}") from error
    count = "0"
    for at, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in {"--strip-components", "--strip"}:
            count = value if sign else (words[at + 1] if at + 1 < len(words) else "")
    if not count.isdigit():
        raise HostProblem(f"--strip-components takes a number, not {count!r}")
    return int(count)


def _refuse_many_tops(params: Params, members: list[Member]) -> None:
    tops = sorted({one.path.partition("/")[0] for one in members})
    if params.enforce_toplevel and len(tops) > 1:
        raise HostProblem(
            f"the archive has several topmost paths: {', '.join(tops[:5])}",
            hint="enforce_toplevel: false, if that is meant",
        )


Compared = tuple[list[Member], dict[str, Stat | None], dict[str, str]]


def _extraction(
    params: Params, top: str, found: Found, compared: Compared, *, look: Look, scope: Scope
) -> Plan:
    members, there, contents = compared
    above = folders_work(top, look, scope)
    works = [above]
    if params.clean:
        works += _cleaned(top, members, scope)
        there = dict.fromkeys(there)
    writes: dict[str, Write] = {}
    for one in sorted(members, key=lambda one: (one.kind != "folder", one.path)):
        stat = there[one.path]
        path = posixpath.join(top, one.path)
        work = Work()
        if stat is not None and stat.kind != one.kind:
            if not params.force:
                raise HostProblem(f"{path} is a {stat.kind}", hint="force: true removes it")
            works.append(Work(steps=(Remove(path),)))
            work = _member(one, top, look, scope, before=stat)
        elif stat is None:
            work = _member(one, top, look, scope)
        elif one.kind == "file" and contents[one.path] != _digest(path, scope):
            work = _changed(one, path, stat, contents[one.path], look=look, scope=scope)
        elif one.kind == "link" and stat.target != one.target:
            leaf = Leaf(path=f"{path}:target", before=stat.target, after=one.target)
            work = Work(leaves=(leaf,), steps=(Link(path, one.target, stat.uid, stat.gid),))
        else:
            work = look_work(path, stat, look, scope)
        writes.update((one.path, step) for step in work.steps if isinstance(step, Write))
        works.append(work)
    whole_work = joined(works)
    steps = tuple(one for one in whole_work.steps if not isinstance(one, Write))
    links = tuple(one for one in steps if isinstance(one, Link))
    plan = planned(whole_work, f"{len(writes)} files of {found.source}")
    todo = Todo(
        before=tuple(one for one in steps if not isinstance(one, Link)), data=found.data,
        source=found.source, strip=_strip(params.options), writes=writes, after=links,
    )  # fmt: skip
    return msgspec.structs.replace(plan, todo=todo) if plan.leaves else plan


def _digest(path: str, scope: Scope) -> str:
    return digest_of(scope.machine.read(path) or b"")


def _cleaned(top: str, members: list[Member], scope: Scope) -> Iterator[Work]:
    for name in sorted({one.path.partition("/")[0] for one in members}):
        path = posixpath.join(top, name)
        found = scope.machine.stat(path)
        if found is not None:
            leaf = Leaf(path=path, before=found.kind)
            yield Work(leaves=(leaf,), steps=(Remove(path),))


def _member(one: Member, top: str, look: Look, scope: Scope, *, before: Stat | None = None) -> Work:
    path = posixpath.join(top, one.path)
    mode, uid, gid = fresh(msgspec.structs.replace(look, mode=one.mode), path, one.mode, scope)
    step: Step = Write(path, b"", mode, uid, gid)
    if one.kind == "folder":
        step = Folder(path, mode, uid, gid)
    elif one.kind == "link":
        step = Link(path, one.target, uid, gid)
    leaf = Leaf(path=path, before=before.kind if before else None, after=one.kind)
    return Work(leaves=(leaf,), steps=(step,))


def _changed(one: Member, path: str, stat: Stat, after: str, *, look: Look, scope: Scope) -> Work:
    uid = stat.uid if look.uid is None else look.uid
    gid = stat.gid if look.gid is None else look.gid
    before = f"sha256:{_digest(path, scope)}"
    leaf = Leaf(path=f"{path}:contents", before=before, after=f"sha256:{after}")
    owners = look_work(path, stat, look, scope).leaves
    mode = Leaf(path=f"{path}:mode", before=f"{stat.mode:04o}", after=f"{one.mode:04o}")
    modes = (mode,) if stat.mode != one.mode else ()
    return Work(leaves=(leaf, *modes, *owners), steps=(Write(path, b"", one.mode, uid, gid),))


def apply(plan: Plan, scope: Scope) -> Changes:
    """Extract what the plan names; only one file at a time is in memory."""
    todo: Todo | tuple[Step, ...] = plan.todo
    if isinstance(todo, tuple):
        perform(todo, scope)
        return Changes(leaves=plan.leaves, comment=plan.comment)
    perform(todo.before, scope)
    with opened(todo.data, todo.source, todo.strip) as archive:
        for one in archive.members():
            step = todo.writes.get(one.path)
            if step is not None:
                perform((msgspec.structs.replace(step, data=archive.read(one)),), scope)
    perform(todo.after, scope)
    return Changes(leaves=plan.leaves, comment=plan.comment)


EXTRACTED: Final = Resource(
    name="archive.extracted", params=Params, reach="path", check=check, apply=apply,
    retires=("keep_source", "keep", "list_options", "trim_output", "use_cmd_unzip", "use_etag",
             "extract_perms", "show_contents", "clean_parent", *SIGNED),
    lacks=("enforce_ownership_on",),
)  # fmt: skip
