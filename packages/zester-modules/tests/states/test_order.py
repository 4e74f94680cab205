from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from zester_modules.states.order import find_circles
from zester_testing.state_tree import StateTree

States = list[tuple[str, list[tuple[str, str]]]]
"""Ids with their requisites: kind and id."""

KINDS = ("require", "watch", "onchanges", "onfail", "require_any")


@st.composite
def trees(draw: st.DrawFn) -> States:
    """States with requisites on others, without circles, written in any order."""
    size = draw(st.integers(1, 9))
    names = [f"s{place}" for place in range(size)]
    wants = {
        name: [
            (draw(st.sampled_from(KINDS)), other)
            for other in draw(st.lists(st.sampled_from(names[:place]), max_size=3, unique=True))
        ]
        if place
        else []
        for place, name in enumerate(names)
    }
    written = draw(st.permutations(names))
    return [(name, wants[name]) for name in written]


def compiled(states: States) -> list[str]:
    lines: list[str] = []
    for name, wants in states:
        lines += [f"{name}:", "  test.nop:", "    - x: 1"]
        for kind in dict.fromkeys(kind for kind, _ in wants):
            lines.append(f"    - {kind}:")
            lines += [f"      - test: {other}" for each, other in wants if each == kind]
    with TemporaryDirectory() as folder:
        found = StateTree(Path(folder), {"a.sls": "\n".join(lines)}).compile("a")
    assert found.errors == ()
    return [one.id for one in found.states]


@settings(deadline=None, max_examples=60)
@given(trees())
def test_every_state_comes_behind_what_it_needs(states: States):
    order = compiled(states)
    assert sorted(order) == sorted(name for name, _ in states)
    for name, wants in states:
        assert all(order.index(other) < order.index(name) for _, other in wants)


@settings(deadline=None, max_examples=60)
@given(trees())
def test_what_needs_nothing_and_is_not_needed_keeps_its_written_order(states: States):
    order = compiled(states)
    needed = {other for _, wants in states for _, other in wants}
    free = [name for name, wants in states if not wants and name not in needed]
    assert [name for name in order if name in free] == free
    assert compiled(states) == order


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14))
def test_a_circle_that_is_named_is_one_and_one_is_named_where_there_is_one(
    pairs: list[tuple[int, int]],
):
    after = [sorted({second for first, second in pairs if first == node}) for node in range(8)]
    circles = find_circles(after)
    for circle in circles:
        steps = zip(circle, [*circle[1:], circle[0]], strict=True)
        assert all(second in after[first] for first, second in steps)
    left = set(range(8))
    while ends := {node for node in left if not left & set(after[node])}:
        left -= ends
    assert bool(left) == bool(circles)


def test_a_file_is_required_with_what_it_includes_but_requires_nothing_with_it(tmp_path: Path):
    files = {
        "users.sls": "group:\n  test.nop:\n    - require_in: [{sls: install}]\n",
        "install.sls": "include: [users]\nfetch: test.nop\n",
        "run.sls": "include: [install]\nstart:\n  test.nop:\n    - require: [{sls: install}]\n",
    }
    found = StateTree(tmp_path, files).compile("run")
    assert found.errors == ()
    start = next(one for one in found.states if one.id == "start")
    needed = [found.states[place].id for one in start.requisites for place in one.states]
    assert sorted(needed) == ["fetch", "group"]
    assert [one.id for one in found.states] == ["group", "fetch", "start"]
