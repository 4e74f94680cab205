"""Which installed distributions add to a group."""

import sys
import zipfile
from pathlib import Path

import pytest

from zester_proto.providers import installed

FILES = {
    "loud-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n",
    "loud-1.0.dist-info/entry_points.txt": "[zester.filters]\nloud = loud:loud\n",
    "loud.py": "def loud(text):\n    return text.upper()\n",
}


def names(group: str) -> list[tuple[str, str]]:
    return [(one.name, one.package) for one in installed(group)]


def test_a_distribution_in_a_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert names("zester.filters") == [("loud", "loud 1.0")]
    assert names("zester.facts") == []


def test_a_distribution_in_an_archive_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with zipfile.ZipFile(tmp_path / "loud.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "loud.zip"), *sys.path])
    found = installed("zester.filters")
    assert [one.load()("a") for one in found] == ["A"]
    assert names("zester.facts") == []


def test_entry_points_that_are_no_text_add_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "odd-1.0.dist-info").mkdir()
    (tmp_path / "odd-1.0.dist-info/entry_points.txt").write_bytes(b"[zester.filters]\n\xff = 1\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert names("zester.filters") == []
