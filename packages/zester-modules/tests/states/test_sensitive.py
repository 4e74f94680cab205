"""States that read a secret keep it to themselves: no diff, no arguments, nobody else's file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from zester_modules.call import call
from zester_modules.states.trees import Trees
from zester_proto.secrets.masker import MASK

SETTINGS = """
port: 8080
db:
  user: app
  password: !encrypted "correct horse battery"
  hosts: [{name: db1, key: !encrypted "k3y-of-db1"}]
"""
SECRETS = ("correct horse", "k3y-of-db1", "Y29ycmVjdCBob3JzZ")


class Host:
    """Trees in a folder, and states of them that write into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("states", "settings", "out", "backups"):
            (folder / name).mkdir()
        (folder / "settings/top.sls").write_text("base:\n  '*': [all]\n")
        (folder / "settings/all.zy").write_text(SETTINGS)

    def run(
        self, files: Mapping[str, str], *, test: bool = False, **arguments: Any
    ) -> dict[str, dict[str, Any]]:
        """Apply `a`, and give what became of each state by its id."""
        for name, text in files.items():
            placed = text.replace("OUT", str(self.folder / "out"))
            (self.folder / "states" / name).write_text(placed)
        trees = Trees(
            states={"base": (str(self.folder / "states"),)},
            settings={"base": (str(self.folder / "settings"),)},
            backups=str(self.folder / "backups"),
        )
        done = call("state.apply", ["a"], arguments, trees=trees, facts={"id": "h"}, test=test)
        shown = json.dumps([done.value, done.error, done.hint, done.debug])
        assert not [one for one in SECRETS if one in shown], shown
        value = cast("dict[str, Any]", done.value)
        assert not value["errors"], value["errors"]
        states: list[dict[str, Any]] = value["states"]
        return {one["id"]: one for one in states}

    def read(self, name: str) -> str:
        return (self.folder / "out" / name).read_text()

    def mode(self, name: str) -> int:
        return (self.folder / "out" / name).stat().st_mode & 0o777


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


PLAIN = """
plain:
  file.managed:
    - name: OUT/plain
    - contents: port {{ pillar.port }} of {{ pillar.db.user }}
"""


def test_states_of_lines_that_read_a_secret_are_sensitive_and_others_are_not(host: Host) -> None:
    ran = host.run({"a.sls": PLAIN + """
secret:
  file.managed:
    - name: OUT/secret
    - contents: |
        user={{ pillar.db.user }}
        password={{ pillar.db.password | upper }}
given:
  file.managed:
    - name: OUT/given
    - mode: '0640'
    - contents: {{ salt['pillar.get']('db:password') | base64_encode }}
    - require:
      - file: plain
"""})  # fmt: skip
    assert "+port 8080 of app" in ran["plain"]["diff"]
    assert host.mode("plain") == 0o644
    assert ran["secret"]["diff"] == ran["given"]["diff"] == "secret content changed\n"
    name = str(host.folder / "out/secret")
    assert ran["secret"]["changes"][f"{name}:contents"]["after"] == MASK
    assert host.read("secret") == "user=app\npassword=CORRECT HORSE BATTERY\n"
    assert (host.mode("secret"), host.mode("given")) == (0o600, 0o640)
    assert "0600" in str(ran["secret"]["warnings"])
    assert not ran["given"]["warnings"]


def test_what_a_sensitive_state_says_is_without_its_own_secret_arguments(host: Host) -> None:
    ran = host.run({
        "a.sls": """
include: [b]
line:
  test.fail_with_changes:
    - comment: no login as {{ pillar.db.user }} with {{ pillar.db.password | upper }}
""",
        "b.sls": """
{% set word = pillar.db.password.split(' ')[1] %}
file:
  test.fail_with_changes: [{comment: 'it is {{ word }}'}]
other:
  cmd.run: [{name: 'exit 3'}]
""",
    })  # fmt: skip
    said = {name: one["comment"] for name, one in ran.items()}
    assert said == {"line": MASK, "file": MASK, "other": "exit code 3"}


@pytest.mark.parametrize(
    "before",
    [
        "{% set word = pillar.db.password %}",
        "{% if pillar.db.password %}{% set word = pillar.db.password[::-1] %}{% endif %}",
        "{% from 'map.jinja' import word with context %}",
        "{% import_yaml 'map.yaml' as map %}{% set word = map.word %}",
        "{% set db = salt['pillar.get']('db', {'a': 1}, merge=True) %}{% set word = db.password %}",
        "{% set word %}{{ pillar.db.password }}{% endset %}",
        "{% set word = (pillar | tojson) %}",
        "{% for host in pillar.db.hosts %}{% set word = host.key %}{% endfor %}{% set word = 1 %}",
    ],
)
def test_where_nobody_knows_which_line_read_it_all_of_the_file_is_sensitive(
    host: Host, before: str
) -> None:
    ran = host.run({
        "a.sls": f"include: [b]\n{before}\n{PLAIN}",
        "b.sls": PLAIN.replace("plain", "other"),
        "map.jinja": "{% set word = pillar['db']['password'] %}",
        "map.yaml": "word: {{ pillar.db.password }}",
    })  # fmt: skip
    assert ran["plain"]["diff"] == "secret content changed\n"
    assert ran["other"]["diff"].endswith("+port 8080 of app\n")


