"""Functions that ask the settings, by our names and by Salt's."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import LazySettings
from zester_modules.errors import Refused
from zester_modules.states.settings_of import settings_of
from zester_testing.state_tree import StateTree

FILES = {
    "top.sls": "base:\n  '*': [a, b]\n",
    "a.sls": "web: {port: 80, names: [x], 2: two}\nrole: front\n",
    "b.sls": "web:\n  port: 443\n  key: !secret pw\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> StateTree:
    tree = StateTree(tmp_path, FILES)
    tree.context.settings = LazySettings(
        lambda: settings_of(
            {"base": [tmp_path / "base"]}, tree.context, secret={"pw": "s3cr3t"}.get
        )
    )
    return tree


def call(tree: StateTree, name: str, *args: Any, **kwargs: Any) -> Any:
    return tree.context.registry.find(name).call(tree.context, *args, **kwargs)


WEB = {"port": 443, "names": ["x"], 2: "two", "key": "s3cr3t"}


@pytest.mark.parametrize(
    ("name", "args", "answer"),
    [
        ("settings.get", ("web:port",), 443),
        ("settings.get", ("web:nosuch",), None),
        ("settings.get", ("web.port", None, False, "."), 443),
        ("settings.get", ("web:names:0",), "x"),
        ("settings.items", (), {"web": WEB, "role": "front"}),
        ("settings.keys", (), ["web", "role"]),
        ("settings.keys", ("web",), ["port", "names", "2", "key"]),
        ("pillar.get", ("web:nosuch",), ""),
        ("pillar.get", ("web:2",), "two"),
        ("pillar.items", (), {"web": WEB, "role": "front"}),
        ("pillar.data", (), {"web": WEB, "role": "front"}),
        ("pillar.item", ("role", "no"), {"role": "front", "no": ""}),
        ("pillar.raw", ("role",), "front"),
        ("pillar.raw", ("no",), {}),
        ("pillar.ls", (), ["web", "role"]),
        ("pillar.keys", ("web",), ["port", "names", "2", "key"]),
        ("pillar.obfuscate", ("web",), {"web": {"port": "<int>", "names": ["<str>"], 2: "<str>",
                                                "key": "<str>"}}),
        ("pillar.filter_by", ({"f*": 1, "default": 2}, "role"), 1),
    ],
)  # fmt: skip
def test_settings_are_asked(tree: StateTree, name: str, args: tuple[Any, ...], answer: Any):
    assert call(tree, name, *args) == answer


def test_a_default_is_merged_with_what_is_there(tree: StateTree):
    found = call(tree, "settings.get", "web", {"port": 1, "user": "www"}, merge=True)
    assert found == {**WEB, "user": "www"}


def test_an_answer_is_a_copy(tree: StateTree):
    call(tree, "settings.get", "web")["port"] = 1
    assert call(tree, "pillar.get", "web:port") == 443


def test_a_setting_is_traced_to_its_lines_without_its_secrets(tree: StateTree):
    assert call(tree, "settings.trace", "web:port") == [
        {"place": "a.sls:1:13", "did": "set", "value": 80},
        {"place": "b.sls:2:9", "did": "replaced", "value": 443},
    ]
    (row,) = call(tree, "settings.trace", "web:key")
    assert (row["place"], row["value"]) == ("b.sls:3:8", "***")


def test_a_peel_without_settings_has_nothing_to_trace(tree: StateTree):
    tree.context.settings = {}
    with pytest.raises(Refused, match="this peel has no settings"):
        call(tree, "settings.trace", "web")
