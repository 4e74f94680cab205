from pathlib import Path
from typing import Any

import salt_compare
from zester_modules.states.model import Compiled
from zester_proto.render.nodes import Place, Problem
from zester_testing.state_tree import StateTree


def low(*ids: str, orders: dict[str, float] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "__id__": one, "name": one, "state": "test", "fun": "nop",
            "order": (orders or {}).get(one, 10_000 + place),
        }
        for place, one in enumerate(ids)
    ]  # fmt: skip


def compiled(tmp_path: Path) -> Compiled:
    text = "a:\n  test.nop:\n    - require: [{test: c}]\nb: test.nop\nc: test.nop\n"
    return StateTree(tmp_path, {"x.sls": text}).compile("x")


def test_states_and_both_orders_are_compared(tmp_path: Path):
    ours = compiled(tmp_path)
    orders: dict[str, float] = {"a": 1, "b": 2, "c": 3}
    same = low("c", "a", "b", orders=orders)
    assert salt_compare.verdict(ours, same, same) == (True, "same, 3 states")
    other = low("a", "b", "c", orders=orders)
    assert salt_compare.verdict(ours, same, other)[1].startswith("running order differs: ")
    assert salt_compare.verdict(ours, low("a", "c", "b"), same)[1].startswith("states differ: ")
    assert salt_compare.verdict(ours, low("a", "b"), same)[1] == "states differ: 3 here, 2 in Salt"


def test_states_of_equal_order_come_by_their_names():
    states = low("go", "gofmt", orders={"go": 10, "gofmt": 10})
    by_hand = [one | {"name": f"link-{one['__id__']}", "fun": "t"} for one in states]
    assert [key[0] for key in salt_compare.defined(by_hand)] == ["gofmt", "go"]


def test_the_trial_run_before_a_prereqs_target_is_no_state():
    assert [key[0] for key in salt_compare.running(low("b", "a", "b"))] == ["a", "b"]


def test_where_salt_gives_up_so_may_we(tmp_path: Path):
    broken = Compiled(errors=(Problem(message="no", place=Place("a", 1)),))
    for answer in ("a text", ["an error"]):
        assert salt_compare.verdict(broken, answer, answer)[0]
        assert not salt_compare.verdict(compiled(tmp_path), answer, answer)[0]
    # of requisites into what is not there only the running order knows
    good, text = salt_compare.verdict(broken, low("a"), ["an error"])
    assert (good, text) == (True, "Salt gives up at the requisites; Zester: no")
    good, text = salt_compare.verdict(broken, low("a"), low("a"))
    assert (good, text) == (False, "Zester gives up: a:1: no")
