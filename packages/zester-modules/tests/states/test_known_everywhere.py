"""What masters know of settings is what the peel itself says."""

from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states.settings_of import settings_from
from zester_modules.states.template_calls import PURE
from zester_proto.messages.settings import SettingsEntry
from zester_proto.settings.bare import Bare, Peel
from zester_proto.settings.compile import compile_settings
from zester_proto.settings.pure import pure_functions
from zester_proto.tree.files import KeptTree

FACTS: dict[str, Any] = {
    "id": "web-1", "os": "Debian", "os_family": "Debian", "roles": ["web", "db"], "deep": {"a": 1},
}  # fmt: skip
BEFORE = "a: {b: 1, l: [x]}\nrole: front\n"


@pytest.mark.parametrize(
    "expression",
    [
        "salt['pillar.get']('a:b')",
        "salt['pillar.get']('a', {'b': 2, 'c': 3}, merge=True)",
        "salt['pillar.get']('a:l', ['y'], merge=True)",
        "salt['pillar.get']('a/b', delimiter='/')",
        "salt['settings.get']('no', 4)",
        "salt['pillar.item']('role', 'no')",
        "salt['pillar.items']()",
        "salt['settings.items']()",
        "salt['pillar.keys']('a')",
        "salt['settings.keys']()",
        "salt['grains.get']('deep:a')",
        "salt['grains.item']('os', 'no')",
        "salt['grains.items']()",
        "salt['grains.has_value']('os')",
        "salt['grains.equals']('os', 'Debian')",
        "salt['grains.filter_by']({'Deb*': {'a': 1}, 'default': 2}, merge={'b': 2})",
        "salt['grains.filter_by']({'web': 1}, grain='roles', default=None)",
        "salt['defaults.merge']({'a': [1]}, {'a': [2], 'b': 1}, merge_lists=True)",
        "salt['defaults.merge']({'a': 1}, none)",
        "salt['defaults.deepcopy']({'a': [1]})",
        "salt['slsutil.merge']({'a': {'x': 1}}, {'a': {'y': 2}})",
        "salt['slsutil.merge']({'a': {'x': 1}}, {'a': {'y': 2}}, strategy='overwrite')",
        "salt['slsutil.merge_all']([{'a': 1}, {'b': 2}])",
        "salt['slsutil.update']({'a': 1}, {'b': 2})",
        "salt['log.debug']('x')",
        "ifelse('G@os:Debian', 'd', 'other')",
        "{'t': tplroot, 's': sls, 'p': slspath, 'e': saltenv, 'i': peel_id, 'o': opts.id}",
    ],
)
def test_master_and_peel_agree(expression: str):
    files = {"before.sls": BEFORE, "x.sls": f"x: {{{{ {expression} | json }}}}\n"}
    tree = KeptTree({"base": {name: text.encode() for name, text in files.items()}})
    entries = [SettingsEntry("base", "before"), SettingsEntry("base", "x")]
    context = Context(registry=Registry(), peel_id="web-1", facts=FACTS)
    peels = settings_from(tree, entries, context)
    masters = compile_settings(tree, Bare(tree, Peel(id="web-1", facts=FACTS)), entries)
    assert (masters.errors, masters.unknown) == ((), ())
    assert masters.values == peels.values
    assert peels.called == frozenset()


def test_what_masters_know_counts_as_looking_at_nothing_else():
    assert set(pure_functions({}, {})) <= PURE
