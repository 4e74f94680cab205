"""Finds the tests of a tree and runs them, each on a host of its own."""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import msgspec

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.host.machine import HostProblem, Machine
from zester_modules.host.predicted import PredictedMachine
from zester_modules.host.real import RealMachine
from zester_modules.resource import Functions
from zester_modules.states.from_context import tree_of
from zester_modules.states.laid import laid
from zester_modules.states.run import Grounds
from zester_modules.states.session import Session
from zester_modules.states.template_context import Templates
from zester_modules.states.tests.form import Case, Host, Suite
from zester_modules.states.tests.judging import judge
from zester_modules.states.tests.made_up import MadeUpMachine, copy_root, furnish
from zester_modules.states.tests.reading import read_suite
from zester_proto.errors import ZesterError
from zester_proto.render.nodes import Problem
from zester_proto.tree.folders import Tree

FOLDER: Final = "tests"
NOBODY: Final = "test"
"""Id of a peel whose facts name none."""

Row = dict[str, Any]


def run_tests(
    context: Context, names: Sequence[str], env: str, *, root: str | None
) -> dict[str, Any]:
    """Run tests, and give a row for each.

    Args:
        context: of the job.
        names: folders of states, files of tests, or names of tests; globs too; all without any.
        env: the environment whose files are read.
        root: converge on a throw-away root as well, where a test allows it: on a copy of this
            folder, or with "" on an empty one; None: only plan.

    Raises:
        Refused: there is no such test.
    """
    tree = tree_of(context)
    own = env or "base"
    rows: list[Row] = []
    number = 0
    for path in _files(tree, own):
        read = read_suite(path, tree.read(own, path) or b"")
        if read.suite is None:
            rows += [_unreadable(path, read.problems)] if _any(names, path) else []
            continue
        for name, case in read.suite.tests.items():
            if not _any(names, path, name):
                continue
            number += 1
            folder = context.tmp / f"test-{number}"
            folder.mkdir(mode=0o700)
            whole = _whole(read.suite, case, path, own)
            problems = list(_problems(context, whole, folder, root))
            rows.append({
                "file": path, "line": read.lines[name], "name": name,
                "result": "failed" if problems else "ok", "problems": problems,
                "host": root is not None and _converges(whole),
            })  # fmt: skip
    if not rows:
        raise Refused(
            f"there is no test {', '.join(names)}" if names else "there are no tests in the tree",
            hint="tests are files tests/*.yaml beside the states (docs/states.md)",
        )
    return {"tests": rows, "failed": sum(one["result"] == "failed" for one in rows)}


def _files(tree: Tree, env: str) -> list[str]:
    return [one for one in tree.files(env) if one.endswith(".yaml") and _folder(one) is not None]


def _folder(path: str) -> str | None:
    """Give the folder of the states that a file of tests is about; None: it is no such file."""
    folder, _, _ = path.rpartition("/")
    above, _, last = folder.rpartition("/")
    return above if last == FOLDER else None


def _any(names: Sequence[str], path: str, test: str = "") -> bool:
    reference = (_folder(path) or "").replace("/", ".")
    return not names or any(
        fnmatchcase(one, name) for name in names for one in (reference, path, test) if one
    )


def _unreadable(path: str, problems: Sequence[Problem]) -> Row:
    texts = [
        f"{one.place}: {one.message}" + (f" ({one.hint})" if one.hint else "") for one in problems
    ]
    first = problems[0].place
    return {
        "file": path, "line": first.line if first else 1, "name": "", "result": "failed",
        "problems": texts, "host": False,
    }  # fmt: skip


def _whole(suite: Suite, case: Case, path: str, env: str) -> Case:
    """Give a test with all that its file says of the host, and what it applies."""
    merged: dict[str, Any] = {}
    for field in Host.__struct_fields__:
        outer, inner = getattr(suite, field), getattr(case, field)
        if field == "settings":
            merged[field] = laid(outer, inner)
        elif field == "facts":
            merged[field] = {key: one for key, one in {**outer, **inner}.items() if one is not None}
        else:
            merged[field] = [*outer, *inner] if isinstance(outer, list) else {**outer, **inner}
    folder = _folder(path)
    default = [folder.replace("/", ".")] if folder else None
    apply = default if case.apply is None else case.apply
    return msgspec.structs.replace(case, **merged, apply=apply, env=case.env or env)


def _problems(context: Context, case: Case, folder: Path, root: str | None) -> Iterator[str]:
    try:
        wrong = list(_planned(context, case, folder))
        yield from wrong
        if root is not None and not wrong and _converges(case):
            yield from _converged(context, case, _made(folder / "host"), root)
    except ZesterError as error:
        yield error.message + (f" ({error.hint})" if error.hint else "")


def _converges(case: Case) -> bool:
    return case.host and case.expect.result not in {"failed", "refused"} and not case.expect.errors


def _planned(context: Context, case: Case, folder: Path) -> Iterator[str]:
    machine = PredictedMachine(MadeUpMachine(_made(folder / "plan"), case))
    result = _run(context, case, machine, folder / "plan", dry=True)
    yield from judge(case.expect, result, machine)


def _converged(context: Context, case: Case, work: Path, root: str) -> Iterator[str]:
    """Run twice on a root of its own: the first brings it about, the second has nothing to do."""
    if root:
        copy_root(Path(root), work / "root")
    furnish(work / "root", case)
    machine = RealMachine(work, root=str(work / "root"))
    first = _run(context, case, machine, work, dry=False)
    failed = [one for one in first["states"] if one["result"] == "failed"]
    yield from (f"on a root, {one['id']} fails: {one['comment']}" for one in failed)
    if failed:
        yield from _why_not(root)
        return
    files = msgspec.structs.replace(case.expect, result="ok", states={}, only=False, order=[])
    done = {**first, "result": "ok"}
    yield from (f"on a root, {one}" for one in judge(files, done, machine))
    again = _run(context, case, RealMachine(work, root=str(work / "root")), work, dry=False)
    for one in again["states"]:
        if one["result"] not in {"ok", "skipped"}:
            what = ", ".join(one["changes"]) or one["comment"]
            yield f"on a root, {one['id']} still has something to do in the second run: {what}"


def _why_not(root: str) -> Iterator[str]:
    if os.geteuid():
        yield "states that set owners or run commands need root: run the tests as root"
    elif not root:
        yield "this root is an empty folder: root=DIR gives one in which programs are"


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _run(context: Context, case: Case, machine: Machine, folder: Path, *, dry: bool) -> Row:
    own = msgspec.structs.replace(
        context, facts=case.facts, settings=case.settings, machine=machine, test=dry, tmp=folder,
        peel_id=str(case.facts.get("id", NOBODY)), strict=case.strict or context.strict,
    )  # fmt: skip
    return Rehearsal(own, env=case.env).apply(case.apply)


class Rehearsal(Session):
    """A run in which functions only read: they know no root but this host's own."""

    def _grounds(self, tree: Tree, templates: Templates) -> Grounds:
        grounds = super()._grounds(tree, templates)
        return msgspec.structs.replace(grounds, calls=OnlyReading(grounds.calls))


class OnlyReading:
    """Functions that states may call in a test; it satisfies `resource.Functions`."""

    def __init__(self, calls: Functions) -> None:
        self._calls = calls

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function that reads."""
        return self._calls(name, *args, **kwargs)

    def change(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Refuse.

        Raises:
            HostProblem: always.
        """
        del args, kwargs
        raise HostProblem(
            f"{name} is not called in a test: it would change this host itself",
            hint="`host: false` has the test planned alone",
        )
