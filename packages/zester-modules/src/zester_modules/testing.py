"""The law of convergent resources, for the tests of ours and of third parties.

check changes nothing; a dry run foretells what apply does; after apply nothing is left to do.
Each breach is an AssertionError that says which.
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
from zester_modules.resource import AnyResource, Changes, Plan, Scope, SourceFolder
from zester_proto.errors import ZesterError


class NoCalls:
    """Functions of a host that has none."""

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Refuse; args and kwargs do not count."""
        del args, kwargs
        raise ZesterError(f"there is no function {name}")

    def change(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Refuse."""
        return self(name, *args, **kwargs)


class NoSources:
    """A tree without sources but local paths."""

    def fetch(self, source: str, *, digest: str = "", env: str = "") -> Path | None:
        """Give a path of this host if something lies there."""
        del digest, env
        return Path(source) if Path(source).exists() else None

    def below(self, folder: str, *, env: str = "") -> SourceFolder | None:
        """Give nothing."""
        del folder, env


def plainly(
    text: str, *, source: str, context: Mapping[str, Any], defaults: Mapping[str, Any]
) -> str:
    """Give a template's text as it is."""
    del source, context, defaults
    return text


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
    """Fit words to a resource's parameters.

    Raises:
        ZesterError: they do not fit.
    """
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
    resource: AnyResource, params: msgspec.Struct, scope: Scope, look: Callable[[], object]
) -> Changes:
    """Hold a convergent resource to the law, and give what its apply changed.

    Args:
        resource: what is held.
        params: fitted arguments.
        scope: of the real machine.
        look: gives a picture of all that must not change without apply.

    Raises:
        AssertionError: it breaks the law.
    """
    before = look()
    plan: Plan = resource.check(params, scope)
    _must(look() == before, "check has changed something")
    machine = PredictedMachine(scope.machine)
    foretold = _foretold(resource, params, scope, machine)
    _must(look() == before, "the dry run has changed something")
    _must(foretold.leaves == plan.leaves, "a dry run plans other leaves")
    if not plan.leaves:
        return Changes(comment=plan.comment)
    done = resource.apply(plan, scope)
    _must(not done.failed, done.failed)
    _must(done.leaves == plan.leaves, "other leaves were changed than planned")
    _must(look() != before, "leaves were named, and nothing has changed")
    for path in ("/etc/passwd", "/etc/group"):
        same = machine.read(path) == scope.machine.read(path)
        _must(same, f"{path} was foretold otherwise")
    again: Plan = resource.check(params, scope)
    _must(again.leaves == (), "after apply there is still something to do")
    return done


def _foretold(
    resource: AnyResource, params: msgspec.Struct, scope: Scope, machine: PredictedMachine
) -> Plan:
    machine.history.turn(scope.id)
    dry = msgspec.structs.replace(scope, machine=machine)
    plan: Plan = resource.check(params, dry)
    if plan.leaves:
        done = resource.apply(plan, dry)
        _must(done.leaves == plan.leaves, "other leaves were foretold than planned")
        machine.history.turn("later")
        again: Plan = resource.check(params, dry)
        _must(again.leaves == (), "a dry run does not see its own changes")
    return plan


def held(
    resource: AnyResource, name: str, root: Path, tmp: Path, machine: Machine, **given: Any
) -> Changes:
    """Hold a resource with words for arguments; `root` is the folder that it works in."""
    params = params_for(resource, name, given)
    return hold(resource, params, scope_on(machine, tmp), lambda: picture(root))


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
