"""Settings rendered by a master: the same as a peel's own, and once for those who cannot differ."""

from typing import Any

import pytest

from zester_master.known.rendering import Renderings
from zester_proto.codec import pack

TOP = "base:\n  '*': [all]\n  'web-*': [web]\n"


def renderings(**files: str) -> Renderings:
    named = {name.replace("__", "/") + ".sls": text.encode() for name, text in files.items()}
    return Renderings({"base": named}, {})


def facts(peel_id: str, **more: Any) -> dict[str, Any]:
    return {"id": peel_id, "os": "Debian", **more}


def test_peels_that_look_at_the_same_facts_share_what_was_rendered():
    found = renderings(
        top=TOP, all="os: {{ grains.os }}\n", web="port: {{ grains.get('port', 80) }}\n"
    )

    for n in range(5):
        made = found.of(f"web-{n}", facts(f"web-{n}", serial=n), {})
        assert made.compiled.values == {"os": "Debian", "port": 80}
    assert found.made == 1
    assert found.of("web-5", facts("web-5", port=8080), {}).compiled.values["port"] == 8080
    assert found.of("db-1", facts("db-1"), {}).compiled.values == {"os": "Debian"}
    assert found.of("web-6", facts("web-6"), {}).compiled.values["port"] == 80
    assert found.made == 3


@pytest.mark.parametrize("first", ["x: 1\n", "x: !secret db\n"])
def test_a_text_that_get_gives_is_one_fact_and_not_all_of_them(first: str):
    top = "base:\n  '*': [first, all]\n"
    found = renderings(top=top, first=first, all="os: {{ grains.get('os', 'none') }}\n")

    for n in range(5):
        made = found.of(f"web-{n}", facts(f"web-{n}", serial=n), {})
        assert made.compiled.values["os"] == "Debian"
    assert found.made == 1


@pytest.mark.parametrize(
    "text",
    [
        "x: {{ peel_id }}",
        "x: {{ opts.id }}",
        "x: {{ grains.id }}",
        "x: {{ salt['grains.get']('id') }}",
        "x: {{ grains['id'] }}",
        "x: {{ (grains | tojson).split('\"')[3] }}",
        "x: {{ ifelse('web-1', 'web-1', 'web-2') }}",
        "{% do grains.update({'y': 1}) %}x: {{ grains.id }}",
        "x: {{ grains.items() | selectattr(0, 'eq', 'id') | map('last') | first }}",
    ],
)
def test_what_may_differ_is_rendered_for_each(text: str):
    found = renderings(top=TOP, all=text, web="")

    for peel_id in ("web-1", "web-2"):
        made = found.of(peel_id, facts(peel_id), {})
        assert made.compiled.values == {"x": peel_id}, made.compiled.errors


@pytest.mark.parametrize(
    "text",
    [
        "{% if pillar.me.endswith('1') %}x: 1{% else %}x: 2{% endif %}",
        "x: {{ settings['me'][-1] }}",
        "x: {{ salt['pillar.get']('me')[-1] }}",
        "{% from 'lib.sls' import last with context %}x: {{ last() }}",
        "x: {{ peel_id[-1] }}",
        "x: {{ secret(grains.id)[-2] }}",
        "x: {{ ifelse('I@me:web-1', 1, 2) }}",
    ],
)
def test_files_by_what_they_look_at_are_not_mixed_up(text: str):
    files = {
        "top": "base:\n  '*': [own, all]\n", "own": "me: {{ grains.id }}\n", "all": text,
        "lib": "{% macro last() %}{{ pillar.me[-1] }}{% endmacro %}",
    }  # fmt: skip
    found = renderings(**files)

    for _ in range(2):
        for n in (1, 2):
            values = found.of(f"web-{n}", facts(f"web-{n}"), {}).compiled.values
            assert (values["me"], int(values["x"])) == (f"web-{n}", n)


def test_peels_with_settings_of_their_own_share_the_rest():
    found = renderings(
        top="base:\n  '*': [all, 'peels.{{ peel_id }}', last]\n",
        all="big: {a: [1, 2], os: {{ grains.os }}}\nmine: {x: 0, y: 0}\n",
        peels__a="mine: {x: 1}\n", peels__b="mine: {x: 2}\n", last="last: [1]\n",
    )  # fmt: skip
    a, b = (found.of(one, facts(one), {}).compiled.values for one in "ab")

    assert (a["mine"], b["mine"]) == ({"x": 1, "y": 0}, {"x": 2, "y": 0})
    assert a["big"] is b["big"]
    assert a["last"] is b["last"]
    other = found.of("b", facts("b", os="Rocky"), {}).compiled.values
    assert other["big"] == {"a": [1, 2], "os": "Rocky"}


def test_lines_that_name_ids_keep_their_place_among_the_others():
    found = renderings(
        top="base:\n  'a,b': [one]\n  '*': [two]\n  'L@b,c': [three]\n  'E@b': [one, four]\n",
        one="x: 1\n", two="x: 2\n", three="x: 3\n", four="y: 4\n",
    )  # fmt: skip

    values = [found.of(one, facts(one), {}).compiled.values for one in "abcd"]
    assert values == [{"x": 2}, {"x": 1, "y": 4}, {"x": 3}, {"x": 2}]


def tree(**files: str) -> dict[str, dict[str, bytes]]:
    return {"base": {f"{name}.sls": text.encode() for name, text in files.items()}}


