"""How long a tree of a thousand states compiles: in one file, and in fifty with a chain of maps."""

import tempfile
import time
from pathlib import Path

from bench.figures import line
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.compile import Request, compile_tree
from zester_modules.states.template_context import Given
from zester_proto.render.code_cache import CodeCache
from zester_proto.tree.folders import Tree

STATES = 1_000
FILES = 50
ROUNDS = 5
STATE = """\
f{{ n }}:
  file.managed:
    - name: /srv/{{ n }}
    - contents: {{ map.word }} {{ n }}
"""


def run() -> None:
    """Print both, with the templates' code kept and without."""
    with tempfile.TemporaryDirectory(prefix="bench-compiles-") as name:
        folder = Path(name)
        for case, make in (("one file", _one_file), (f"{FILES} files with maps", _many_files)):
            tree = folder / case
            tree.mkdir()
            reference = make(tree)
            cold = [_compile(tree, reference, None) for _ in range(ROUNDS)]
            codes = folder / f"codes of {case}"
            _compile(tree, reference, codes)
            kept = [_compile(tree, reference, codes) for _ in range(ROUNDS)]
            for how, samples, aim in (("code kept", kept, "1"), ("no code kept", cold, "3")):
                line(
                    f"{STATES} states in {case}, {how}", [took for took, _ in samples], "s", aim=aim
                )
                line("  the same, CPU alone", [cpu for _, cpu in samples], "s")


def _compile(tree: Path, reference: str, codes: Path | None) -> tuple[float, float]:
    """Give the seconds of the clock and of a core that a compile takes."""
    given = Given(
        context=Context(registry=Registry(), facts={"os": "Debian"}, settings={}),
        codes=CodeCache(codes),
    )
    began, cpu = time.perf_counter(), time.process_time()
    compiled = compile_tree(Tree({"base": (tree,)}), Request(references=[reference]), given)
    took = time.perf_counter() - began, time.process_time() - cpu
    if compiled.errors or len(compiled.states) != STATES:
        raise SystemExit(f"{reference}: {len(compiled.states)} states, {compiled.errors[:3]}")
    return took


def _one_file(tree: Path) -> str:
    """Write all states out, as generated trees are; each requires the one before it."""
    blocks: list[str] = []
    for n in range(STATES):
        block = STATE.replace("{{ n }}", str(n)).replace("{{ map.word }}", "{{ word }}")
        blocks.append(block + (f"    - require: [{{file: f{n - 1}}}]\n" if n else ""))
    (tree / "all.sls").write_text("{% set word = grains['os'] %}\n" + "".join(blocks))
    return "all"


def _many_files(tree: Path) -> str:
    """Write a formula a file: its map imports the map of the one before it, as far as the first."""
    each = STATES // FILES
    for number in range(FILES):
        folder = tree / f"part{number}"
        folder.mkdir()
        before = f"part{number - 1}/map.jinja" if number else "base.jinja"
        (folder / "map.jinja").write_text(
            f'{{% from "{before}" import map as before with context %}}\n'
            f"{{% set map = salt['slsutil.merge'](before, {{'part{number}': {number}}}) %}}\n"
        )
        (folder / "init.sls").write_text(
            f'{{% from "part{number}/map.jinja" import map with context %}}\n'
            f"{{% for n in range({number * each}, {(number + 1) * each}) %}}\n{STATE}{{% endfor %}}"
        )
    (tree / "base.jinja").write_text("{% set map = {'word': grains['os']} %}\n")
    names = "".join(f"  - part{number}\n" for number in range(FILES))
    (tree / "all.sls").write_text(f"include:\n{names}")
    return "all"
