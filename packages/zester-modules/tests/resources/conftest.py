"""A throw-away Debian root as a machine, and resources held to their law on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hosts.root import Root
from zester_modules.resource import AnyResource, Changes, Plan
from zester_testing.resource_law import hold, params_for, scope_on
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]
Checked = Callable[..., Plan]


@pytest.fixture
def machine(debian_root: Root, tmp_path: Path) -> RootMachine:
    """The root as a machine."""
    return RootMachine(debian_root, tmp_path)


@pytest.fixture
def held(machine: RootMachine, tmp_path: Path, debian_root: Root) -> Held:
    """Holds a resource to the law, and gives what it changed."""

    def run(resource: AnyResource, name: str, **given: Any) -> Changes:
        scope = scope_on(machine, tmp_path / "scope")
        return hold(resource, params_for(resource, name, given), scope, debian_root.written)

    return run


@pytest.fixture
def checked(machine: RootMachine, tmp_path: Path) -> Checked:
    """Gives a resource's plan."""

    def run(resource: AnyResource, name: str, **given: Any) -> Plan:
        scope = scope_on(machine, tmp_path / "scope")
        plan: Plan = resource.check(params_for(resource, name, given), scope)
        return plan

    return run
