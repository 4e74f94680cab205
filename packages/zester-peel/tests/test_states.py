"""States run by a real peel: jobs in workers of a warm nursery, one run at a time."""

import asyncio
from pathlib import Path

from zester_testing.masters import eventually
from zester_testing.peels import Peel, is_welcome
from zester_testing.published_tree import PublishedTree
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


WORD = """\
from zester_modules.registry import Context, function

@function("site.word", reads=True)
def word(context: Context) -> str:
    return f"signed for {context.peel_id}"
"""


async def test_code_of_a_published_tree_runs_where_the_peel_says_so(
    bus: Bus, master: RawMaster, tmp_path: Path
) -> None:
    tree = PublishedTree(master)
    files = {
        "_modules/site.py": WORD,
        "word.zy": "w:\n  test.nop:\n    - name: {{ salt['site.word']() }}\n",
    }
    stored = [await tree.file(path, text.encode()) for path, text in files.items()]
    await tree.publish(await tree.put(1, *stored))
    own = tmp_path / "own"
    (own / "_modules").mkdir(parents=True)
    (own / "_modules/site.py").write_text(WORD)
    config = tmp_path / "peel.yaml"
    config.write_text("tree_modules: true\n")
    with (
        Peel.up(bus, "code-1.example.com", tmp_path / "1", config=config) as peel,
        Peel.up(bus, "code-2.example.com", tmp_path / "2", config=config,
                state_roots=str(own)) as other,
    ):  # fmt: skip
        await is_welcome(peel)
        await is_welcome(other)

        async def word() -> bool:
            return (await master.run(peel.identity, "site.word")).outcome == "ok"

        await eventually(word, "the tree has come")
        shown = await master.run(peel.identity, "state.show", "word")
        refused = await master.run(other.identity, "site.word")

    assert shown.value["states"][0]["name"] == "signed for code-1.example.com"
    assert refused.outcome == "refused"
    assert "code in _modules/ of a tree is off" in refused.error
