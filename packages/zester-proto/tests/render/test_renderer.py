from typing import Any

import pytest

from zester_proto.render.lines import Origin
from zester_proto.render.renderer import Renderer
from zester_testing.template_tree import Tree, problem, text


def test_text_comes_out_as_it_is():
    for source in ("", "a", "a\n", "a\n\n", "{# c #}a\n", "a: {{ 1 }}\n", "\n\n"):
        assert text(source) == source.replace("{# c #}", "").replace("{{ 1 }}", "1")


def test_the_last_newline_stays_whatever_stands_before_it():
    assert text("a\n{%- if true -%}\n{%- endif -%}\n") == "a\n"
    assert text("{% if true %}\n{% endif %}\n") == "\n\n"


def test_lines_are_neither_trimmed_nor_statements():
    assert text("{% if true %}\n  x\n  {% endif %}\n# if x\n") == "\n  x\n  \n# if x\n"


def test_windows_lines_become_plain_ones():
    tree = Tree()
    tree["w.sls"] = "\ufeffa: 1\r\nb: 2\r\n".encode()
    rendered = tree.render("w.sls")
    assert rendered.text == "a: 1\nb: 2\n"
    assert [origin.exact for origin in rendered.lines.origins] == [True, True, True]


def test_what_a_template_sees():
    context: dict[str, Any] = {"grains": {"os": "Debian"}, "salt": {"a.b": "<{}>".format}}
    assert text("{{ grains.os }} {{ grains['os'] }} {{ salt['a.b'](1) }}", **context) == (
        "Debian Debian <1>"
    )


def test_loops_can_be_left_and_expressions_done():
    loop = "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}"
    assert text(loop + "{% if i > 3 %}{% break %}{% endif %}{{ i }}{% endfor %}") == "023"
    assert text("{% set d = {} %}{% do d.update({'a': 1}) %}{{ d.a }}") == "1"


def test_globals_and_tests_of_salt():
    assert text("{{ odict([('b', 1), ('a', 2)]) }}") == "{'b': 1, 'a': 2}"
    assert text("{{ 'abc' is match('a.c') }} {{ 'ABC' is match('abc', ignorecase=True) }}") == (
        "True True"
    )
    assert text("{{ 'x\\nb' is match('^b', multiline=True) }} {{ 1 is equalto 1 }}") == "False True"
    assert text("{{ [1] is list }} {{ (1,) is list }}") == "True False"
    assert text("{% set own = 1 %}{{ show_full_context().x }}", x=[3]) == "[3]"
    assert problem("{% if 1 %}\n{{ raise('not here') }}{% endif %}").message == "not here"
    assert problem("{{ lipsum() }}").message == "'lipsum' is undefined"


def test_printed_data_is_yaml():
    data = {"a": "it's", "b": [1, None, True, (2,), (1, 2)], "c": {"d": "x\ny"}, 3: "ü"}
    assert text("{{ d }}", d=data) == (
        """{'a': "it's", 'b': [1, None, True, (2,), (1, 2)], 'c': {'d': "x\\ny"}, 3: 'ü'}"""
    )
    assert text("{{ d }} {{ e }}", d={"k"}, e=set()) == "{'k'} set()"
    assert text("{{ none }} {{ 1.5 }} {{ f }}", f=b"x") == "None 1.5 b'x'"


def test_printed_data_that_holds_itself_is_refused():
    loop = "{% set ns = namespace(x=[]) %}{% do ns.x.append(ns.x) %}{{ ns.x }}"
    assert "too deeply nested" in problem(loop).message


def test_files_import_from_the_root_and_beside_them():
    tree = Tree()
    tree["a/map.jinja"] = "{% set x = 1 %}{% macro m(y) %}[{{ y }}]{% endmacro %}"
    tree["b/c.jinja"] = "{% from '../a/map.jinja' import m %}{% set z = m(3) %}"
    assert tree.text("{% from 'a/map.jinja' import x, m %}{{ x }}{{ m(2) }}") == "1[2]"
    assert tree.text("{% from './map.jinja' import x %}{{ x }}") == "1"
    assert tree.text("{% from 'salt://a/map.jinja' import x %}{{ x }}") == "1"
    assert tree.text("{% from 'b/../a//map.jinja' import x %}{{ x }}") == "1"
    assert tree.text("{% import '../b/c.jinja' as c %}{{ c.z }}") == "[3]"


@pytest.mark.parametrize("path", ["../../x", "../..", "a/../../x", "/etc/passwd", "..", ""])
def test_no_import_leaves_the_tree(path: str):
    tree = Tree()
    tree["x"] = "secret"
    assert "lies outside of the tree" in tree.problem(f"{{% include '{path}' %}}").message
    assert tree.asked == []


def test_what_is_not_there_is_told_with_its_line():
    missing = problem("\n{% import 'no.jinja' as x %}")
    assert (str(missing.place), missing.message) == (
        "a/t.sls:2", "there is no file no.jinja in the tree",
    )  # fmt: skip
    assert "none of these files is in the tree: p, q" in (
        problem("{% include ['p', 'q'] %}").message
    )
    assert text("{% include 'no' ignore missing %}x") == "x"
    rendered = Tree().render("no.sls")
    assert rendered.problems[0].message == "there is no file no.sls in the tree"


