"""A secret is one text wherever a template prints it, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.messages.settings import SettingsEntry
from zester_proto.settings.bare import Bare, Peel
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree

PRINTED = (
    "a: {{ secret('x') }}\nb: '{{ secret('x') }}'\nc: \"{{ secret('x') }}\"\nd: |-\n"
    "  {{ secret('x') }}\ne: [{{ secret('x') }}, {f: {{ secret('x') }}}]\n"
    "g: {{ secret('x') | json }}\nh: {{ {'i': secret('x')} | json }}\nj: <{{ secret('x') }}>\n"
    "{% set s = secret('x') %}k: {{ s }}\n{% macro m(v) %}l: {{ v }}{% endmacro %}{{ m(s) }}\n"
    "n: {{ '<' ~ s ~ '>' }}\no: !secret x\n"
)
TREE = KeptTree({"base": {"a.sls": PRINTED.encode(), "b.sls": b"again: {{ pillar.a }}\n"}})
ENTRIES = [SettingsEntry("base", "a"), SettingsEntry("base", "b")]


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_secret_is_what_it_is(value: str):
    bare = Bare(TREE, Peel(id="web-1", facts={}), secret={"x": value}.get)
    found = compile_settings(TREE, bare, ENTRIES)
    marked = f"<{value}>"
    assert found.errors == ()
    assert found.values == {
        "a": value, "b": value, "c": value, "d": value, "e": [value, {"f": value}], "g": value,
        "h": {"i": value}, "j": marked, "k": value, "l": value, "n": marked, "o": value,
        "again": value,
    }  # fmt: skip
    ways = {("e", 0), ("e", 1, "f"), ("h", "i")}
    assert found.secrets == ways | {(name,) for name in "abcdgjklno"} | {("again",)}


@given(st.text("ab{}%'\": \n#&*!-[]", min_size=6), st.text("cd'\": \n", max_size=5))
def test_a_value_that_comes_by_another_way_counts_too(value: str, around: str):
    tree = KeptTree({"base": {"a.sls": b"x: {{ secret('x') }}\ny: {{ grains.g | json }}\nz: no\n"}})
    peel = Peel(id="web-1", facts={"g": f"{around}{value}{around}"})
    bare = Bare(tree, peel, secret={"x": value}.get)
    assert compile_settings(tree, bare, ENTRIES[:1]).secrets == {("x",), ("y",)}


@pytest.mark.parametrize("expression", ["secret('x')[:3]", "secret('x') | length"])
def test_what_is_not_promised(expression: str):
    """docs/secrets.md says so: parts and numbers of a secret are ordinary values."""
    tree = KeptTree({"base": {"a.sls": f"x: {{{{ {expression} }}}}\n".encode()}})
    bare = Bare(tree, Peel(id="web-1", facts={}), secret={"x": "long-enough"}.get)
    assert compile_settings(tree, bare, ENTRIES[:1]).secrets == frozenset()


def compiled(template: str, value: str = "long enough") -> Compiled:
    """Compile one file whose secret `x` has a value."""
    tree = KeptTree({"base": {"a.sls": template.encode()}})
    bare = Bare(tree, Peel(id="web-1", facts={}), secret={"x": value}.get)
    return compile_settings(tree, bare, ENTRIES[:1])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("['u', secret('x')] | join('-') | base64_encode", "dS1sb25nIGVub3VnaA=="),
        ("('%s!' % (secret('x'),)) | upper", "LONG ENOUGH!"),
        ("'{}!'.format(secret('x')) | upper", "LONG ENOUGH!"),
        ("'aXb' | replace('X', secret('x')) | upper", "ALONG ENOUGHB"),
        ("'aXb' | regex_replace('X', secret('x')) | upper", "ALONG ENOUGHB"),
        ("secret('x').split(' ')[1]", "enough"),
        ("(secret('x') | regex_search('(e.*)'))[0]", "enough"),
        ("secret('x') | list | join('')", "long enough"),
        ("[secret('x')] | map('upper') | join", "LONG ENOUGH"),
        ("secret('x') | wordwrap(4, wrapstring='/')", "long/enou/gh"),
        ("(('{\"a\": \"' ~ secret('x') ~ '\"}') | load_json).a", "long enough"),
        ("(secret('x') | reverse)", "hguone gnol"),
        ("{'a': 'b', 'c': secret('x')}.c | upper", "LONG ENOUGH"),
    ],
)
def test_what_is_made_of_a_secret_is_one(expression: str, value: str):
    found = compiled(f"x: {{{{ {expression} }}}}\n")
    assert found.errors == ()
    assert (found.values, found.secrets) == ({"x": value}, {("x",)})


@pytest.mark.parametrize(
    "expression",
    [
        "['user', secret('x')] | first",
        "{'a': 'user', 'c': secret('x')}.a",
        "({'a': 'user', 'c': secret('x')} | dictsort)[0][1]",
        "dict(a='user', b=secret('x')).a",
        "m('user', secret('x'))",
    ],
)
def test_what_stands_beside_a_secret_is_none(expression: str):
    macro = "{% macro m(name, word) %}{{ name }}{% endmacro %}"
    found = compiled(f"{macro}x: {{{{ {expression} }}}}\n")
    assert (found.values, found.secrets) == ({"x": "user"}, frozenset())


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("x: {% filter upper %}a{{ secret('x') }}{% endfilter %}\n", "ALONG ENOUGH"),
        ("{% set y %}a{{ secret('x') }}{% endset %}x: {{ y | upper }}\n", "ALONG ENOUGH"),
        ("{% set y | upper %}{{ secret('x') }}{% endset %}x: {{ y }}\n", "LONG ENOUGH"),
    ],
)
def test_what_a_filter_makes_of_a_block_with_a_secret_is_one(template: str, value: str):
    found = compiled(template)
    assert (found.values, found.secrets) == ({"x": value}, {("x",)})


def test_no_secret_becomes_a_name_by_way_of_a_filter():
    found = compiled("{% filter upper %}{{ secret('x') }}{% endfilter %}: 1\n")
    assert [one.message for one in found.errors] == ["a secret cannot be the name of a setting"]


def test_defaults_of_an_include_keep_their_secrets():
    files = {
        "a.zy": b"include:\n  - b:\n      defaults: {p: {{ secret('x') }}, q: !secret x}\n",
        "b.zy": b"p: {{ p | upper }}\nq: {{ q }}\nr: no\n",
    }
    bare = Bare(KeptTree({"base": files}), Peel(id="web-1", facts={}), secret={"x": "pin's"}.get)
    found = compile_settings(KeptTree({"base": files}), bare, ENTRIES[:1])
    assert (found.values, found.errors) == ({"p": "PIN'S", "q": "pin's", "r": "no"}, ())
    assert found.secrets == {("p",), ("q",)}
