import re
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from zester_modules.states.model import RequisiteKind
from zester_modules.states.run.outcome import Became
from zester_modules.states.run.tables import TABLES, fired, verdict

PAGE = Path(__file__).parents[5] / "docs" / "requisites.md"
ALL: tuple[Became, ...] = get_args(Became)


def test_every_kind_says_something_of_everything_that_a_state_can_become():
    assert set(TABLES) == set(get_args(RequisiteKind))
    for kind, table in TABLES.items():
        assert set(table.votes) == set(ALL), kind
        assert not table.fires or set(table.fires) == set(ALL), kind


def test_what_holds_for_any_holds_for_more_than_what_holds_for_all():
    for pair in product(ALL, repeat=2):
        if verdict("require", pair) == "yes":
            assert verdict("require_any", pair) == "yes", pair
        if verdict("onfail_all", pair) == "yes":
            assert verdict("onfail", pair) == "yes", pair


@pytest.mark.parametrize(
    ("kind", "named", "said"),
    [
        ("require", ("ok", "changed", "guard", "onchanges_not_met"), "yes"),
        ("require", ("ok", "failed"), "no"),
        ("require", ("ok", "require_failed"), "no"),
        ("require_any", ("ok", "failed"), "yes"),
        ("require_any", ("failed", "onchanges_not_met"), "no"),
        ("require_any", ("failed", "guard"), "yes"),
        ("require_any", ("prereq_not_met",), "yes"),
        ("watch", ("changed", "failed"), "no"),
        ("watch_any", ("changed", "failed"), "yes"),
        ("onchanges", ("changed", "failed"), "yes"),
        ("onchanges", ("failed-changed",), "no"),
        ("onchanges_any", ("ok", "guard"), "no"),
        ("onfail", ("failed", "ok"), "yes"),
        ("onfail", ("require_failed",), "yes"),
        ("onfail", ("require_failed", "ok"), "no"),
        ("onfail", ("guard",), "no"),
        ("onfail_all", ("failed", "ok"), "no"),
        ("onfail_all", ("failed", "require_failed"), "yes"),
        ("onfail", ("would-change",), "perhaps"),
        ("onchanges", ("would-change", "ok"), "yes"),
        ("onchanges", ("perhaps", "ok"), "perhaps"),
        ("prereq", ("ok", "would-change"), "yes"),
        ("listen", ("failed-changed",), "yes"),
    ],
)
def test_verdicts(kind: RequisiteKind, named: tuple[Became, ...], said: str):
    assert verdict(kind, named) == said


def test_only_watch_and_listen_fire_and_listen_hears_a_failure_that_changed_something():
    assert fired("watch", ["ok", "changed"]) == "yes"
    assert fired("watch_any", ["failed-changed", "ok"]) == "no"
    assert fired("listen", ["failed-changed"]) == "yes"
    assert fired("watch", ["perhaps"]) == "perhaps"
    assert fired("require", ["changed"]) == "no"


def test_the_page_shows_the_tables():
    rows = {
        cells[0]: cells[1:]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
        for cells in [[cell.strip().strip("`") for cell in line.strip("|").split("|")]]
    }
    for kind, table in TABLES.items():
        assert rows[kind] == [table.rule, *(table.votes[one] for one in ALL)], kind
    header = next(line for line in PAGE.read_text().splitlines() if line.startswith("| kind"))
    assert [one.strip() for one in re.split(r"\|", header.strip("| "))][2:] == list(ALL)
