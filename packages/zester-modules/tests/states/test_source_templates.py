from pathlib import Path

import pytest

from zester_modules.states.source_templates import SourceTemplates
from zester_modules.states.template_context import Given, Templates
from zester_proto.errors import ZesterError
from zester_testing.state_tree import StateTree


def test_a_source_sees_its_own_place_and_the_states_reference(tmp_path: Path):
    files = {"web/init.sls": "x:\n  file.managed: []\n", "web/files/map.jinja": "{% set m = 7 %}"}
    tree = StateTree(tmp_path, files)
    (state,) = tree.compile("web").states
    render = SourceTemplates(Templates(tree.tree, Given(context=tree.context)), state)
    text = (
        "{% from './map.jinja' import m %}{{ sls }} {{ slspath }} {{ tpldir }} {{ m }} {{ a }}"
        " {{ b }} {{ grains.os }}\n"
    )
    source = "salt://web/files/x.conf"
    given = {"context": {"a": 1, "sls": "mine"}, "defaults": {"a": 0, "b": 2}}
    assert render(text, source=source, **given) == "mine web web/files 7 1 2 Debian\n"
    with pytest.raises(ZesterError, match=r"web/files/x\.conf:2: 'nothing' is undefined"):
        render("\n{{ nothing }}", source=source, context={}, defaults={})
