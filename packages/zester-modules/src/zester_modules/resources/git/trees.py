"""git.cloned and git.latest: working trees of remote repositories."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, Effects, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.git.commands import answer, git, hold, masked, maybe

_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HEADS: Final = "refs/heads/"


class Cloned(msgspec.Struct, frozen=True, kw_only=True):
    """Have a working tree of a repository; what is there is not brought up to date."""

    name: Annotated[str, Meta(description="the address of the repository")]
    target: Annotated[str, Meta(description="the folder of the working tree")]
    branch: Annotated[str, Meta(description="the branch to check out")] = ""
    user: Annotated[str, Meta(description="who runs git")] = ""
    identity: Annotated[str, Meta(description="the private key for ssh, a path")] = ""


class Latest(Cloned, frozen=True, kw_only=True):
    """Have a working tree of a repository, as new as the repository."""

    rev: Annotated[str, Meta(description="a branch, a tag or a whole commit")] = "HEAD"
    remote: Annotated[str, Meta(description="what the working tree calls the repository")] = (
        "origin"
    )
    depth: Annotated[int, Meta(description="so many commits when cloning; 0 is all", ge=0)] = 0
    force_reset: Annotated[bool, Meta(description="give up what was changed here")] = False


class _Goal(msgspec.Struct, frozen=True):
    """Where the working tree should be."""

    commit: str
    branch: str
    """"": on none."""


class _Todo(msgspec.Struct, frozen=True):
    target: str
    commands: tuple[Command, ...]


def check_cloned(params: Cloned, scope: Scope) -> Plan:
    """Look whether the tree is there, on its branch; the remote is not asked."""
    _refuse(params)
    if not _there(params, scope):
        deep = ("--branch", params.branch) if params.branch else ()
        return _clone(params, _run(params, "clone", *deep, "--", params.name, params.target))
    now = maybe(scope.machine, _in(params, "symbolic-ref", "-q", "--short", "HEAD"))
    leaves, todo = _address(params, "origin", scope)
    if params.branch and now != params.branch:
        leaves.append(Leaf(path=f"{params.target}:branch", before=now, after=params.branch))
        todo += [
            _in(params, "fetch", "origin"),
            _in(params, "checkout", params.branch, "--"),
        ]
    return Plan(
        leaves=tuple(leaves),
        comment="" if leaves else "it is there",
        todo=_Todo(params.target, tuple(todo)),
    )


def check_latest(params: Latest, scope: Scope) -> Plan:
    """Ask the remote, and compare address, commit and branch."""
    _refuse(params, params.rev, params.remote)
    goal = _goal(params, scope)
    if not _there(params, scope):
        deep = (f"--depth={params.depth}", "--no-single-branch") if params.depth else ()
        words = ("clone", "--no-checkout", f"--origin={params.remote}", *deep)
        checkout = ("-B", goal.branch) if goal.branch else ("--detach",)
        return _clone(
            params, _run(params, *words, "--", params.name, params.target),
            _in(params, "checkout", *checkout, goal.commit, "--"), commit=goal.commit,
        )  # fmt: skip
    leaves, todo = _address(params, params.remote, scope)
    machine = scope.machine
    commit = maybe(machine, _in(params, "rev-parse", "-q", "--verify", "HEAD^{commit}"))
    branch = maybe(machine, _in(params, "symbolic-ref", "-q", "--short", "HEAD"))
    moves = branch != (goal.branch or None)
    ahead = _is_ahead(params, goal, scope)
    if commit != goal.commit and (moves or not ahead):
        leaves.append(Leaf(path=f"{params.target}:commit", before=commit, after=goal.commit))
    if moves:
        after = goal.branch or None
        leaves.append(Leaf(path=f"{params.target}:branch", before=branch, after=after))
    if any(not one.path.endswith(":address") for one in leaves):
        todo += _moves(params, goal, scope, moves=moves)
    said = "it has commits that the repository lacks" if ahead else "it is up to date"
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else said, todo=_Todo(params.target, tuple(todo))
    )


def apply(plan: Plan, scope: Scope) -> Changes:
    """Run what was planned, until a command fails."""
    todo: _Todo = plan.todo
    effects = Effects(unknown=(todo.target,))
    for one in todo.commands:
        hold(one, scope.machine.do(one, effects))
    return Changes(leaves=plan.leaves)


def _run(params: Cloned, *words: str) -> Command:
    return git(*words, user=params.user, identity=params.identity)


def _in(params: Cloned, *words: str) -> Command:
    return git(*words, folder=params.target, user=params.user, identity=params.identity)


def _refuse(params: Cloned, *words: str) -> None:
    for one in (params.name, params.branch, *words):
        if one.startswith("-"):
            raise HostProblem(f"{one!r} begins with a dash")
    if not params.target.startswith("/"):
        raise HostProblem(f"target: {params.target!r} is no absolute path")


def _there(params: Cloned, scope: Scope) -> bool:
    names = scope.machine.list(params.target)
    if names is None and scope.machine.stat(params.target) is not None:
        raise HostProblem(f"{params.target} is no folder")
    if names and ".git" not in names:
        raise HostProblem(
            f"{params.target} is not empty, and no working tree of git",
            hint="choose another target, or take away what is there",
        )
    return bool(names)


def _clone(params: Cloned, *commands: Command, commit: str = "") -> Plan:
    leaves = [Leaf(path=f"{params.target}:address", after=masked(params.name))]
    if commit:
        leaves.append(Leaf(path=f"{params.target}:commit", after=commit))
    return Plan(leaves=tuple(leaves), todo=_Todo(params.target, commands))


def _address(params: Cloned, remote: str, scope: Scope) -> tuple[list[Leaf], list[Command]]:
    now = maybe(scope.machine, _in(params, "remote", "get-url", remote))
    if now == params.name:
        return [], []
    before = masked(now) if now is not None else None
    leaf = Leaf(path=f"{params.target}:address", before=before, after=masked(params.name))
    words = ("add",) if now is None else ("set-url",)
    return [leaf], [_in(params, "remote", *words, remote, params.name)]


def _goal(params: Latest, scope: Scope) -> _Goal:
    """Ask the remote what the revision is."""
    rev = params.rev
    if _SHA.fullmatch(rev):
        return _Goal(rev, params.branch)
    said = answer(scope.machine, _run(params, "ls-remote", "--symref", "--", params.name))
    rows = [line.split("\t") for line in said.splitlines() if "\t" in line]
    found = {name: value for value, name in rows if not value.startswith("ref: ")}
    heads = [value[5:] for value, name in rows if value.startswith("ref: ") and name == "HEAD"]
    if rev == "HEAD" and "HEAD" in found:
        branch = heads[0].removeprefix(_HEADS) if heads else ""
        return _Goal(found["HEAD"], params.branch or branch)
    if f"{_HEADS}{rev}" in found:
        return _Goal(found[f"{_HEADS}{rev}"], params.branch or rev)
    tag = found.get(f"refs/tags/{rev}^{{}}") or found.get(f"refs/tags/{rev}")
    if tag is None:
        raise HostProblem(
            f"{masked(params.name)} has no branch or tag {rev!r}",
            hint="a commit is named by all of its 40 digits",
        )
    return _Goal(tag, params.branch)


def _is_ahead(params: Latest, goal: _Goal, scope: Scope) -> bool:
    if params.force_reset or not goal.branch:
        return False
    ask = _in(params, "merge-base", "--is-ancestor", goal.commit, "HEAD")
    return maybe(scope.machine, ask) is not None


def _moves(params: Latest, goal: _Goal, scope: Scope, *, moves: bool) -> list[Command]:
    """Give the commands that bring an existing tree to the goal; no commit here is given up."""
    todo = [_in(params, "fetch", "--tags", params.remote)]
    force = ("--force",) if params.force_reset else ()
    if not goal.branch:
        return [*todo, _in(params, "checkout", *force, "--detach", goal.commit, "--")]
    if params.force_reset:
        return [*todo, _in(params, "checkout", *force, "-B", goal.branch, goal.commit, "--")]
    here = f"{_HEADS}{goal.branch}"
    known = maybe(scope.machine, _in(params, "show-ref", "--verify", "-q", here)) is not None
    if moves:
        words = (goal.branch,) if known else ("-b", goal.branch, goal.commit)
        todo.append(_in(params, "checkout", *words, "--"))
    return [*todo, _in(params, "merge", "--ff-only", goal.commit)]


NEEDS: Final = ("git",)
CLONED: Final = Resource(
    name="git.cloned", params=Cloned, check=check_cloned, apply=apply, needs=NEEDS, reach="path",
    place="target",
)  # fmt: skip
LATEST: Final = Resource(
    name="git.latest", params=Latest, check=check_latest, apply=apply, kind="following",
    needs=NEEDS, reach="path", place="target", retires=("update_head", "fetch_tags", "force_fetch"),
)  # fmt: skip
