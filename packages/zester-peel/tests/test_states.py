"""States run by a real peel: jobs in workers of a warm nursery, one run at a time."""

import asyncio
from pathlib import Path

from zester_testing.peels import Peel, is_welcome
from zester_testing.raw_master import RawMaster
from zester_testing.site import Bus

TREE = """\
mark:
  cmd.run:
    - name: echo {{ grains['id'] }} >> ROOT/out
    - creates: ROOT/out
slow:
  cmd.run:
    - name: echo in >> ROOT/log; sleep 0.1; echo out >> ROOT/log
"""


async def test_a_peel_applies_its_own_tree_and_two_runs_wait_for_each_other(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "web.sls").write_text(TREE.replace("ROOT", str(tmp_path)))
    (tree / "fails.sls").write_text("a:\n  test.fail_without_changes: []\n")
    with Peel.up(bus, "states-1.example.com", tmp_path, state_roots=str(tree)) as peel:
        await is_welcome(peel)
        await master.wait_facts(peel.identity)
        dry = await master.run(peel.identity, "state.apply", "web", test=True)
        assert dry.outcome == "would-change"
        assert [one["result"] for one in dry.value["states"]] == ["would-change"] * 2
        assert not (tmp_path / "out").exists()

        runs = await asyncio.gather(
            *(master.run(peel.identity, "state.apply", "web") for _ in range(2))
        )
        assert [one.outcome for one in runs] == ["changed", "changed"]
        assert (tmp_path / "out").read_text() == f"{peel.id}\n"
        assert (tmp_path / "log").read_text().split() == ["in", "out"] * 2

        failed = await master.run(peel.identity, "state.apply", "fails")
        assert failed.outcome == "failed"
        assert failed.value["states"][0]["comment"] == "Failure!"
        refused = await master.run(peel.identity, "state.apply", "nothing")
        assert refused.outcome == "refused"
        assert refused.value["errors"]
