"""docs/threat-model.md names tests that exist: what it says is proven, is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFINED = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)


def test_every_test_that_the_threat_model_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/threat-model.md").read_text()))
    folders = (ROOT / "packages", ROOT / "tests-integration")
    files = (path for folder in folders for path in folder.rglob("test_*.py"))
    there = {name for path in files for name in DEFINED.findall(path.read_text())}

    assert len(named) > 30
    assert named - there == set()
