"""What a peel rendered last is given to the next job, if nothing that it hangs on changed."""

from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.states import sealed_settings
from zester_modules.states.trees import SealedSettings
from zester_proto.codec import digest
from zester_proto.identity.sealing import seal_with
from zester_proto.messages.settings import SettingsBundle, SettingsEntry, SettingsFile, file_aad
from zester_proto.settings.model import Compiled

TEXT = "x: {{ grains.os }}\npw: !secret db\n1: yes\n"
KEY = bytes(range(32))


class Peel:
    """A peel with one sealed settings file."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / "files"
        self.folder.mkdir(parents=True)
        self.generation = 1
        self.key = KEY
        self.facts: dict[str, Any] = {"os": "Debian"}
        self.options: dict[str, Any] = {}
        self.write(TEXT)

    def write(self, text: str) -> None:
        """Seal another content."""
        self.data = seal_with(self.key, file_aad("site", "f"), text.encode())
        (self.folder / "f").write_bytes(self.data)

    def compiled(self, *, whole: bool = False) -> Compiled:
        """Render, or take what is kept."""
        file = SettingsFile(
            env="base", path="a.sls", stored="f", digest=digest(self.data), key=self.key
        )
        bundle = SettingsBundle(
            site="site", peel="web-1", recipient="r", generation=self.generation, issued=0,
            entries=(SettingsEntry("base", "a"),), files=(file,), secrets={"db": "s3cr3t-value"},
        )  # fmt: skip
        context = Context(
            registry=Registry(), peel_id="web-1", facts=self.facts, options=self.options
        )
        sealed = SealedSettings(bundle=bundle, folder=str(self.folder))
        return sealed_settings.compiled(sealed, context, whole=whole)


@pytest.fixture
def peel(tmp_path: Path) -> Peel:
    return Peel(tmp_path)


VALUES = {"x": "Debian", "pw": "s3cr3t-value", 1: True}


def test_the_next_job_gets_the_same_without_rendering(peel: Peel):
    first, second = peel.compiled(), peel.compiled()
    assert first.values == second.values == VALUES
    assert first.secrets == second.secrets == {("pw",)}
    assert (len(first.layers), len(second.layers)) == (1, 0)
    assert len(peel.compiled(whole=True).layers) == 1


@pytest.mark.parametrize("what", ["facts", "options", "generation", "file", "key"])
def test_what_changed_is_rendered_anew(peel: Peel, what: str):
    peel.compiled()
    if what == "facts":
        peel.facts = {"os": "Ubuntu"}
    elif what == "options":
        peel.options = {"a": 1}
    elif what == "generation":
        peel.generation = 2
    else:
        peel.key = bytes(32) if what == "key" else KEY
        peel.write(TEXT.replace("yes", "no"))
    found = peel.compiled()
    assert len(found.layers) == 1
    assert (found.values == VALUES) == (what in {"generation", "options"})


def test_what_a_function_said_is_asked_again(peel: Peel):
    peel.write("x: {{ salt['test.echo']('y') }}\n")
    assert [len(peel.compiled().layers) for _ in range(2)] == [1, 1]


def test_nothing_is_on_disk_in_clear_and_what_is_changed_is_not_believed(
    peel: Peel, tmp_path: Path
):
    peel.compiled()
    names = {one.name for one in (tmp_path / "rendered").iterdir()}
    assert names == {"last", "made"}
    assert (tmp_path / "rendered").stat().st_mode & 0o777 == 0o700
    for name in names:
        kept = tmp_path / "rendered" / name
        data = kept.read_bytes()
        assert kept.stat().st_mode & 0o777 == 0o600
        assert not any(word in data for word in (b"s3cr3t", b"Debian", b"a.sls"))
        kept.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert len(peel.compiled().layers) == 1
    for name in names:
        (tmp_path / "rendered" / name).write_bytes(b"short")
    assert peel.compiled().values == VALUES
