"""Plans that are some files, some links and some commands; small resources have one `apply`."""

import posixpath

import msgspec

from zester_modules.host.machine import Command, Done, Effects, HostProblem, Machine
from zester_modules.resource import Changes, Plan, Scope
from zester_modules.resources.whole_file import put


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A file to write, or to remove."""

    path: str
    data: bytes | None
    """None: gone."""
    mode: int = 0o644
    """Of a file that is not there yet; another one keeps its own."""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """A command to run."""

    command: Command
    effects: Effects | None = None


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What apply does, in this order."""

    edits: tuple[Edit, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Symbolic links and their targets."""
    deeds: tuple[Deed, ...] = ()
    refresh: bool = False
    """Fetch the lists of packages anew at the end."""


def text_at(machine: Machine, path: str) -> str:
    """Give what a file says, "" where there is none."""
    return (machine.read(path) or b"").decode("utf-8", "surrogateescape")


def edit(path: str, text: str) -> Edit:
    """Give the edit that makes a file say a text."""
    return Edit(path=path, data=text.encode("utf-8", "surrogateescape"))


def deed(*argv: str, effects: Effects | None = None) -> Deed:
    """Give a command without a shell."""
    return Deed(command=Command(argv=argv), effects=effects)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Do what was planned."""
    todo: Todo = plan.todo
    machine = scope.machine
    for one in todo.edits:
        _put(machine, one)
    for path, target in todo.links:
        machine.make_link(path, target, uid=0, gid=0)
    for one in todo.deeds:
        _hold(one.command, machine.do(one.command, one.effects))
    comment = ""
    if todo.refresh:
        try:
            machine.packages.refresh()
        except HostProblem as problem:
            comment = f"some lists of packages could not be fetched: {problem.message}"
    return Changes(leaves=plan.leaves, comment=comment)


def _put(machine: Machine, one: Edit) -> None:
    look = machine.follow(one.path)
    if one.data is None:
        if look is not None:
            machine.remove(one.path)
        return
    if look is None:
        _make_folders(machine, posixpath.dirname(one.path))
    put(one.path, one.data, machine, mode=one.mode)


def _make_folders(machine: Machine, folder: str) -> None:
    if machine.follow(folder) is None:
        _make_folders(machine, posixpath.dirname(folder))
        machine.make_folder(folder, mode=0o755, uid=0, gid=0)


def _hold(command: Command, done: Done) -> None:
    if done.exit_code or done.timed_out:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        last = said[-1][:500] if said else f"it ended with {done.exit_code}"
        raise HostProblem(f"{command.argv[0]}: {last}")
