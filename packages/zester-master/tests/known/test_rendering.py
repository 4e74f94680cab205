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
