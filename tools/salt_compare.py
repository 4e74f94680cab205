"""Compiles formulas with Zester and with Salt and compares what comes out, one line each.

    tools/salt_compare.py --salt VENV/bin/salt-call FOLDER[:SLS] ...

Compared are id, state.function and name of every state, their order by definition (against
`state.show_low_sls`, which knows no `_in` requisites and no extends), and the running order
(against `state.show_lowstate`, which knows them). Each formula is compiled with no settings and,
where it has a `pillar.example`, with those. Facts are Salt's grains in both.

Salt is no part of Zester: it is installed by whoever wants to compare, in an environment of its
own (`--make-venv` does it under ~/.cache), and never by `make setup`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.compile import Request, compile_tree
from zester_modules.states.model import Compiled
from zester_modules.states.resources_table import Resources
from zester_modules.states.template_context import Given, Templates
from zester_proto.errors import ZesterError
from zester_proto.render.nodes import Problem
from zester_proto.tree.folders import Tree

SALT: Final = "salt==3008.5"
VENV: Final = Path("~/.cache/zester-salt").expanduser()
_ALSO: Final = ("certifi", "setuptools<81")
"""Salt pins a certifi that need not be there; the newest does."""

Key = tuple[str, str, str]
"""Id, state.function and name."""


class Salt:
    """A masterless Salt with a folder of its own for each question."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._grains: dict[str, Any] = {}

    def ask(self, tree: Path, pillar: Path | None, sls: str, function: str, *args: str) -> Any:
        """Give the answer of a function about a tree; a text where Salt failed."""
        with tempfile.TemporaryDirectory(prefix="salt-compare-") as folder:
            work = Path(folder)
            _configure(work, tree, pillar, sls)
            done = subprocess.run(
                [self._program, "--local", "-c", folder, "--out", "json", function, *args],
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
        try:
            return json.loads(done.stdout)["local"]
        except (ValueError, KeyError):
            return (done.stdout + done.stderr).strip()[-500:] or f"exit {done.returncode}"

    def grains(self, tree: Path) -> dict[str, Any]:
        """Give the grains of this host."""
        if not self._grains:
            self._grains = self.ask(tree, None, "none", "grains.items")
        return self._grains


def _configure(work: Path, tree: Path, pillar: Path | None, sls: str) -> None:
    for name in ("pillar", "top"):
        (work / name).mkdir()
    (work / "top" / "top.sls").write_text(f"base:\n  '*':\n    - {sls}\n")
    if pillar is not None:
        (work / "pillar" / "top.sls").write_text("base:\n  '*':\n    - data\n")
        (work / "pillar" / "data.sls").write_bytes(pillar.read_bytes())
    config = {
        "id": "compare", "file_client": "local", "root_dir": str(work), "log_level": "quiet",
        "file_roots": {"base": [str(tree), str(work / "top")]},
        "pillar_roots": {"base": [str(work / "pillar")]},
        "log_file": str(work / "log"), "cachedir": str(work / "cache"),
    }  # fmt: skip
    (work / "minion").write_text(json.dumps(config))


def ours(
    tree: Path, pillar: Path | None, sls: str, grains: dict[str, Any], allow: frozenset[str]
) -> Compiled:
    """Compile with Zester, under Salt's grains; templates may call what is allowed."""
    roots = Tree({"base": [tree]})
    context = Context(registry=Registry(), peel_id="compare", facts=grains)
    if pillar is not None:
        templates = Templates(roots, Given(context=context))
        context.settings = templates.data("pillar.example", pillar.read_text(), {}, plain=False)
    given = Given(context=context, template_functions=allow)
    return compile_tree(roots, Request(references=[sls]), given, Resources({}, None))


def key_of(low: dict[str, Any]) -> Key:
    """Give what is compared of one of Salt's low states."""
    return (low["__id__"], f"{low['state']}.{low['fun']}", low["name"])


def defined(low: Iterable[dict[str, Any]]) -> list[Key]:
    """Give Salt's states by their order alone, and of equal order by Salt's rule."""
    place = {key_of(one): (one["order"], f"{one['state']}{one['name']}{one['fun']}") for one in low}
    return sorted(place, key=lambda key: place[key])


def running(low: list[dict[str, Any]]) -> list[Key]:
    """Give Salt's states as they run; the trial run before a prereq's target is no state."""
    keys = [key_of(one) for one in low]
    return [key for place, key in enumerate(keys) if key not in keys[place + 1 :]]


def _is_low(answer: Any) -> TypeGuard[list[dict[str, Any]]]:
    """Say whether Salt gave states, and not its errors."""
    return isinstance(answer, list) and not any(
        isinstance(one, str) for one in cast("list[Any]", answer)
    )


def verdict(compiled: Compiled, shown: Any, low: Any) -> tuple[bool, str]:
    """Say whether both agree, and in one line how."""
    if not _is_low(shown):
        problem = "; ".join(f"{one.place}: {one.message}" for one in compiled.errors[:3])
        return bool(compiled.errors), f"Salt gives up; Zester: {problem or 'compiles'}"
    if compiled.errors and not _is_low(low):
        return True, f"Salt gives up at the requisites; Zester: {compiled.errors[0].message}"
    if compiled.errors:
        problem = "; ".join(f"{one.place}: {one.message}" for one in compiled.errors[:3])
        return False, f"Zester gives up: {problem}"
    mine = [(one.id, f"{one.state}.{one.function}", one.name) for one in compiled.states]
    by_order = [
        (one.id, f"{one.state}.{one.function}", one.name)
        for one in sorted(compiled.states, key=lambda one: one.order)
    ]
    if by_order != defined(shown):
        return False, f"states differ: {first_difference(by_order, defined(shown))}"
    if _is_low(low):
        if mine != running(low):
            return False, f"running order differs: {first_difference(mine, running(low))}"
        return True, f"same, {len(mine)} states"
    return mine == running(shown), f"same, {len(mine)} states (running order by show_low_sls)"


def first_difference(mine: list[Key], salts: list[Key]) -> str:
    """Say where two lists part."""
    for one, other in zip(mine, salts, strict=False):
        if one != other:
            return f"{one} here, {other} in Salt"
    return f"{len(mine)} here, {len(salts)} in Salt"


def compare(
    salt: Salt, folder: Path, sls: str, allow: frozenset[str]
) -> Iterator[tuple[bool, str]]:
    """Compare one formula without and with its example settings."""
    for pillar in (None, folder / "pillar.example"):
        if pillar is not None and not pillar.exists():
            continue
        try:
            compiled = ours(folder, pillar, sls, salt.grains(folder), allow)
        except ZesterError as error:
            problem = Problem(message=f"pillar.example: {error.message}")
            compiled = Compiled(errors=(problem,))
        shown = salt.ask(folder, pillar, sls, "state.show_low_sls", sls)
        low = salt.ask(folder, pillar, sls, "state.show_lowstate")
        good, text = verdict(compiled, shown, low)
        how = "with example" if pillar else "without"
        yield good, f"{'ok  ' if good else 'DIFF'} {sls:<12} {how:<12} {text}"


def make_venv(folder: Path) -> Path:
    """Install Salt in an environment of its own, and give its salt-call."""
    program = folder / "bin" / "salt-call"
    if not program.exists():
        venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", SALT], check=True)
        needs = subprocess.run(
            [folder / "bin" / "python", "-c", _NEEDS], capture_output=True, text=True, check=True
        )
        subprocess.run([*pip, *needs.stdout.split("\n")[:-1], *_ALSO], check=True)
    return program


_NEEDS: Final = """
import re
from importlib.metadata import requires
for one in requires('salt') or ():
    if 'extra ==' in one or re.match('(certifi|apache-libcloud)', one, re.I):
        continue
    print(one)
"""


def main() -> int:
    """Compare the formulas that are named; 1 if any differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("formulas", nargs="+", help="a formula's folder, or FOLDER:SLS")
    parser.add_argument("--salt", type=Path, help="a salt-call that is there already")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="FUNCTION",
        help="what template_functions of a peel lists, such as cmd.run",
    )  # fmt: skip
    parser.add_argument("--make-venv", type=Path, nargs="?", const=VENV, help="install Salt there")
    options = parser.parse_args()
    salt = Salt(options.salt or make_venv(options.make_venv or VENV))
    differ = 0
    for word in options.formulas:
        path, _, sls = str(word).partition(":")
        folder = Path(path).resolve()
        for good, line in compare(
            salt, folder, sls or folder.name.removesuffix("-formula"), frozenset(options.allow)
        ):
            print(line, flush=True)
            differ += not good
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
