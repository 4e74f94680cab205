"""Settings rendered away from their peel: with its facts, without its functions."""

from typing import Any

import pytest

from zester_proto.messages.settings import SettingsEntry
from zester_proto.settings.bare import Bare, Peel
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.model import Compiled
from zester_proto.tree.files import KeptTree
from zester_proto.tree.problems import Problems
from zester_proto.tree.top import read_top

FACTS: dict[str, Any] = {"id": "web-1", "os": "Debian", "os_family": "Debian", "roles": ["web"]}


def rendered(files: dict[str, str], **peel: Any) -> Compiled:
    """Render the files that begin with one letter, in their order."""
    tree = KeptTree({"base": {name: text.encode() for name, text in files.items()}})
    entries = [SettingsEntry("base", name[0]) for name in files if name[1] == "."]
    return compile_settings(tree, Bare(tree, Peel(id="web-1", facts=FACTS, **peel)), entries)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: {{ grains.os }} {{ facts['os'] }} {{ peel_id }}", "Debian Debian web-1"),
        ("x: {{ opts.id }} {{ opts.get('saltenv') }}", "web-1 base"),
        ("x: {{ opts.pillarenv }} {{ opts.get('pillarenv') or 'base' }}", "None base"),
        ("x: {{ salt['grains.filter_by']({'Debian': 1, 'default': 2}) }}", 1),
        ("x: {{ salt.grains.get('nope', 'y') }}", "y"),
        ("x: {{ salt.pillar.get('a:b', 3) }}", 3),
        ("x: {{ salt['slsutil.merge']({'a': 1}, {'b': 2}) }}", {"a": 1, "b": 2}),
        ("x: {{ salt['defaults.merge']({'a': 1}, {'a': 2}) }}", {"a": 2}),
        ("x: {{ ifelse('G@os:Debian', 1, 2) }}{% do salt['log.warning']('w') %}", 1),
        ("x: {{ 'grains.get' in salt }}", True),
        ("x: {{ secret('db') }}", "<secret db>"),
    ],
)  # fmt: skip
def test_facts_and_settings_are_enough(text: str, value: Any):
    found = rendered({"a.sls": text})
    assert (found.errors, found.unknown, found.values) == ((), (), {"x": value})


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("salt['cmd.run']('id')", "salt['cmd.run']"),
        ("salt.network.ip_addrs()", "salt['network.ip_addrs']"),
        ("'cmd.run' in salt", "salt['cmd.run']"),
        ("opts.cachedir", "the option 'cachedir'"),
        ("basket('*', 'ips')", "basket('*', 'ips')"),
    ],
)
def test_what_only_the_peel_knows_makes_a_file_unknown(expression: str, what: str):
    found = rendered({"a.sls": f"k: 1\nl: {{{{ {expression} }}}}\n", "b.sls": "m: 1\n"})
    assert (found.values, found.errors) == ({"m": 1}, ())
    (unknown,) = found.unknown
    assert (unknown.path, unknown.names, str(unknown.problem.place)) == (
        "a.sls",
        ("k", "l"),
        "a.sls:2",
    )
    assert unknown.problem.message == f"{what} is only known on the peel"


def test_other_mistakes_are_mistakes_here_too():
    (error,) = rendered({"a.sls": "k: 1\nl: {{ nothing }}\n"}).errors
    assert (str(error.place), error.message) == ("a.sls:2", "'nothing' is undefined")


def test_what_peels_published_is_known_where_a_master_has_it():
    def basket(target: str, name: str) -> list[str]:
        return [f"{name} of {target}"]

    found = rendered({"a.sls": "x: {{ basket('db', 'ip')[0] }}\n"}, basket=basket)
    assert found.values == {"x": "ip of db"}


def test_the_top_file_says_what_is_meant_for_a_peel():
    top = (
        "base:\n  'G@os:Debian':\n    - a\n  'web-*':\n    - match: glob\n    - trust_facts: true\n"
        "    - ignore_missing: true\n    - b\n  'db-*': [c]\n"
    )
    tree = KeptTree({"base": {"top.sls": top.encode()}})
    problems = Problems()
    asked, files = read_top(tree, Bare(tree, Peel(id="web-1", facts=FACTS)), problems, None)
    assert (problems.count, files) == (0, ["top.sls"])
    assert [
        (one.reference, one.target, one.kind, one.ignore_missing, one.trust_facts) for one in asked
    ] == [
        ("a", "G@os:Debian", "compound", False, False), ("b", "web-*", "glob", True, True),
    ]  # fmt: skip
