from typing import Any

import pytest

from zester_proto.render.functions import GLOBALS
from zester_proto.render.library import FILTERS
from zester_testing.template_tree import Tree, problem, text


class Thing:
    """Something that a caller hands in."""

    _hidden = "no"
    shown = "yes"

    def method(self) -> str:
        return "called"


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''['__class__']",
        "''|attr('__class__')",
        "''.__class__.__mro__[1].__subclasses__()",
        "().__class__.__base__",
        "(1).__class__",
        "thing._hidden",
        "thing|attr('_hidden')",
        "thing['_hidden']",
        "thing.method.__func__",
        "thing.method.__self__.__class__",
        "function.__globals__",
        "function.__code__",
        "function.__init__",
        "self.__init__",
        "self._TemplateReference__context",
        "raise.__globals__",
        "odict.mro()",
        "odict.__subclasses__()",
        "namespace.__init__.__globals__",
        "cycler.__init__.__globals__",
        "joiner.__init__.__globals__",
        "dict.mro()",
        "range.__globals__",
        "macro.__class__",
        "macro._func",
        "macro._environment",
        "none.__class__",
        "[].append.__self__.__class__",
        "generator.gi_frame",
        "generator.gi_code",
        # CVE-2016-10745 and CVE-2019-10906: format strings that reach attributes.
        "'{0.__class__}'.format(1)",
        "'{x.__class__}'.format(x=1)",
        "'{x.__class__}'.format_map({'x': 1})",
        "'{0[__class__]}'.format(1)",
        # CVE-2024-56326: a reference to format that is called by somebody else.
        "['{0.__class__}'.format][0](1)",
        "['{0.__class__}'] | map('attr', 'format') | list | first",
        "(['{0.__class__}'.format] | map('call_it', 1)) | list",
        # CVE-2025-27516: attr hands out format itself.
        "('{0.__class__}'|attr('format'))(1)",
        "('{x.__class__}'|attr('format_map'))({'x': 1})",
        "'{0.__class__}' | method_call('format', 1)",
        "'' | method_call('__class__')",
        "[thing] | map(attribute='_hidden') | list",
        "[thing] | map(attribute='method.__func__') | list",
        "[thing] | sum(attribute='_hidden')",
        "[thing] | groupby('_hidden')",
        "[thing] | selectattr('_hidden') | map('string') | list",
        "[thing, thing] | sort(attribute='_hidden')",
    ],
)
def test_no_way_leads_into_python(expression: str):
    def call_it(value: Any, *args: Any) -> Any:
        return value(*args)

    tree = Tree(filters={"call_it": call_it})
    source = "{% macro macro() %}{% endmacro %}{{ " + expression + " }}"
    context = {"thing": Thing(), "function": lambda: 1, "generator": (i for i in [1])}
    rendered = tree.renderer().render("a/t.sls", context, text=source)
    if rendered.problems:
        message = rendered.problems[0].message
        assert any(
            part in message
            for part in ("not allowed", "unsafe", "undefined", "no attribute", "not supported")
        ), message
    else:
        assert "class" not in rendered.text.replace("__class__", "")
        assert rendered.text == "[]" or "built-in" in rendered.text or "function" in rendered.text


def test_the_way_of_cve_2024_56201_is_closed():
    tree = Tree()
    tree["{1*1}.sls"] = "{% set x = 1 %}"
    name = "a{__import__('os')}.sls"
    rendered = tree.renderer().render(
        name, {}, text="{% from '{1*1}.sls' import nothing %}\n{{ nothing }}"
    )
    assert "does not export the requested name 'nothing'" in rendered.problems[0].message
    assert "{__import__('os')}" in str(rendered.problems[0].message)


def test_what_is_public_is_there():
    assert text("{{ t.shown }} {{ t['shown'] }} {{ t.method() }}", t=Thing()) == "yes yes called"
    assert text("{{ '{} {:>3} {a.shown}'.format(1, 2, a=t) }}", t=Thing()) == "1   2 yes"
    assert text("{{ '%s-%05d' % ('a', 42) }} {{ '%(x)s' % {'x': 1} }}") == "a-00042 1"
    assert text("{{ 'a b' | method_call('split') }} {{ 'a' | method_call('no') }}") == (
        "['a', 'b'] None"
    )


def test_names_in_double_quotes_are_no_code():
    tree = Tree()
    for name in ("'); import os #", '"x"', "a\nb", "\\"):
        rendered = tree.renderer().render(f"d/{name}", {}, text="a\n{{ tplfile }}{{ nope }}")
        assert rendered.problems[0].place is not None
        assert rendered.problems[0].place.file == f"d/{name}"


def test_unsafe_functions_are_not_called():
    def delete() -> None:
        raise AssertionError

    delete.unsafe_callable = True  # pyright: ignore[reportFunctionMemberAccess] -- how Jinja marks them
    assert "not safely callable" in problem("{{ f() }}", f=delete).message


def test_errors_of_what_was_handed_in_are_told():
    def fail() -> None:
        raise ValueError("broken")

    assert problem("\n{{ f() }}", f=fail).message == "ValueError: broken"
    assert str(problem("\n{{ f() }}", f=fail).place) == "a/t.sls:2"


def test_filters_that_look_at_the_host_are_not_among_ours():
    known = set(FILTERS) | set(GLOBALS)
    assert not known & {"http_query", "file_hashsum", "which", "list_files", "is_text_file"}
