"""Small pillar trees, and what Salt 3008 made of each (recorded by tools/pillar_compare.py)."""

from pathlib import Path

import pytest

import pillar_compare

CASES = sorted((Path(__file__).parent / "pillars").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_pillar_tree_gives_what_salt_gives(path: Path, tmp_path: Path):
    case = pillar_compare.read_case(path)
    tree = pillar_compare.lay_out(case["files"], tmp_path)
    facts = {**pillar_compare.GRAINS, "id": pillar_compare.ID}
    mine = pillar_compare.ours(tree, facts, case.get("options", {}))
    same, how = pillar_compare.verdict(mine, case["salt"])
    assert same == ("differs" not in case), how
