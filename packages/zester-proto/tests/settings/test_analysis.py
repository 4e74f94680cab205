"""What is known of a settings file without rendering it."""

import pytest

from zester_proto.settings.analysis import Analysis, analyse
from zester_proto.settings.closure import Closures
from zester_proto.settings.names import top_names
from zester_proto.tree.files import KeptTree

HEADER = '#jinja2: {"variable_start_string": "[[", "variable_end_string": "]]"}'


def of(text: str, path: str = "web/init.sls") -> Analysis:
    return analyse("base", path, text.encode())


def told(text: str) -> list[str]:
    return [f"{one.place}: {one.message}" for one in of(text).problems]


def patterns(text: str, path: str = "web/init.sls") -> list[str]:
    found = of(text, path)
    assert found.problems == ()
    return [one.pattern for one in found.reaches]


def test_only_files_that_are_others_are_looked_at_again():
    files = {
        "a.sls": b"include: [b, c]\n", "b.sls": b"x: !secret in-b\n", "c.sls": b"y: {{ 1 }}\n",
    }  # fmt: skip
    before = Closures(KeptTree({"base": files}))
    before.of("base", "a")
    assert before.looked == 3

    edited = KeptTree({"base": files | {"c.sls": b"y: !secret in-c\n", "d.sls": b""}})
    after = Closures(edited, before)
    assert after.of("base", "a") == Closures(edited).of("base", "a")
    assert list(after.of("base", "a").secrets) == ["in-c", "in-b"]
    assert after.looked == 1

    fewer = Closures(KeptTree({"base": {"a.sls": files["a.sls"]}}), after)
    assert [path for _, path in fewer.of("base", "a").files] == ["a.sls"]
    assert fewer.looked == 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a: {{ secret('x') }}\nb: {% if secret(\"y\") %}1{% endif %}\n", ["x", "y"]),
        ("a: {{ secret('x') | upper }}\n{% set p = 'u' ~ secret('z') %}\n", ["x", "z"]),
        ("a: !secret x\nb: [!secret y, {c: !secret 'z'}]\nc:\n  - !secret v.w/x-y  # note\n",
         ["x", "y", "z", "v.w/x-y"]),
        ("# a: !secret x\nb: '!secret y'\nc: \"a !secret z\"\nd: keep it !secret now\n", []),
        ("{# !secret x #}{% set a = 1 %}\n", []),
        ("{% for secret in pillar.all %}{{ secret.name }}{% endfor %}{{ pillar.secret }}\n", []),
        ("{% raw %}a: !secret x{% endraw %}\n", ["x"]),
        (f"{HEADER}\na: [[ secret('x') ]]\n", ["x"]),
    ],
)  # fmt: skip
def test_secrets_are_found_in_expressions_and_constant_text(text: str, names: list[str]):
    found = of(text)
    assert (sorted(found.secrets), found.problems) == (sorted(names), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\na: {{ secret(name) }}\n", "web/init.sls:2: the name of this secret is not known"),
        ("{% set s = secret %}\n", "web/init.sls:1: `secret` is used otherwise than as secret("),
        ("a: {{ x | map(secret) }}\n", "web/init.sls:1: `secret` is used otherwise"),
        ("a: 1\nb: !secret {{ x }}\n", "web/init.sls:2: behind !secret stands the name"),
        ("a: !secret\n", "web/init.sls:1: behind !secret stands the name"),
        ("a: !encrypted {{ x }}\n", "web/init.sls:1: behind !encrypted stands a text in quotes"),
        ("a: {{ '!secret ' ~ x }}\n", "web/init.sls:1: a tag that an expression makes"),
        ("{% import_yaml x as y %}\n", "web/init.sls:1: nothing says which files this may be"),
        ("{% include '../../etc' %}\n", "web/init.sls:1: ../../etc lies outside of the tree"),
        ("include: [{{ x }}]\n", "web/init.sls:1: nothing says which files this may be"),
        ("include: [b, !encrypted 'hidden']\n", "web/init.sls:1: a secret cannot be the name"),
        ("include:\n- !secret hidden\n", "web/init.sls:2: a secret cannot be the name"),
        ("include: [...a]\n", "web/init.sls:1: `include` of '...a' leads out of the tree"),
        ("a: {% if %}\n", "web/init.sls:1: not Jinja: "),
        ("a: 1\n\tb: 2\n", "web/init.sls:2:1: not YAML: "),
        ("a: {b: 1}\na: 2\n", "web/init.sls:2:1: the key 'a' is there twice"),
        ("- a\n", "web/init.sls:1:1: settings are a mapping of names and values"),
        ("include: [{a: {kye: x}}]\n", "web/init.sls:1:16: an include has no option 'kye'"),
        ("a: {{ secret('a b') }}\n", "web/init.sls:1: 'a b' is no name of a secret"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_a_problem_with_its_line(text: str, problem: str):
    problems = told(text)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{% import_yaml 'a/b.yaml' as x %}{% from './map.jinja' import y with context %}",
         ["web/map.jinja", "a/b.yaml"]),
        ("{% import tplroot ~ '/map.jinja' as m %}", ["web/map.jinja"]),
        ("{% set f = slspath + '/' ~ grains.os ~ '.yaml' %}{% import_yaml f as m %}",
         ["web/*.yaml"]),
        ("{% include ['a.txt', 'salt://b/' ~ x] %}", ["a.txt", "b/*"]),
        ("{% include 'a' if x else 'b' %}", ["a", "b"]),
        ("include:\n  - db\n  - .inner\n  - 'os.{{ grains.os }}'\n  - {{ slsdotpath }}.x\n",
         ["db", "web.inner", "os.*", "web.x"]),
        ("include:\n  - a:\n      key: b\n      defaults: {x: 1}\n  - c\nd: [no]\n", ["a", "c"]),
        ("include: [db, 'c.*']\n", ["db", "c.*"]),
        ("include:\n{% if x %}\n- a\n{% endif %}\n- b.c/d\nx:\n- no\n", ["a", "b.c.d"]),
        ("x:\n  include: [no]\n", []),
    ],
)  # fmt: skip
def test_what_a_file_reaches(text: str, found: list[str]):
    assert sorted(patterns(text)) == sorted(found)


