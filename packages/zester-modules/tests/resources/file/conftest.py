"""A folder, and the law of resources held on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zester_modules.host.real import RealMachine
from zester_modules.resource import Changes
from zester_testing.resource_law import hold, params_for, picture, scope_on
from zester_testing.state_trees import RESOURCES

Law = Callable[..., Changes]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def law(tmp_path: Path, place: Path) -> Law:
    """Hold a resource to the law in that folder; the name is below it."""
    (tmp_path / "run").mkdir()
    machine = RealMachine(tmp_path / "run")

    def held(function: str, name: str, scoped: dict[str, Any] | None = None, **given: Any):
        resource = RESOURCES.find(function)
        assert resource is not None, function
        scope = scope_on(machine, tmp_path / "run", **(scoped or {}))
        params = params_for(resource, str(place / name), given)
        return hold(resource, params, scope, lambda: picture(place))

    return held