def test_sources_and_contents_that_read_a_secret_make_their_state_sensitive(host: Host) -> None:
    files = {
        "a.sls": """
template:
  file.managed: [{name: OUT/template}, {source: salt://t.conf}, {template: jinja}]
context:
  file.managed:
    - name: OUT/context
    - source: salt://c.conf
    - template: jinja
    - context: {word: {{ pillar.db.password | json }}}
pillar:
  file.managed: [{name: OUT/pillar}, {contents_pillar: 'db:password'}]
dataset:
  file.serialize: [{name: OUT/dataset}, {dataset_pillar: db}, {serializer: json}]
open:
  file.managed: [{name: OUT/open}, {source: salt://o.conf}, {template: jinja}]
""",
        "t.conf": "{% set db = pillar.db %}password={{ db['password'] }}\n",
        "c.conf": "password={{ word }}\n",
        "o.conf": "user={{ pillar.db.user }}\n",
    }
    ran = host.run(files)
    for name in ("template", "context", "pillar", "dataset"):
        assert ran[name]["diff"] == "secret content changed\n", name
        assert host.mode(name) == 0o600
        assert "correct horse battery" in host.read(name)
    assert "+user=app" in ran["open"]["diff"]
    assert host.mode("open") == 0o644
    again = host.run(files)
    assert {one["result"] for one in again.values()} == {"ok"}


def test_a_dry_run_tells_as_little(host: Host) -> None:
    text = "a:\n  file.managed: [{name: OUT/a}, {contents: '{{ pillar.db.password }}'}]\n"
    ran = host.run({"a.sls": text}, test=True)
    assert ran["a"]["result"] == "would-change"
    assert ran["a"]["diff"] == "secret content changed\n"
    assert not (host.folder / "out/a").exists()


def test_replaced_secrets_are_kept_where_only_their_owner_reads_them(host: Host) -> None:
    text = "a:\n  file.managed: [{name: OUT/a}, {backup: true}, {contents: '%s'}]\n"
    host.run({"a.sls": text % "{{ pillar.db.password }}"})
    host.run({"a.sls": text % "{{ pillar.db.password }} 2"})
    kept = [path for path in (host.folder / "backups").rglob("*") if path.is_file()]
    assert [path.read_text() for path in kept] == ["correct horse battery\n"]
    assert kept[0].stat().st_mode & 0o777 == 0o600
    assert kept[0].parent.stat().st_mode & 0o777 == 0o700


def test_an_edited_file_keeps_its_mode_and_a_new_one_is_private(host: Host) -> None:
    (host.folder / "out/known").write_text("a\n")
    os.chmod(host.folder / "out/known", 0o640)  # noqa: PTH101  # short
    ran = host.run({"a.sls": """
known:
  file.append: [{name: OUT/known}, {text: '{{ pillar.db.password }}'}]
"""})  # fmt: skip
    assert ran["known"]["diff"] == "secret content changed\n"
    assert host.mode("known") == 0o640


def test_a_secret_in_a_command_line_is_warned_of(host: Host) -> None:
    ran = host.run({"a.sls": """
line:
  cmd.run: [{name: 'echo "{{ pillar.db.password }}"'}]
env:
  cmd.run: [{name: 'printenv WORD'}, {env: {WORD: '{{ pillar.db.password }}'}}]
failing:
  cmd.run: [{name: 'echo "$WORD" >&2; exit 3'}, {env: {WORD: '{{ pillar.db.password }}'}}]
"""})  # fmt: skip
    assert "env or stdin" in str(ran["line"]["warnings"])
    assert ran["env"]["result"] == "changed"
    assert not ran["env"]["warnings"]
    assert ran["env"]["output"] is None
    assert ran["failing"]["result"] == "failed"


def test_states_in_processes_of_their_own_are_sensitive_too(host: Host) -> None:
    ran = host.run({
        "a.sls": "a:\n  file.managed: [{name: OUT/a}, {source: salt://t}, {template: jinja}, "
        "{parallel: true}]\n",
        "t": "{{ pillar.db.password }}",
    })  # fmt: skip
    assert ran["a"]["diff"] == "secret content changed\n"
    assert host.mode("a") == 0o600


def test_settings_of_one_run_replace_secrets_and_are_none(host: Host) -> None:
    text = "a:\n  file.managed: [{name: OUT/a}, {contents: '{{ pillar.db.password }}'}]\n"
    ran = host.run({"a.sls": text}, pillar={"db": {"password": "seen"}})
    assert "+seen" in ran["a"]["diff"]
    assert host.read("a") == "seen\n"


def test_what_is_shown_of_a_tree_hides_arguments(host: Host) -> None:
    (host.folder / "states/a.sls").write_text(
        PLAIN
        + """
secret:
  test.configurable_test_state: [{comment: '{{ pillar.db.password }}'}]
"""
    )
    trees = Trees(
        states={"base": (str(host.folder / "states"),)},
        settings={"base": (str(host.folder / "settings"),)},
    )
    done = call("state.show", ["a"], trees=trees, facts={"id": "h"})
    shown = json.dumps(done.value)
    assert not [one for one in SECRETS if one in shown]
    assert MASK in shown
    assert "port 8080 of app" in shown