def test_with_context_a_file_sees_its_importers_place_without_its_own():
    tree = Tree()
    tree["b/c.jinja"] = "{% set seen = [tplfile, tpldir, tpldot, tplroot, x | default('-')] %}"
    show = " import seen {} %}}{{{{ seen }}}}"
    assert tree.text("{% from 'b/c.jinja'" + show.format(""), x=1) == (
        "['b/c.jinja', 'b', 'b', 'b', 1]"
    )
    local = "{% set x = 2 %}{% from 'b/c.jinja'"
    assert tree.text(local + show.format("with context")) == "['a/t.sls', 'a', 'a', 'a', 2]"
    assert tree.text(local + show.format("without context")) == "['b/c.jinja', 'b', 'b', 'b', '-']"


def test_a_file_at_the_root_and_one_deep_down_know_their_place():
    tree = Tree()
    tree["top.sls"] = tree.files["a/b/c.sls"] = "{{ [tplfile, tpldir, tpldot, tplroot] }}"
    assert tree.render("top.sls").text == "['top.sls', '.', '', '.']"
    assert tree.render("a/b/c.sls").text == "['a/b/c.sls', 'a/b', 'a.b', 'a']"
    assert tree.render("a/b/c.sls", tpldir="given").text == ("['a/b/c.sls', 'given', 'a.b', 'a']")


def test_includes_see_the_context_unless_they_are_not_to():
    tree = Tree()
    tree["i.sls"] = "{{ x | default('none') }};"
    source = "{% set x = 1 %}{% include 'i.sls' %}{% include 'i.sls' without context %}"
    assert tree.text(source) == "1;none;"
    assert tree.text("{% for x in [1, 2] %}{% include ['no', 'i.sls'] %}{% endfor %}") == "1;2;"


def test_a_template_can_extend_another():
    tree = Tree()
    tree["base"] = "head\n{% block body %}base{% endblock %}\nfoot\n"
    tree["child"] = "{% extends 'base' %}\nlost{% block body %}mine {{ super() }}{% endblock %}"
    rendered = tree.render("child")
    assert rendered.text == "head\nmine base\nfoot"
    assert [origin.file for origin in rendered.lines.origins] == ["base", "child", "base"]


def test_files_that_were_read_are_told():
    tree = Tree()
    tree["t.sls"] = "{% import 'b' as b %}{% import_yaml 'c' as c %}"
    tree["b"] = tree.files["c"] = ""
    assert tree.render("t.sls").files == ("t.sls", "b", "c")


def test_data_is_read_from_blocks():
    source = "{% load_yaml as d %}\na: {{ 1 + 1 }}\nm: 0644\n{% endload %}{{ d.a + d.m }}"
    assert text(source) == "646"
    assert text("{% load_json as d %}{\"a\": [1]}{% endload %}{{ d['a'] }}") == "[1]"
    assert text("{% load_text as d %}x {{ 1 }}{% endload %}{{ d | upper }}") == "X 1"
    loop = "{% for i in [1, 2] %}{% load_yaml as d %}{v: {{ i }}}{% endload %}{{ d.v }}{% endfor %}"
    assert text(loop) == "12"


def test_data_is_read_from_files():
    tree = Tree()
    tree["a/d.yml"] = "{% set n = 2 %}x: {{ n }}\ny: {{ w | default('no') }}\nz: yes\n"
    tree["d.json"] = '{"x": [1, {"y": null}]}'
    tree["d.txt"] = "text of {{ tpldir }}\n"
    assert tree.text("{% import_yaml 'a/d.yml' as d %}{{ d }}") == "{'x': 2, 'y': False, 'z': True}"
    assert tree.text("{% set w = 5 %}{% import_yaml './d.yml' as d with context %}{{ d.y }}") == "5"
    assert tree.text("{% import_json 'd.json' as d %}{{ d.x[1].y }}") == "None"
    assert tree.text("{% import_text 'd.txt' as d %}{{ d }}|") == "text of .|"
    assert tree.text("{% import_yaml 'a/d.yml' as d %}{{ d.z }}", "zy") == "yes"


def test_imported_data_can_be_imported_on():
    tree = Tree()
    tree["d.yml"] = "x: 1"
    tree["m.jinja"] = "{% import_yaml 'd.yml' as d %}{% load_yaml as e %}2{% endload %}"
    assert tree.text("{% from 'm.jinja' import d, e %}{{ d.x }}{{ e }}") == "12"


