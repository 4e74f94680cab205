from typing import Any

import pytest

from zester_proto.target import SettingsUnavailable, matches, parse
from zester_testing.target_table import FACTS, NO, SETTINGS, YES


@pytest.mark.parametrize("expression", YES)
def test_a_peel_is_meant_by(expression: str):
    node = parse(expression, groups={"web": "web-*"})

    assert matches(node, "web-1", FACTS, SETTINGS)


@pytest.mark.parametrize("expression", NO)
def test_a_peel_is_not_meant_by(expression: str):
    node = parse(expression, groups={"web": "web-*"})

    assert not matches(node, "web-1", FACTS, SETTINGS)


@pytest.mark.parametrize("expression", ["I@env:prod", "not J@env:x", "web-1 and I@tier:>1"])
def test_settings_that_are_not_known_are_an_error_that_names_the_term(expression: str):
    with pytest.raises(SettingsUnavailable, match="asks for settings") as caught:
        matches(parse(expression), "web-1", FACTS)

    assert "--fleet" in caught.value.hint


def test_settings_that_do_not_matter_are_not_missed():
    assert not matches(parse("db-1 and I@env:prod"), "web-1", FACTS)


def test_many_stars_in_a_path_take_no_time():
    facts: dict[str, Any] = {"a": "x"}
    for _ in range(40):
        facts = {"a": facts}

    assert matches(parse("G@" + "*:" * 40 + "a:x"), "web-1", facts)
    assert not matches(parse("G@" + "*:" * 40 + "a:y"), "web-1", facts)
