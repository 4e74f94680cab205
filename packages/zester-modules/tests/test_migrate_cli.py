import subprocess
import sys
from pathlib import Path

import pytest

from zester_modules import migrate_cli
from zester_modules.migrate_cli import main
from zester_modules.states.migrate import data_lines, migrate, rewritten
from zester_testing.state_tree import StateTree

OLD = """\
{% from 'web/part.sls' import x %}
conf:
  file.managed:
    - makedirs: yes   # a comment
    - replace: off
    - source: salt://web/a
    - group: "no"
    - onlyif: no
    - contents: |
        enable: yes
    {% if true %}
        other: no
    {% endif %}
    - mode: 0644
    - name: {{ salt['cmd.run']('echo x') }}
"""
NEW = """\
{% from 'web/part.zy' import x %}
conf:
  file.managed:
    - makedirs: true   # a comment
    - replace: false
    - source: zester://web/a
    - group: "no"
    - onlyif: false
    - contents: |
        enable: yes
    {% if true %}
        other: no
    {% endif %}
    - mode: 0644
    - name: {{ salt['cmd.run']('echo x') }}
"""


def test_only_what_yaml_reads_otherwise_is_rewritten(tmp_path: Path):
    path = tmp_path / "init.sls"
    path.write_text(OLD)
    found = migrate(path)
    assert found.text == NEW
    assert [one.line for one in found.changes] == [1, 4, 5, 6, 8]
    assert [one.line for one in found.notes] == [8, 15]


@pytest.mark.parametrize(
    "line",
    ["a: 'yes'", "# a: yes", "a: yes sir", "a: {b: yes}", "  - yes", "a: http://salt://", "a: x/salt://"],
)  # fmt: skip
def test_what_is_not_certain_is_left_alone(line: str):
    assert rewritten(line) == line or "zester://" in rewritten(line)
    assert "true" not in rewritten(line)


def test_the_text_of_a_block_is_no_yaml():
    lines = ["a: |", "  b: yes", "", "  c: no", "d: yes", "- |", "  e: yes", "f: >-", " g: no"]
    assert [lines[number] for number in data_lines(lines)] == ["a: |", "d: yes", "- |", "f: >-"]


def test_a_dry_run_writes_nothing_and_write_keeps_the_old_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "web").mkdir()
    old = tmp_path / "web" / "init.sls"
    old.write_text(OLD)
    old.chmod(0o640)
    assert main([str(tmp_path)]) == 1
    assert "  4: + " in capsys.readouterr().out
    assert [one.name for one in old.parent.iterdir()] == ["init.sls"]
    assert main([str(tmp_path), "--write"]) == 1
    new = old.with_suffix(".zy")
    assert new.read_text() == NEW
    assert new.stat().st_mode & 0o777 == 0o640
    assert old.with_name("init.sls.orig").read_text() == OLD
    assert not old.exists()
    assert main([str(tmp_path)]) == 2


def test_a_migrated_tree_compiles_to_the_same_states(tmp_path: Path):
    files = {"a.sls": "include: [b]\nx:\n  test.nop:\n    - on: yes\n", "b.sls": "y: test.nop\n"}
    tree = StateTree(tmp_path, files)
    before = tree.compile("a").states
    assert main([str(tmp_path / "base"), "--write"]) == 0
    assert [one.message for one in tree.compile("a").errors] == ["there is no state test.nop"] * 2
    assert [one.id for one in before] == ["y", "x"]


def test_a_salt_masters_configuration_names_its_trees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = tmp_path / "srv"
    (root / "dev").mkdir(parents=True)
    (root / "a.sls").write_text("x: test.nop\n")
    config = tmp_path / "master"
    config.write_text(
        f"file_roots:\n  base: [{root}]\n  dev: [{root}/dev]\npillar_roots:\n  base: [{root}]\n"
    )
    assert main(["--roots", str(config)]) == 0
    shown = capsys.readouterr().out
    lines = f"state_roots:\n  - {root}\n  - dev={root}/dev\nsettings_roots:\n  - {root}\n"
    assert lines in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file_roots: [a]\n", "CONFIG:1: file_roots is no map of lists of folders"),
        ("a: b\npillar_roots: {base: /srv}\n", "CONFIG:2: pillar_roots is no map"),
        ("a: [\n", "CONFIG:"),
        ("- a\n", "CONFIG is no Salt configuration"),
        (None, "CONFIG cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_configuration_of_a_salt_master_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
):
    config = tmp_path / "master"
    if text is not None:
        config.write_text(text)
    assert main(["--roots", str(config)]) == 2
    assert said.replace("CONFIG", str(config)) in capsys.readouterr().err