@pytest.mark.parametrize(
    ("name", "content", "place", "message", "rendered"),
    [
        ("d.yml", "a: 1\n\nb: {{ 1 }}: 2\n", "d.yml:3", "mapping values are not", "b: 1: 2\n    ^"),
        ("d.yml", "a: 1\na: 2\n", "d.yml:2:1", "the key 'a' is there twice", ""),
        ("d.json", '{"a": 1,\n  b: 2}', "d.json:2:3", "not JSON: Expecting property name", ""),
    ],
)
def test_data_that_is_none_is_told_at_its_own_line(
    name: str, content: str, place: str, message: str, rendered: str
):
    tree = Tree()
    tree[name] = content
    kind = name.rpartition(".")[2].replace("yml", "yaml")
    found = tree.problem(f"\n{{% import_{kind} '{name}' as d %}}")
    assert str(found.place) == place
    assert found.message.removeprefix("not YAML: ").startswith(message)
    assert found.rendered == rendered
    assert found.because == ("imported by a/t.sls:2",)


def test_data_in_a_block_that_is_none_is_told_at_the_tag():
    found = problem("\n{% load_yaml as d %}\na: 1\na: 2\n{% endload %}")
    assert str(found.place) == "a/t.sls:2"
    assert found.message == "the key 'a' is there twice, first in line 2 (line 3 of this text)"
    assert found.rendered == "a: 2\n^"
    deep = problem("{% load_json as d %}" + "[" * 100_000 + "{% endload %}")
    assert (str(deep.place), deep.message) == ("a/t.sls:1", "not JSON: too many levels")


def test_a_header_sets_jinja_for_its_file():
    plain = "{% if true %}\nx\n{% endif %}"
    assert text('#jinja2: {"trim_blocks": true}\n' + plain) == "x\n"
    assert text('#!jinja|yaml\n#jinja2: {"TRIM_BLOCKS": true}\n' + plain) == "#!jinja|yaml\nx\n"
    for header in ("#jinja2:", "#jinja2: no", "#jinja2: [1]"):
        assert text(f"{header}\n{plain}") == f"{header}\n\nx\n"
    assert text('\n#jinja2: {"trim_blocks": true}\n' + plain).endswith("}\n\nx\n")
    assert text('#!/bin/sh\n#jinja2: {"trim_blocks": true}\n{{ 1 }}').endswith("}\n1")
    unknown = '#jinja2: {"loader": 1, "trim_blocks": "yes", "lstrip_blocks": true}\n  {% if 1 %}\n'
    assert text(unknown + "{% endif %}") == "\n"


def test_lines_below_a_header_are_still_those_of_the_file():
    header = '#jinja2: {"trim_blocks": true}\n'
    assert str(problem(header + "a\n{{ b }}").place) == "a/t.sls:3"
    assert str(problem(header + "a\n{% no %}").place) == "a/t.sls:3"
    rendered = Tree().renderer().render("t", {}, text=header + "a\n{{ 1 }}\n")
    assert [origin.line for origin in rendered.lines.origins] == [2, 3, 4]
    assert rendered.lines.origins[0] == Origin("t", 2, exact=True)


def test_settings_of_the_configuration_hold_for_states_or_sources():
    source = "{% if 1 %}\nx{% endif %}"
    tree = Tree(env={"trim_blocks": True}, sls_env={"variable_start_string": "<<", "no": 1})
    renderer = tree.renderer()
    assert renderer.render("t", {}, text=source).text == "\nx"
    assert renderer.render("t", {}, text="{{ 1 << 2 }}").text == "{{ 1 2"
    assert renderer.render("t", {}, text=source, source=True).text == "x"


def test_filters_and_tests_of_others_can_be_handed_in():
    tree = Tree(filters={"twice": (2).__mul__}, tests={"five": (5).__eq__})
    assert tree.text("{{ 2 | twice }} {{ 5 is five }}") == "4 True"


def test_nothing_of_one_file_reaches_the_next():
    tree = Tree()
    tree["m"] = "{% set l = [] %}"
    tree["t"] = "{% from 'm' import l %}{% do l.append(1) %}{{ l }}"
    renderer = tree.renderer()
    assert [renderer.render("t", {}).text for _ in range(3)] == ["[1]"] * 3


def test_what_is_no_utf8_is_told_with_its_line():
    tree = Tree()
    tree["l.sls"] = b"a\nb\xff\n"
    rendered = tree.render("l.sls")
    assert rendered.problems[0].message == "line 2 of l.sls is no UTF-8 text"
    assert tree.problem("\n{% include 'l.sls' %}").message == "line 2 of l.sls is no UTF-8 text"


def test_syntax_is_checked_without_rendering():
    renderer = Renderer(lambda _path: None)
    assert renderer.check("a.sls", b"{{ salt['x.y'](undefined.a) }}{% include 'gone' %}") == ()
    assert renderer.check("a.sls", b"#!jinja|yaml\na: {{ 1 }}\n", dialect="sls") == ()
    (found,) = renderer.check("d/a.zy", b"a:\n  b\n{% if %}\n")
    assert str(found.place).startswith("d/a.zy:3")
    (unclosed,) = renderer.check("a.j2", b"{% for a in b %}\n")
    assert "a.j2" in str(unclosed.place)
    assert renderer.check("a.sls", b"\xff\xfe")
