"""How long a peel takes to render 1,000 settings: at first, after a restart, and kept.

Kinds of cold, from the worst on:
* Never seen: no template of them was ever compiled here. Once in the life of a tree's files, and
  only for a job that comes within a second or two of them: else they were made ready, as the agent
  has it done when settings come.
* After a restart: each sample is a new process, forked from one that is warmed as the nursery of
  the agent's workers is; compiled templates and what YAML said lie on disk, where the jobs before
  left them. This is what a job finds that renders.
* In a process that has rendered before.
The collector has nothing of the imports to look through, as in a worker (`gc.freeze`).
"""

import gc
import os
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import Cost, line, percentile
from zester_modules.context import Context
from zester_modules.states.preparing import make_ready
from zester_modules.states.settings_cache import SettingsCache, basis_of
from zester_modules.states.settings_of import settings_from
from zester_peel.nursery.worker import prepare
from zester_proto.messages.settings import SettingsEntry
from zester_proto.render.kinds import is_dict
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree

FILES = 20
EACH = 50
TIMES = 400
_COST = struct.Struct("dd")


def run() -> None:
    """Print the figures, of a tree with few templates and of one with many."""
    with tempfile.TemporaryDirectory(prefix="bench-settings-") as name:
        for every, aimed in ((5, True), (2, False)):
            _measure(Path(name) / str(every), every, aimed=aimed)


def _measure(folder: Path, every: int, *, aimed: bool) -> None:
    prepared = prepare()
    prepared.warm("settings.get", renders=True)
    context = Context(
        registry=prepared.registry, peel_id="web-1",
        facts={"id": "web-1", "os": "debian", "os_family": "debian", "roles": ["web", "db"]},
    )  # fmt: skip
    tree = KeptTree({"base": _files(every)})
    entries = [SettingsEntry("base", f"part{n:02}") for n in range(FILES)]
    cache = SettingsCache(folder / "rendered", bytes(32))
    folder.mkdir()

    def render() -> Compiled:
        return settings_from(tree, entries, context, made=cache.made())

    def forget() -> None:
        (folder / "rendered" / "made").unlink(missing_ok=True)

    gc.collect()
    gc.freeze()
    print(f"1,000 settings in {FILES} files, {FILES // every} of them templates:")
    aim = "< 10 (runbook)" if aimed else ""

    def made_ready() -> None:
        forget()
        make_ready(tree, context, cache.made())

    _figure("cold: templates never seen, in a new process", lambda: _forked(render), aim, forget)
    name = "cold: never seen, made ready as they came, in a new process"
    _figure(name, lambda: _forked(render), aim, lambda: _forked(made_ready))
    _figure("cold: after a restart, in a new process", lambda: _forked(render), aim)
    made = render()
    if _count(made.values) != FILES * EACH:
        raise SystemExit(f"{_count(made.values)} settings were rendered")

    def kept() -> None:
        basis = basis_of(b"bundle", context)
        found = cache.get(basis) if basis else None
        if found is None or found.values != made.values:
            raise SystemExit("what was rendered last is not there")

    cache.put(basis_of(b"bundle", context) or b"", made)
    _figure("cold: templates never seen", lambda: _own(render), aim, forget)
    _figure("cold: templates compiled before, all rendered", lambda: _own(render), aim)
    _figure("warm: as the job before rendered them", lambda: _own(kept), "< 3" if aimed else "")


def _figure(
    name: str, work: Callable[[], Cost], aim: str, before: Callable[[], object] | None = None
) -> None:
    samples: list[Cost] = []
    for _ in range(TIMES):
        if before is not None:
            before()
        samples.append(work())
    wall = [one.seconds * 1000 for one in samples]
    cpu = [one.cpu * 1000 for one in samples]
    line(f"  {name}", wall, "ms")
    line("    p99", [percentile(wall, 0.99)], "ms", aim=aim)
    line("    p99 of a core's time", [percentile(cpu, 0.99)], "ms")


def _own(work: Callable[[], object]) -> Cost:
    """Work, and give what it cost."""
    began, before = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - began, time.process_time() - before)


def _forked(work: Callable[[], object]) -> Cost:
    """Work in a new process, and give what it cost there."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(into, _COST.pack(*_own(work)))
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as said:
        data = said.read()
    os.waitpid(child, 0)
    if len(data) != _COST.size:
        raise SystemExit("the process that renders ended before it had")
    return Cost(*_COST.unpack(data))


def _files(every: int) -> dict[str, bytes]:
    made = {n: (_plain(n) if n % every else _template(n)) for n in range(FILES)}
    return {f"part{n:02}.sls": text.encode() for n, text in made.items()}


def _plain(n: int) -> str:
    sections = "".join(
        f"  section{s}:\n" + "".join(f"    key{k}: value {s} {k}\n" for k in range(EACH // 5))
        for s in range(5)
    )
    return f"part{n}:\n{sections}"


def _template(n: int) -> str:
    before = f"{{{{ pillar['part{n - 1}'] | default([]) | length }}}}"
    return (
        "{% set role = grains['roles'][0] %}\n"
        f"part{n}:\n  name: {{{{ grains['id'] }}}}\n  before: {before}\n"
        "  family: {{ salt['grains.filter_by']({'debian': 'd', 'redhat': 'r'}) }}\n"
        "{% for i in range(40) %}  key{{ i }}: {{ role }}-{{ i }}\n{% endfor %}"
        + "".join(f"  more{k}: {k}\n" for k in range(EACH - 43))
    )


def _count(value: object) -> int:
    return sum(_count(one) for one in value.values()) if is_dict(value) else 1
