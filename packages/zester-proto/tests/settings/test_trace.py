"""Which file and line gave a setting."""

import pytest

from zester_proto.messages.settings import SettingsEntry
from zester_proto.settings.bare import Bare, Peel
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.model import Compiled
from zester_proto.settings.shown import masked
from zester_proto.settings.trace import meant, trace
from zester_proto.tree.files import KeptTree


def compiled(*texts: str, suffix: str = "zy") -> Compiled:
    names = "abcdef"[: len(texts)]
    files = {f"{name}.{suffix}": text.encode() for name, text in zip(names, texts, strict=True)}
    tree = KeptTree({"base": files})
    entries = [SettingsEntry("base", name) for name in names]
    found = compile_settings(tree, Bare(tree, Peel(id="web-1", facts={})), entries)
    assert found.errors == ()
    return found


def rows(found: Compiled, key: str) -> list[tuple[str, str, object]]:
    return [(str(row.place), row.did, row.value) for row in trace(found, key)]


def test_each_layer_is_named_with_its_line():
    found = compiled("web:\n  port: 80\n", "x: 1\n", "web:\n\n  port: 443\n")
    assert rows(found, "web:port") == [("a.zy:2:9", "set", 80), ("c.zy:3:9", "replaced", 443)]
    assert rows(found, "web") == [
        ("a.zy:2:3", "set", {"port": 80}), ("c.zy:3:3", "merged", {"port": 443}),
    ]  # fmt: skip
    assert rows(found, "web:nosuch") == []


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("web:prot", "web:port"), ("Web:Port", "web:port"), ("port", "web:port"),
        ("wev", "web"), ("tls:port", "web:tls:port"), ("other", ""), ("l:0", ""),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_may_be_meant_for_one_that_is(key: str, found: str):
    settings = compiled("web: {tls: {port: 443}, port: 80}\nl: [1]\n")
    assert meant(settings, key) == found


def test_what_lies_in_a_list_came_with_the_list():
    found = compiled("a: {l: [1]}\n", "a: {l: !append [{b: 2}]}\n")
    whole = [("a.zy:1:8", "set", [1]), ("b.zy:1:8", "appended", [{"b": 2}])]
    assert rows(found, "a:l:0") == rows(found, "a:l:1:b") == whole
    assert rows(found, "a:l:2") == rows(found, "a:l:x") == []


@pytest.mark.parametrize(
    ("texts", "did"),
    [
        (("a: [1]", "a: [2]"), ["set", "replaced"]),
        (("a: [1]", "a: !append [2]"), ["set", "appended"]),
        (("a: [1]", "a: !prepend [2]"), ["set", "prepended"]),
        (("a: {b: 1}", "a:"), ["set", "kept"]),
        (("a: {b: 1}", "a:", "a: {c: 1}"), ["set", "kept", "merged"]),
        (("a: {b: 1}", "a: !overwrite {c: 1}"), ["set", "replaced"]),
    ],
)
def test_what_a_layer_did(texts: tuple[str, ...], did: list[str]):
    assert [row.did for row in trace(compiled(*texts), "a")] == did


def test_a_layer_that_takes_a_setting_away_is_named():
    found = compiled("a: {b: 1}", "a: !overwrite {c: 1}", "a: {b: 2}")
    assert [row.did for row in trace(found, "a:b")] == ["set", "removed", "set"]


def test_secrets_are_masked_and_in_a_salt_tree_all_texts():
    found = compiled("a: {b: !secret x, c: y}\n")
    assert masked(found) == {"a": {"b": "***", "c": "y"}}
    assert rows(found, "a") == [("a.zy:1:4", "set", {"b": "***", "c": "y"})]
    salts = compiled("a: {b: x, n: [1, y]}\n", suffix="sls")
    assert masked(salts) == {"a": {"b": "***", "n": [1, "***"]}}