def test_literals_are_found_where_they_stand():
    text = "a: 1\nb: !encrypted \"x: 'y'\"\nc: [!encrypted plain, 2]\n"
    found = of(text).encrypted
    assert [(one.value, one.line) for one in found] == [("\"x: 'y'\"", 2), ("plain", 3)]
    assert [text[one.begin : one.end] for one in found] == [
        "!encrypted \"x: 'y'\"", "!encrypted plain",
    ]  # fmt: skip


def test_a_closure_holds_all_that_may_be_read_and_nothing_else():
    tree = KeptTree({"base": {
        "a.sls": b"include: [b, 'os.{{ grains.os }}']\n{% import_yaml 'd.yaml' as d %}",
        "b/init.sls": b"include: [.c, nosuch]\n", "b/c.zy": b"x: {{ secret('in-c') }}\n",
        "os/Debian.sls": b"include: [a]\n", "os/RedHat.sls": b"y: !secret in-os\n",
        "d.yaml": b"{% include 'e.txt' %}", "e.txt": b"", "other.sls": b"z: !secret other\n",
    }})  # fmt: skip
    found = Closures(tree).of("base", "a")
    assert [path for _, path in found.files] == [
        "a.sls", "b/c.zy", "b/init.sls", "d.yaml", "e.txt", "os/Debian.sls", "os/RedHat.sls",
    ]  # fmt: skip
    assert {name: str(place) for name, place in found.secrets.items()} == {
        "in-c": "b/c.zy:1", "in-os": "os/RedHat.sls:1",
    }  # fmt: skip
    assert [f"{one.place}: {one.message}" for one in found.problems] == [
        "b/init.sls:1: there is no settings file 'nosuch' in the environment 'base'"
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a: {{ x }}\n'b c': 1\n{% if y %}\nd:\n  e: 1\n{% endif %}\n# f: 1\n", ("a", "b c", "d")),
        ("a: 1\n{{ macro() }}\n", None),
        ("include: [x]\na: 1\n", None),
    ],
)
def test_names_at_the_top_are_known_without_rendering(text: str, names: tuple[str, ...] | None):
    assert top_names(text) == names
