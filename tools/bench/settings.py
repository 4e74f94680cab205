"""How long a peel takes to render 1,000 settings: cold, with compiled templates, and kept."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.figures import line, percentile, timed
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.settings_cache import SettingsCache, basis_of
from zester_modules.states.settings_of import settings_from
from zester_proto.messages.settings import SettingsEntry
from zester_proto.render.kinds import is_dict
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree

FILES = 20
EACH = 50
TIMES = 400


def run() -> None:
    """Print the figures, of a tree with few templates and of one with many."""
    with tempfile.TemporaryDirectory(prefix="bench-settings-") as name:
        for every, aimed in ((5, True), (2, False)):
            _measure(Path(name) / str(every), every, aimed=aimed)


def _measure(folder: Path, every: int, *, aimed: bool) -> None:
    codes = folder / "codes"
    context = Context(
        registry=Registry(), peel_id="web-1", codes=codes,
        facts={"id": "web-1", "os": "debian", "os_family": "debian", "roles": ["web", "db"]},
    )  # fmt: skip
    tree = KeptTree({"base": _files(every)})
    entries = [SettingsEntry("base", f"part{n:02}") for n in range(FILES)]
    cache = SettingsCache(folder / "rendered", bytes(32))
    folder.mkdir()

    def render() -> Compiled:
        return settings_from(tree, entries, context)

    def forget() -> None:
        shutil.rmtree(codes, ignore_errors=True)

    made = render()

    def kept() -> None:
        basis = basis_of(b"bundle", context)
        found = cache.get(basis) if basis else None
        if found is None or found.values != made.values:
            raise SystemExit("what was rendered last is not there")

    cache.put(basis_of(b"bundle", context) or b"", made)
    print(f"{_count(made.values):,} settings in {FILES} files, {FILES // every} of them templates:")
    _figure("cold: no template compiled", render, "< 10 (runbook)" if aimed else "", forget)
    _figure("templates compiled before, all rendered", render, "")
    _figure("warm: as the job before rendered them", kept, "< 3" if aimed else "")


def _figure(
    name: str, work: Callable[[], object], aim: str, before: Callable[[], object] | None = None
) -> None:
    samples: list[float] = []
    for _ in range(TIMES):
        if before is not None:
            before()
        samples += [one * 1000 for one in timed(work, 1, warm_up=0)]
    line(f"  {name}", samples, "ms")
    line("    p99", [percentile(samples, 0.99)], "ms", aim=aim)


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
