"""file.accumulated: texts of several states in one file; compared with Salt 3008.5."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context, LazySettings
from zester_modules.registry import Registry
from zester_modules.states.session import Session
from zester_modules.states.trees import Trees
from zester_proto.settings.model import Compiled

TREE = """
{% set top = pillar['top'] %}
first:
  file.accumulated:
    - name: animals
    - filename: {{ top }}/file
    - text: [dog, cat, dog]
    - require_in: [{file: made}]
second:
  file.accumulated:
    - name: animals
    - filename: {{ top }}/file
    - text: 1.10
    - watch_in: [{file: made}]
same:
  file.accumulated:
    - name: animals
    - filename: {{ top }}/file
    - text: cat
    - require_in: [{file: made}]
skipped:
  file.accumulated:
    - name: animals
    - filename: {{ top }}/file
    - text: lynx
    - onlyif: 'false'
    - require_in: [{file: made}]
hosts:
  file.accumulated:
    - filename: {{ top }}/file
    - text: {ip: 10.0.0.1}
    - require_in: [{file: made}]
elsewhere:
  file.accumulated:
    - name: animals
    - filename: {{ top }}/other
    - text: fox
    - require_in: [{file: made}]
made:
  file.managed:
    - name: {{ top }}/file
    - source: salt://file.jinja
    - template: jinja
    - context: {accumulator: mine, word: w}
plain:
  file.managed:
    - name: {{ top }}/plain
    - contents: "{% raw %}{{ accumulator is defined }}{% endraw %}"
    - template: jinja
"""
FILE = """{{ word }} {{ accumulator['animals'] | join(',') }}
{%- for host in accumulator.hosts %} {{ host.ip }}{% endfor %} {{ accumulator | length }}
"""


class Runs:
    """Runs a tree of states on this host, below a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.top = folder / "tree", folder / "top"
        self._tmp = folder / "tmp"
        for one in (self.tree, self.top, self._tmp):
            one.mkdir()

    def _settings(self) -> Compiled:
        values = {"top": str(self.top), "key": "s3cret-word"}
        return Compiled(values=values, secrets=frozenset({("key",)}))

    def __call__(self, text: str, *, test: bool = False) -> dict[str, dict[str, Any]]:
        (self.tree / "it.sls").write_text(text.replace("TOP", str(self.top)))
        context = Context(
            registry=Registry(), peel_id="it", settings=LazySettings(self._settings), tmp=self._tmp,
            test=test, roots={"base": [self.tree]},
            trees=Trees(states={"base": (str(self.tree),)}),
        )  # fmt: skip
        done = Session(context).apply(["it"])
        assert done["errors"] == []
        return {one["id"]: one for one in done["states"]}


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_texts_come_to_the_template_of_their_file_in_the_order_of_their_states(run: Runs):
    (run.tree / "file.jinja").write_text(FILE)
    dry = run(TREE, test=True)
    done = run(TREE)
    again = run(TREE)

    results = {name: one["result"] for name, one in done.items()}
    assert results == {
        "first": "ok", "second": "ok", "same": "ok", "skipped": "skipped", "hosts": "ok",
        "elsewhere": "ok", "made": "changed", "plain": "changed",
    }  # fmt: skip
    assert (run.top / "file").read_text() == "w dog,cat,1.10 10.0.0.1 2\n"
    assert (run.top / "plain").read_text() == "False\n"
    assert done["elsewhere"]["warnings"] == [
        f"no state of this run makes {run.top}/other: the text goes nowhere"
    ]
    assert dry["made"]["changes"] == done["made"]["changes"]
    assert dry["made"]["certain"]
    assert {one["result"] for one in again.values()} == {"ok", "skipped"}


def test_a_text_that_comes_too_late_says_what_to_write(run: Runs):
    tree = (
        "made:\n  file.managed: [{name: TOP/file}, {contents: x}]\n"
        "late:\n  file.accumulated: [{filename: TOP/file}, {text: x}]\n"
    )
    found = run(tree)["late"]
    assert found["result"] == "failed"
    assert found["comment"] == (
        f"made makes {run.top}/file before this text comes to it\n"
        "write require_in: [file: made], or watch_in"
    )


def test_a_dry_run_does_not_guess_what_is_added_behind_a_doubt(run: Runs):
    tree = (
        "brings:\n  cmd.run: [{name: touch TOP/flag}]\n"
        "perhaps:\n  file.accumulated: [{filename: TOP/file}, {text: x}, "
        "{onlyif: test -e TOP/flag}, {require: [{cmd: brings}]}, "
        "{require_in: [{file: made}]}]\n"
        "made:\n  file.managed: [{name: TOP/file}, {template: jinja}, {contents: '"
        "{% raw %}{{ accumulator is defined }}{% endraw %}'}]\n"
    )
    dry = run(tree, test=True)
    assert dry["made"]["result"] == "would-change"
    assert not dry["made"]["certain"], dry["made"]
    run(tree)
    assert (run.top / "file").read_text() == "True\n"


def test_a_block_gets_what_it_requires_or_all(run: Runs):
    (run.top / "file").write_text("# a\n# z\n# b\n# y\n")
    tree = (
        "{% for name, to in (('one', 'a'), ('two', 'b')) %}\n"
        "{{ name }}:\n  file.accumulated:\n    - filename: TOP/file\n"
        "    - text: ['{{ name }} 1', '{{ name }} 2']\n    - require_in: [{file: {{ to }}}]\n"
        "{% endfor %}\n"
        "a:\n  file.blockreplace: [{name: TOP/file}, {marker_start: '# a'}, "
        "{marker_end: '# z'}, {content: own}]\n"
        "b:\n  file.blockreplace: [{name: TOP/file}, {marker_start: '# b'}, "
        "{marker_end: '# y'}]\n"
    )
    run(tree)
    assert (run.top / "file").read_text() == (
        "# a\nown\none 1\none 2\n# z\n# b\ntwo 1\ntwo 2\n# y\n"
    )


def test_a_file_made_of_another_states_secret_is_as_private_as_that_state(run: Runs):
    tree = (
        "adds:\n  file.accumulated: [{filename: TOP/file}, {text: {{ pillar['key'] }}}, "
        "{require_in: [{file: made}]}]\n"
        "made:\n  file.managed: [{name: TOP/file}, {template: jinja}, {contents: '"
        "{% raw %}{{ accumulator.adds[0] }}{% endraw %}'}]\n"
    )
    found = run(tree)
    assert (run.top / "file").read_text() == "s3cret-word\n"
    assert (run.top / "file").stat().st_mode & 0o777 == 0o600
    assert "s3cret-word" not in str(found)
