"""How long a peel takes to render its settings: cold, with compiled templates, and kept."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.figures import line, percentile, timed
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.settings_of import settings_from
from zester_proto.messages.settings import SettingsEntry
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree

FILES = 20
EACH = 50
TIMES = 400


def run() -> None:
    """Print the figures of 1,000 settings in 20 files, half of them templates."""
    with tempfile.TemporaryDirectory(prefix="bench-settings-") as name:
        codes = Path(name) / "codes"
        context = Context(
            registry=Registry(), peel_id="web-1", codes=codes,
            facts={"id": "web-1", "os": "debian", "os_family": "debian", "roles": ["web", "db"]},
        )  # fmt: skip
        tree = KeptTree({"base": _files()})
        entries = [SettingsEntry("base", f"part{n}") for n in range(FILES)]

        def render() -> Compiled:
            return settings_from(tree, entries, context)

        def cold() -> Compiled:
            shutil.rmtree(codes, ignore_errors=True)
            return render()

        print(f"{_count(render().values):,} settings in {FILES} files, half of them templates:")
        _figure("rendered, nothing compiled", cold, "< 10 (runbook: 10)")
        _figure("rendered, templates compiled before", render, "< 3")


def _figure(name: str, work: Callable[[], object], aim: str) -> None:
    samples = [one * 1000 for one in timed(work, TIMES, warm_up=3)]
    line(f"  {name}", samples, "ms")
    line(f"  {name}, p99", [percentile(samples, 0.99)], "ms", aim=aim)


def _files() -> dict[str, bytes]:
    return {f"part{n}.sls": (_template(n) if n % 2 else _plain(n)).encode() for n in range(FILES)}


def _plain(n: int) -> str:
    sections = "".join(
        f"  section{s}:\n" + "".join(f"    key{k}: value {s} {k}\n" for k in range(EACH // 5))
        for s in range(5)
    )
    return f"part{n}:\n{sections}"


def _template(n: int) -> str:
    return (
        "{% set role = grains['roles'][0] %}\n"
        f"part{n}:\n  name: {{{{ grains['id'] }}}}\n  before: {{{{ pillar['part{n - 1}'] | length }}}}\n"
        "  family: {{ salt['grains.filter_by']({'debian': 'd', 'redhat': 'r'}) }}\n"
        "{% for i in range(40) %}  key{{ i }}: {{ role }}-{{ i }}\n{% endfor %}"
        + "".join(f"  more{k}: {k}\n" for k in range(EACH - 43))
    )


def _count(value: object) -> int:
    if isinstance(value, dict):
        return sum(_count(one) for one in value.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # plain data
    return 1
