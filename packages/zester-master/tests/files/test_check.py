"""Mistakes of a tree that are found before it is published, each with its place."""

from pathlib import Path

import pytest

from zester_master.files.check import MOST, check
from zester_master.files.scan import scan


def found(root: Path, **files: str) -> list[tuple[str, str]]:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    problems = check(scan({"base": (root,)}).environments)
    return [(str(one.place) if one.place else "", one.message) for one in problems]


def test_a_sound_tree_has_none(tmp_path: Path):
    assert not found(
        tmp_path,
        top_sls="base:\n  '*': [web]\n",
        web__init_sls="include:\n  - .config\n  - other\n  - web.c*\n",
        web__config_zy="a:\n  test.nop: []\n",
        other_zy="{% if 1 %}include: [nowhere]{% endif %}\n",
        any_j2="{{ anything }}\n",
        plain_txt="{% no template %}",
    )


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a_sls", "x:\n  test.nop: []\n{% if %}\n", "a.sls:3"),
        ("a_zy", "x:\n{{ 1 +\n", "a.zy:"),
        ("a_jinja", "\n\n{% endfor %}\n", "a.jinja:3"),
        ("a_sls", "x:\n  test.nop: []\nx:\n  - [\n", "a.sls:"),
        ("b__a_sls", "include:\n  - b.gone\n", "b/a.sls:2"),
        ("b__a_sls", "include:\n  - .gone\n", "b/a.sls:2"),
        ("b__a_sls", "include:\n  - ..gone\n", "b/a.sls:2"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, name: str, text: str, place: str):
    problems = found(tmp_path, **{name: text})
    assert problems
    assert problems[0][0].startswith(place)


def test_includes_that_lead_up_are_found(tmp_path: Path):
    assert not found(tmp_path, b__a_sls="include:\n  - ..c\n", c_sls="{}\n")


def test_two_files_of_one_name_are_a_mistake(tmp_path: Path):
    assert found(tmp_path, a_sls="{}\n", a_zy="{}\n") == [("", "a.sls and a.zy are both there")]


def test_text_that_is_no_utf_8_is_a_mistake(tmp_path: Path):
    (tmp_path / "a.sls").write_bytes(b"a: \xe9\n")
    assert len(found(tmp_path)) == 1


def test_a_renderer_of_its_own_is_not_looked_into(tmp_path: Path):
    assert not found(tmp_path, a_sls="#!py\ndef run():\n    return {}\n")


def test_no_more_are_told_than_can_be_read(tmp_path: Path):
    for number in range(MOST + 5):
        (tmp_path / f"{number}.sls").write_text("{% if %}\n")
    assert len(found(tmp_path)) == MOST
