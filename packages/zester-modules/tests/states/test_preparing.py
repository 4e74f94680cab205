"""Settings that were made ready: the next job compiles nothing and reads only what it renders."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states import sealed_settings
from zester_modules.states.preparing import prepare
from zester_modules.states.trees import SealedSettings
from zester_proto.codec import digest
from zester_proto.identity.sealing import seal_with
from zester_proto.messages.settings import SettingsBundle, SettingsEntry, SettingsFile, file_aad
from zester_proto.render.environment import TreeEnvironment
from zester_proto.render.yaml import load
from zester_proto.settings import compile as compiling

FILES = {
    "plain.zy": "port: 80\nnames: {a: 1}\n",
    "made.sls": "{% from 'lib/map.jinja' import x %}\nx: {{ x }}\nos: {{ grains.os }}\n",
    "header.sls": '#jinja2: {"trim_blocks": true}\n{% set y = 1 %}\ny: {{ y }}\n',
    "secret.sls": "pw: {{ secret('db') }}\ntagged: !secret db\n",
    "wrong.sls": "{% if %}\n",
    "latin.sls": "a: \xe9\n",
    "lib/map.jinja": "{% set x = salt['test.touch_me']() if false else 2 %}\n",
}
NAMES = ("plain", "made", "header", "secret")
KEY = bytes(range(32))


def sealed(folder: Path, files: dict[str, str], names: tuple[str, ...]) -> SealedSettings:
    folder.mkdir(exist_ok=True)
    rows: list[SettingsFile] = []
    for path, text in files.items():
        stored = digest(path.encode() + text.encode()).hex()[:16]
        data = seal_with(KEY, file_aad("site", stored), text.encode("latin-1"))
        (folder / stored).write_bytes(data)
        rows.append(SettingsFile("base", path, stored, digest(data), KEY))
    bundle = SettingsBundle(
        site="site", peel="web-1", recipient="r", generation=1, issued=0, files=tuple(rows),
        entries=tuple(SettingsEntry("base", one) for one in names), secrets={"db": "s3cr3t-value"},
    )  # fmt: skip
    return SealedSettings(bundle=bundle, folder=str(folder))


def context(tmp_path: Path, **facts: Any) -> Context:
    facts = {"os": "Debian", **facts}
    return Context(
        registry=Registry(), peel_id="web-1", facts=facts, codes=tmp_path / "codes"
    )  # fmt: skip


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each file whose text YAML reads in a compile."""
    found: list[str] = []

    def noting(text: str, file: str, *rest: Any) -> Any:
        found.append(file)
        return load(text, file, *rest)

    monkeypatch.setattr(compiling, "load", noting)
    return found


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each template that Jinja compiles."""
    found: list[str] = []
    compile_: Any = TreeEnvironment.compile

    def noting(self: TreeEnvironment, source: Any, name: str, *rest: Any) -> Any:
        found.append(name)
        return compile_(self, source, name, *rest)

    monkeypatch.setattr(TreeEnvironment, "compile", noting)
    return found


def test_the_next_job_compiles_nothing_and_reads_no_plain_file(
    tmp_path: Path, read: list[str], compiled: list[str]
):
    given = sealed(tmp_path / "files", FILES, NAMES)
    made = prepare(given, context(tmp_path))
    assert (made.templates, made.texts) == (4, 1)
    assert sorted(compiled) == ["header.sls", "lib/map.jinja", "made.sls", "secret.sls"]
    compiled.clear()
    found = sealed_settings.compiled(given, context(tmp_path))
    assert found.values == {
        "port": 80, "names": {"a": 1}, "x": 2, "os": "Debian", "y": 1, "pw": "s3cr3t-value",
        "tagged": "s3cr3t-value",
    }  # fmt: skip
    assert compiled == []
    assert sorted(read) == ["header.sls", "made.sls", "secret.sls"]


def test_what_the_last_job_read_stays_for_files_that_are_the_same(tmp_path: Path, read: list[str]):
    files = {name: FILES[name] for name in ("plain.zy", "made.sls", "lib/map.jinja")}
    sealed_settings.compiled(sealed(tmp_path / "files", files, NAMES[:2]), context(tmp_path))
    edited = sealed(tmp_path / "files", {**files, "plain.zy": "port: 81\n"}, NAMES[:2])
    prepare(edited, context(tmp_path))
    read.clear()
    assert sealed_settings.compiled(edited, context(tmp_path)).values["port"] == 81
    assert read == []


def test_a_job_with_other_facts_renders_again_and_reads_that_alone(tmp_path: Path, read: list[str]):
    given = sealed(tmp_path / "files", FILES, NAMES[:2])
    prepare(given, context(tmp_path))
    sealed_settings.compiled(given, context(tmp_path))
    read.clear()
    found = sealed_settings.compiled(given, context(tmp_path, os="RedHat"))
    assert found.values["os"] == "RedHat"
    assert read == ["made.sls"]


def test_nothing_of_it_is_on_disk_in_clear(tmp_path: Path):
    prepare(sealed(tmp_path / "files", FILES, NAMES), context(tmp_path))
    (kept,) = (tmp_path / "rendered").iterdir()
    assert not any(word in kept.read_bytes() for word in (b"port", b"names", b"plain.zy", b"os: "))
    assert not (tmp_path / "codes").exists()
