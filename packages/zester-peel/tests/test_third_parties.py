"""A peel with distributions of third parties, a good one and one that cannot be imported."""

import os
from pathlib import Path

from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

GOOD = """\
from zester_modules.registry import Context, function

@function("acme.word", reads=True)
def word(context: Context) -> str:
    return f"{context.facts['rack']} in {context.peel_id}"

def rack(source):
    return "r7"
"""


def install(site: Path, name: str, points: str, code: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    (site / f"{name}.py").write_text(code)


async def test_a_broken_distribution_is_one_warning_and_keeps_nobody_from_working(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    points = "[zester.functions]\nacme = acme\n[zester.facts]\nrack = acme:rack\n"
    install(site, "acme", points, GOOD)
    install(site, "sad", "[zester.functions]\nsad = sad\n", "import no_such_package\n")
    peel = Peel(bus, "third-1.example.com", tmp_path)
    peel.environment = {**os.environ, "PYTHONPATH": str(site)}
    with peel.running():
        await is_welcome(peel)
        await master.wait_facts(peel.identity)
        word = await master.run(peel.identity, "acme.word")
        sad = await master.run(peel.identity, "sad.go")
        again = await master.run(peel.identity, "facts.refresh")

    assert (word.outcome, word.value) == ("ok", "r7 in third-1.example.com")
    assert sad.outcome == "refused"
    said = "the functions sad.* of sad 1.0 cannot be loaded: ModuleNotFoundError"
    assert sad.error.startswith(said)
    assert again.outcome in {"ok", "changed"}
    assert peel.log.read_text().count(f'"warning":"{said}') == 1
