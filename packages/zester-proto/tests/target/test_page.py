"""docs/targeting.md: each example there is tried."""

import re
from pathlib import Path

import pytest

from zester_proto.target import TargetError
from zester_proto.target.offline import answer, read_fleet, read_groups

PAGE = (Path(__file__).parents[4] / "docs" / "targeting.md").read_text()


def _block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


FLEET = list(read_fleet(_block("jsonl").splitlines(), "docs/targeting.md"))
GROUPS = read_groups(_block("json"), "docs/targeting.md")
# | `expression` | id, id |
EXAMPLES = [
    (expression.replace(r"\|", "|"), ids)
    for expression, ids in re.findall(
        r"^\| `(.+?)` \| ((?:nobody|all|[a-z0-9.-]+(?:, [a-z0-9.-]+)*)) \|", PAGE, re.MULTILINE
    )
]
MISTAKES = re.findall(r"^(.+)\n  (.+)\n( +\^)\n(?:(\S.+)\n)?", _block("text"), re.MULTILINE)


@pytest.mark.parametrize(("expression", "ids"), EXAMPLES)
def test_an_example_of_the_page_matches_whom_it_says(expression: str, ids: str):
    everybody = sorted(host["id"] for host in FLEET)
    wanted = {"all": everybody, "nobody": []}.get(ids, ids.split(", "))

    assert list(answer(expression, FLEET, GROUPS).ids) == wanted


@pytest.mark.parametrize(("reason", "expression", "caret", "hint"), MISTAKES)
def test_a_mistake_of_the_page_reads_as_it_says(
    reason: str, expression: str, caret: str, hint: str
):
    with pytest.raises(TargetError) as caught:
        answer(expression, FLEET, GROUPS)

    assert str(caught.value) == f"{reason}\n  {expression}\n{caret}"
    assert caught.value.hint == hint


def test_the_page_has_examples():
    assert len(EXAMPLES) > 60
    assert len(MISTAKES) >= 4