MASTER = """gitfs_remotes:
  - https://git.example/formula.git: [{root: nginx}]
  - git@git.example:other.git
file_roots:
  base: [ROOT/base, ROOT/gone, ROOT/shared]
  prod: [ROOT/shared]
  __env__: [ROOT/base]
pillar_roots:
  base: [ROOT/nowhere]
ext_pillar:
  - reclass: {inventory_base_uri: /srv}
nodegroups: {web: 'web*'}
"""


def test_what_a_salt_master_has_besides_folders_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("base", "shared"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.sls").write_text("a:\n  service.running:\n    - enable: yes\n")
    config = tmp_path / "master"
    config.write_text(MASTER.replace("ROOT", str(tmp_path)))
    assert main(["--roots", str(config), "--write"]) == 1
    looks = [one for one in capsys.readouterr().out.splitlines() if one.startswith("look: ")]
    assert [one.removeprefix(f"look: {config}:").split(" is not taken")[0] for one in looks] == [
        f"4: file_roots: base: there is no folder {tmp_path}/gone",
        "4: file_roots: __env__ is any environment in Salt; name each one here",
        f"8: pillar_roots: base: there is no folder {tmp_path}/nowhere",
        "1: gitfs_remotes (https://git.example/formula.git, git@git.example:other.git)",
        "10: ext_pillar (reclass)",
        "12: nodegroups (web)",
    ]
    # a folder of two environments is written once
    assert sorted(one.name for one in (tmp_path / "shared").iterdir()) == ["a.sls.orig", "a.zy"]


def test_the_files_that_a_salt_master_includes_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/a.sls").write_text("a: test.nop\n")
    (tmp_path / "master.d").mkdir()
    (tmp_path / "master.d/roots.conf").write_text(f"file_roots: {{base: [{tmp_path}/tree]}}\n")
    (tmp_path / "more.conf").write_text(f"pillar_roots: {{dev: [{tmp_path}/tree]}}\n")
    config = tmp_path / "master"
    config.write_text(f"file_roots: {{base: [/nowhere]}}\ninclude: {tmp_path}/more.conf\n")
    assert main(["--roots", str(config)]) == 0
    shown = capsys.readouterr().out
    assert f"state_roots:\n  - {tmp_path}/tree\nsettings_roots:\n  - dev={tmp_path}/tree" in shown


def test_what_cannot_be_written_is_told_and_the_rest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    for name in ("a", "b"):
        (tmp_path / f"{name}.sls").write_text("x:\n  service.running:\n    - enable: yes\n")

    def write(path: Path, data: bytes, mode: int) -> None:
        if path.name == "a.zy":
            raise OSError(28, "No space left on device")
        path.write_bytes(data)
        path.chmod(mode)

    monkeypatch.setattr(migrate_cli, "write_atomic", write)
    assert main([str(tmp_path), "--write"]) == 1
    shown = capsys.readouterr().out
    assert f"{tmp_path}/a.sls: left alone: it cannot be written: No space left" in shown
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.sls", "b.sls.orig", "b.zy"]


def test_a_file_that_cannot_be_migrated_is_left_alone(tmp_path: Path):
    for name, text in (("a.sls", "#!py\n"), ("b.sls", "x: test.nop\n"), ("b.zy", "")):
        (tmp_path / name).write_text(text)
    (tmp_path / "c.sls").write_bytes(b"\xff")
    problems = [migrate(tmp_path / f"{name}.sls").problem for name in "abc"]
    assert problems[0] == "its renderer py is none that Zester has"
    assert problems[1] == "b.zy is there"
    assert problems[2].startswith("it cannot be read")
    assert main([str(tmp_path)]) == 1


def test_the_command_runs():
    program = Path(sys.executable).with_name("zester-migrate")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--roots MASTER_CONFIG" in done.stdout
