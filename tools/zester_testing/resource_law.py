"""The law of convergent resources, with the functions that our own tests know."""

from pathlib import Path
from typing import Any

from zester_modules import testing
from zester_modules.host.machine import Machine
from zester_modules.resource import AnyResource, Changes, Scope
from zester_modules.testing import hold, params_for, picture
from zester_testing.state_trees import NoCalls

__all__ = ["held", "hold", "params_for", "picture", "scope_on"]


def scope_on(machine: Machine, folder: Path, **given: Any) -> Scope:
    """Give what a resource is handed; `given` replaces fields of Scope."""
    return testing.scope_on(machine, folder, **({"call": NoCalls()} | given))


def held(
    resource: AnyResource, name: str, root: Path, tmp: Path, machine: Machine, **given: Any
) -> Changes:
    """Hold a resource with words for arguments; `root` is the folder that it works in."""
    params = params_for(resource, name, given)
    return hold(resource, params, scope_on(machine, tmp), lambda: picture(root))
