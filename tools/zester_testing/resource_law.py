"""The law of convergent resources: what check and apply of one owe each other.

check changes nothing; a dry run foretells what apply does; after apply nothing is left to do.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from zester_modules.host.machine import Machine
from zester_modules.host.predicted import PredictedMachine
from zester_modules.params import fit
from zester_modules.resource import AnyResource, Changes, Plan, Scope
from zester_proto.errors import ZesterError
from zester_testing.state_trees import NoCalls, NoSources, plainly


def scope_on(machine: Machine, folder: Path, **given: Any) -> Scope:
    """Give what a resource is handed; `given` replaces fields of Scope."""
    folder.mkdir(mode=0o700, exist_ok=True)
    made: dict[str, Any] = {
        "machine": machine, "id": "it", "facts": {}, "settings": {}, "sources": NoSources(),
        "render": plainly, "call": NoCalls(), "folder": folder, "backups": folder / "backups",
        "remaining": lambda: None,
    }  # fmt: skip
    return Scope(**(made | given))


def params_for(resource: AnyResource, name: str, given: Mapping[str, Any]) -> msgspec.Struct:
    """Fit words to a resource's parameters."""
    fitted = fit(resource, name, given)
    if fitted.problems:
        raise ZesterError(fitted.problems[0].message, hint=fitted.problems[0].hint)
    return fitted.params


def picture(*folders: Path) -> dict[str, tuple[Any, ...]]:
    """Give all that lies below some folders, with contents, links not followed."""
    found: dict[str, tuple[Any, ...]] = {}
    for top in folders:
        for folder, inner, names in os.walk(top):
            for name in (*inner, *names):
                path = Path(folder, name)
                look = path.lstat()
                data: bytes | str = b""
                if stat.S_ISREG(look.st_mode):
                    data = path.read_bytes()
                elif stat.S_ISLNK(look.st_mode):
                    data = str(path.readlink())
                found[str(path)] = (look.st_mode, look.st_uid, look.st_gid, data)
    return found


def hold(
    resource: AnyResource,
    params: msgspec.Struct,
    scope: Scope,
    look: Callable[[], object],
) -> Changes:
    """Hold a convergent resource to the law, and give what its apply changed.

    Args:
        resource: what is held.
        params: fitted arguments.
        scope: of the real machine.
        look: gives a picture of all that must not change without apply.
    """
    before = look()
    plan: Plan = resource.check(params, scope)
    assert look() == before, "check has changed something"
    machine = PredictedMachine(scope.machine)
    foretold = _foretold(resource, params, scope, machine)
    assert look() == before, "the dry run has changed something"
    assert foretold.leaves == plan.leaves, "a dry run plans other leaves"
    if not plan.leaves:
        return Changes(comment=plan.comment)
    done = resource.apply(plan, scope)
    assert not done.failed, done.failed
    assert done.leaves == plan.leaves, "other leaves were changed than planned"
    assert look() != before, "leaves were named, and nothing has changed"
    for path in ("/etc/passwd", "/etc/group"):
        assert machine.read(path) == scope.machine.read(path), f"{path} was foretold otherwise"
    again: Plan = resource.check(params, scope)
    assert again.leaves == (), "after apply there is still something to do"
    return done


def _foretold(
    resource: AnyResource, params: msgspec.Struct, scope: Scope, machine: PredictedMachine
) -> Plan:
    machine.history.turn(scope.id)
    dry = msgspec.structs.replace(scope, machine=machine)
    plan: Plan = resource.check(params, dry)
    if plan.leaves:
        done = resource.apply(plan, dry)
        assert done.leaves == plan.leaves, "other leaves were foretold than planned"
        machine.history.turn("later")
        assert resource.check(params, dry).leaves == (), "a dry run does not see its own changes"
    return plan


def held(
    resource: AnyResource, name: str, root: Path, tmp: Path, machine: Machine, **given: Any
) -> Changes:
    """Hold a resource with words for arguments; `root` is the folder that it works in."""
    params = params_for(resource, name, given)
    return hold(resource, params, scope_on(machine, tmp), lambda: picture(root))