def test_an_edit_makes_anew_what_it_concerns_and_nothing_else():
    names = {
        "top": "base:\n  'a': [all, one]\n  'b': [all, two]\n", "all": "x: {{ grains.os }}\n",
        "one": "{% include 'text.sls' %}\n", "two": "y: 2\n", "text": "y: 1\n",
    }  # fmt: skip
    found = Renderings(tree(**names), {})

    def values() -> list[object]:
        return [found.of(one, facts(one), {}).compiled.values for one in "ab"]

    assert values() == [{"x": "Debian", "y": 1}, {"x": "Debian", "y": 2}]
    assert found.follow(tree(**names | {"text": "y: 3\n"}), {}) == {("base", "text.sls")}
    assert values() == [{"x": "Debian", "y": 3}, {"x": "Debian", "y": 2}]
    assert found.made == 3
    assert found.follow(tree(**names | {"all": "x: 0\n"}), {}) is not None
    assert values() == [{"x": 0, "y": 1}, {"x": 0, "y": 2}]
    for more in (
        {"top": "base:\n  '*': [two]\n"}, {"two": "y: 2\n", "all/init": "z: 1\n"},
    ):  # fmt: skip
        assert found.follow(tree(**names | more), {}) is None
    assert values() == [{"x": "Debian", "y": 1}, {"x": "Debian", "y": 2}]


def test_a_file_that_comes_is_noticed_by_those_that_look_for_it():
    names = {
        "top": "base:\n  '*': [all, fixed]\n", "fixed": "z: [1]\n",
        "all": "{% include 'more.sls' ignore missing %}\nx: 1\n",
    }  # fmt: skip
    found = Renderings(tree(**names), {})

    before = found.of("a", facts("a"), {}).compiled.values
    assert found.follow(tree(**names, more="y: 1\n"), {}) is None
    after = found.of("a", facts("a"), {}).compiled.values
    assert (before, after) == ({"x": 1, "z": [1]}, {"y": 1, "x": 1, "z": [1]})
    assert after["z"] is before["z"]


def test_a_mistake_in_a_shared_file_is_told_for_every_peel_and_again():
    found = renderings(top=TOP, all="include: 1\nx: {{ grains.id }}\n", web="y: {{ oops }}\n")

    for peel_id in ("web-1", "web-2", "web-1"):
        errors = found.of(peel_id, facts(peel_id), {}).compiled.errors
        assert {str(one.place).split(":")[0] for one in errors} == {"all.sls", "web.sls"}


def test_a_top_file_with_a_template_is_read_for_each_peel():
    found = renderings(top="base:\n  '*': [{{ grains.role }}]\n", web="x: 1\n", db="x: 2\n")

    assert found.of("a", facts("a", role="web"), {}).compiled.values == {"x": 1}
    assert found.of("b", facts("b", role="db"), {}).compiled.values == {"x": 2}


def test_what_only_the_peel_knows_is_named_with_its_line():
    found = renderings(top=TOP, all="sure: 1\n", web="\nhere: {{ salt['cmd.run']('id') }}\n")
    made = found.of("web-1", facts("web-1"), {})

    assert made.problem("sure") is None
    for names in (("here",), ()):
        problem = made.problem(*names)
        assert problem is not None
        assert (str(problem.place), "cmd.run" in problem.message) == ("web.sls:2", True)


def test_a_basket_is_asked_for_and_then_used():
    found = renderings(top=TOP, all="x: {{ (basket('db-*', 'ip') | first).value }}\n", web="")

    asked = found.of("a", facts("a"), {})
    assert asked.wants == (("db-*", "ip"),)
    made = found.of("a", facts("a"), {"db-*\0ip": pack([["db-1", "10.0.0.1", 3.0]])})
    assert (made.compiled.values, made.volatile) == ({"x": "10.0.0.1"}, True)


def test_secrets_are_no_values():
    found = renderings(top=TOP, all="x: {{ secret('db') }}\n", web="")

    assert found.of("a", facts("a"), {}).compiled.values == {"x": "<secret db>"}


def test_a_master_puts_lists_together_as_its_peels_do():
    files = {"top.sls": TOP.encode(), "all.sls": b"x: [1, 2]\n", "web.sls": b"x: [2, 3]\n"}
    found = Renderings({"base": files}, {}, "append")
    assert found.of("web-1", facts("web-1"), {}).compiled.values == {"x": [1, 2, 3]}


def test_an_included_top_file_may_be_a_template():
    found = renderings(
        top="include: [more]\n" + TOP, all="a: 1\n", web="w: 1\n", big="big: 1\n",
        more="base:\n  '*':\n    - {{ 'big' if facts.serial else 'all' }}\n",
    )  # fmt: skip
    assert found.of("db-1", facts("db-1", serial=0), {}).compiled.values == {"a": 1}
    assert found.of("db-2", facts("db-2", serial=1), {}).compiled.values == {"a": 1, "big": 1}


def test_an_edit_of_an_included_top_file_counts():
    more = b"base:\n  '*': [all]\n"
    files = {
        "top.sls": b"include: [more]\n", "more.sls": more, "all.sls": b"a: 1\n",
        "big.sls": b"b: 1\n",
    }  # fmt: skip
    found = Renderings({"base": files}, {})
    assert found.of("db-1", facts("db-1"), {}).compiled.values == {"a": 1}
    found.follow({"base": {**files, "more.sls": more.replace(b"all", b"all, big")}}, {})
    assert found.of("db-1", facts("db-1"), {}).compiled.values == {"a": 1, "b": 1}
