"""Compiles settings trees with Zester and with Salt and compares what comes out, one line each.

    tools/pillar_compare.py --salt VENV/bin/salt-call FOLDER ...
    tools/pillar_compare.py --salt VENV/bin/salt-call --record packages/.../pillars/*.yaml

A folder is a pillar tree with its top file, or a formula with a `pillar.example`, which is then all
of a tree. Compared is what Salt's `pillar.items` answers, under Salt's grains in both. With
`--record`, files of cases get Salt's answer written into them; the tests of zester-modules read
these and need no Salt.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from salt_compare import VENV, make_venv
from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.registry import Registry
from zester_modules.states.settings_of import settings_of
from zester_proto.render.kinds import is_dict, is_list

ID: Final = "web-1"
GRAINS: Final[dict[str, Any]] = {"roles": ["web", "db"], "site": "here", "deep": {"a": 1}}
"""What cases may look at besides the id."""

_TOP: Final = "base:\n  '*':\n    - example\n"


class Salt:
    """A masterless Salt with a folder of its own for each question."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._grains: dict[str, Any] = {}

    def ask(self, function: str, tree: Path, options: Mapping[str, Any]) -> Any:
        """Give the answer of a function.

        Raises:
            RuntimeError: Salt gave none.
        """
        with tempfile.TemporaryDirectory(prefix="pillar-compare-") as folder:
            config = {
                "id": ID, "file_client": "local", "root_dir": folder, "log_level": "quiet",
                "pillar_roots": {"base": [str(tree)]}, "grains": GRAINS,
                "pillar_mask_output": False, **options,
            }  # fmt: skip
            (Path(folder) / "minion").write_text(json.dumps(config))
            done = subprocess.run(
                [self._program, "--local", "-c", folder, "--out", "json", function],
                capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
        try:
            return json.loads(done.stdout)["local"]
        except (ValueError, KeyError) as error:
            raise RuntimeError((done.stdout + done.stderr).strip()[-500:]) from error

    def pillar(self, tree: Path, options: Mapping[str, Any]) -> dict[str, Any] | None:
        """Give the pillar of a tree; None where Salt found something wrong with it."""
        answer = self.ask("pillar.items", tree, options)
        return answer if is_dict(answer) and "_errors" not in answer else None

    def grains(self) -> dict[str, Any]:
        """Give the grains of this host."""
        if not self._grains:
            self._grains = self.ask("grains.items", Path("/nonexistent"), {})
        return self._grains


def ours(tree: Path, facts: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Give our settings as JSON would carry them, or in a text why there are none."""
    context = Context(registry=Registry(), peel_id=ID, facts=facts)
    lists = "append" if options.get("pillar_merge_lists") else "replace"
    try:
        values = settings_of({"base": [tree]}, context, lists=lists).values
    except Refused as error:
        return error.message
    return json.loads(json.dumps(values))


def difference(mine: Any, salts: Any, way: str = "") -> str:
    """Say where two answers part first; "" where they are the same."""
    if is_dict(mine) and is_dict(salts):
        for key in dict.fromkeys((*salts, *mine)):
            inner = f"{way}:{key}" if way else str(key)
            if key not in mine or key not in salts:
                return f"{inner} is only {'in Salt' if key in salts else 'here'}"
            if found := difference(mine[key], salts[key], inner):
                return found
        return ""
    if type(mine) is type(salts) and mine == salts:
        return ""
    return f"{way or 'all'}: {json.dumps(mine)[:100]} here, {json.dumps(salts)[:100]} in Salt"


def verdict(mine: Any, salts: dict[str, Any] | None) -> tuple[bool, str]:
    """Say whether both agree, and in one line how."""
    if salts is None or not is_dict(mine):
        both = salts is None and not is_dict(mine)
        salt = "refuses" if salts is None else f"gives {len(salts)} settings"
        zester = "gives settings" if is_dict(mine) else str(mine).replace("\n", " ")
        return both, f"Salt {salt}; Zester: {zester}"
    found = difference(mine, salts)
    return not found, found or f"same, {count(salts)} values"


def count(value: Any) -> int:
    """Give how many single values are in data."""
    if is_dict(value):
        return sum(count(one) for one in value.values())
    return sum(count(one) for one in value) if is_list(value) else 1


def read_case(path: Path) -> dict[str, Any]:
    """Give a case: `files`, and maybe `options`, `salt` (its answer), `differs` (why we do)."""
    load: Any = yaml.safe_load
    return load(path.read_text())


def lay_out(files: Mapping[str, str], folder: Path) -> Path:
    """Write a tree."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def record(salt: Salt, path: Path) -> str:
    """Write Salt's answer into a case, behind what its author wrote."""
    case = read_case(path)
    with tempfile.TemporaryDirectory(prefix="pillar-case-") as folder:
        answer = salt.pillar(lay_out(case["files"], Path(folder)), case.get("options", {}))
    text = path.read_text().partition("\n# Recorded")[0].rstrip("\n")
    told = json.dumps(answer, indent=2, ensure_ascii=False)
    body = "\n".join(f"  {line}" for line in told.split("\n"))
    path.write_text(f"{text}\n\n# Recorded by tools/pillar_compare.py\nsalt:\n{body}\n")
    return f"recorded {path.stem}"


def compare(salt: Salt, folder: Path) -> Iterator[tuple[bool, str]]:
    """Compare a tree or an example."""
    name = folder.name.removesuffix("-formula")
    with tempfile.TemporaryDirectory(prefix="pillar-example-") as work:
        tree = folder
        if not any((folder / top).exists() for top in ("top.sls", "top.zy")):
            example = folder / "pillar.example"
            if not example.exists():
                yield True, f"none {name:<12} neither a top file nor a pillar.example"
                return
            tree = lay_out({"top.sls": _TOP, "example.sls": example.read_text()}, Path(work))
        good, text = verdict(ours(tree, salt.grains(), {}), salt.pillar(tree, {}))
    yield good, f"{'ok  ' if good else 'DIFF'} {name:<12} {text}"


def main() -> int:
    """Compare what is named; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("paths", nargs="+", type=Path, help="trees, formulas, or cases to record")
    parser.add_argument("--salt", type=Path, help="a salt-call that is there already")
    parser.add_argument("--make-venv", type=Path, nargs="?", const=VENV, help="install Salt there")
    parser.add_argument("--record", action="store_true", help="write Salt's answers into cases")
    options = parser.parse_args()
    salt = Salt(options.salt or make_venv(options.make_venv or VENV))
    differ = 0
    for path in options.paths:
        if options.record:
            print(record(salt, path), flush=True)
            continue
        for good, line in compare(salt, path.resolve()):
            print(line, flush=True)
            differ += not good
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
