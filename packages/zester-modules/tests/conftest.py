"""What most tests of this package need."""

from pathlib import Path

import pytest

from zester_modules.context import Context
from zester_modules.registry import Registry


@pytest.fixture
def context(tmp_path: Path) -> Context:
    folder = tmp_path / "job"
    folder.mkdir()
    return Context(registry=Registry(), peel_id="web-1", tmp=folder, facts_dir=tmp_path / "facts")
