"""States of ini files are held to the law, and leave what is not theirs."""

import configparser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.host.real import RealMachine
from zester_modules.resources.ini.text import Ini
from zester_testing.resource_law import held
from zester_testing.state_trees import RESOURCES

BEFORE = """; top
loose = 1

[one]
# about a
a=1
b = 2
  and more

[two]
c : 3
"""


@pytest.mark.parametrize(
    ("function", "sections", "before", "after"),
    [
        ("options_present", {"one": {"a": 9}}, BEFORE, BEFORE.replace("a=1", "a=9")),
        ("options_present", {"one": {"b": "2"}}, BEFORE, BEFORE),
        ("options_present", {"two": {"d": True}}, BEFORE, BEFORE + "d = True\n"),
        ("options_present", {"new": {"x": "y"}}, "", "[new]\nx = y\n"),
        ("options_present", {"loose": "2"}, BEFORE, BEFORE.replace("loose = 1", "loose = 2")),
        ("options_absent", {"one": ["a", "no"]}, BEFORE, BEFORE.replace("a=1\n", "")),
        ("options_absent", {"loose": None}, BEFORE, BEFORE.replace("loose = 1\n", "")),
        ("sections_present", ["two", "three"], BEFORE, BEFORE + "\n[three]\n"),
        ("sections_absent", ["two"], BEFORE, BEFORE.replace("[two]\nc : 3\n", "")),
    ],
)
def test_only_what_is_named_changes(
    tmp_path: Path, function: str, sections: Any, before: str, after: str
):
    place = tmp_path / "place"
    place.mkdir()
    (place / "f.ini").write_text(before)
    resource = RESOURCES.find(f"ini.{function}")
    assert resource is not None
    machine = RealMachine(tmp_path)
    held(resource, str(place / "f.ini"), place, tmp_path / "run", machine, sections=sections)
    assert (place / "f.ini").read_text() == after


NAMES = st.text("abc", min_size=1, max_size=2)
VALUES = st.text("xyz 1=", max_size=4).map(str.strip)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, min_size=1), min_size=1))
def test_what_is_set_is_read_by_others_too(wanted: dict[str, dict[str, str]]):
    ini = Ini("# head\n[a]\nb = 1\n")
    for section, options in wanted.items():
        for key, value in options.items():
            ini.set(section, key, value)
            assert ini.options(section)[key] == value
    parser = configparser.RawConfigParser()
    parser.read_string(ini.text())
    for section, options in wanted.items():
        assert {key: parser[section][key] for key in options} == options
    assert Ini(ini.text()).text() == ini.text()
