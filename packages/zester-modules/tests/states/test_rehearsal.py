"""A nursery renders made-up settings before it forks."""

import tempfile
from pathlib import Path

import pytest

from zester_modules.registry import Registry
from zester_modules.states.rehearsal import rehearse


def test_it_comes_to_its_end_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert rehearse(Registry())
    assert list(tmp_path.iterdir()) == []


def test_a_host_without_room_for_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert not rehearse(Registry())
