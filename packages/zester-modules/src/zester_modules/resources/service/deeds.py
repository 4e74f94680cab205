"""What is done to services, and how it is planned and told."""

from typing import Final, Literal

import msgspec

from zester_modules.host.machine import HostProblem, Service
from zester_modules.resource import Changes, Leaf, Plan, Scope

Deed = Literal[
    "unmask", "unmask-runtime", "mask", "mask-runtime", "enable", "disable", "start", "stop",
    "restart", "reload",
]  # fmt: skip


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to a service, in this order."""

    name: str
    deeds: tuple[Deed, ...]
    delay: float = 0.0
    """Seconds after a start until it is looked at once more."""


_LEAVES: Final[dict[Deed, tuple[str, bool | None, bool | str]]] = {
    "unmask": ("masked", True, False),
    "unmask-runtime": ("masked", True, False),
    "mask": ("masked", False, True),
    "mask-runtime": ("masked", False, True),
    "enable": ("enabled", False, True),
    "disable": ("enabled", True, False),
    "start": ("running", False, True),
    "stop": ("running", True, False),
    "restart": ("reaction", None, "restarted"),
    "reload": ("reaction", None, "reloaded"),
}


def leaves_of(todo: Todo) -> tuple[Leaf, ...]:
    """Give what deeds change."""
    return tuple(
        Leaf(path=f"{todo.name}:{part}", before=before, after=after)
        for part, before, after in (_LEAVES[deed] for deed in todo.deeds)
    )


def planned(
    name: str,
    deeds: list[Deed],
    comment: str,
    warnings: tuple[str, ...] = (),
    *,
    delay: float = 0.0,
) -> Plan:
    """Plan deeds; `comment` says what is so where there are none."""
    todo = Todo(name=name, deeds=tuple(deeds), delay=delay)
    return Plan(
        leaves=leaves_of(todo), comment="" if deeds else comment, warnings=warnings, todo=todo
    )


def found(name: str, scope: Scope) -> Service:
    """Give a service.

    Raises:
        HostProblem: there is none.
    """
    service = scope.machine.services.find(name)
    if service is None:
        raise HostProblem(
            f"there is no service {name!r} on this host",
            hint="install what brings it first, or look at its name",
        )
    return service


def enabling(service: Service, *, wanted: bool | None) -> list[Deed]:
    """Give what it takes to have a service start with the machine, or not."""
    if wanted is None or wanted == service.enabled or service.static:
        return []
    return ["enable" if wanted else "disable"]


def apply(plan: Plan, scope: Scope) -> Changes:
    """Do what was planned, one deed after the other, and tell how far it came."""
    todo: Todo = plan.todo
    done: list[Deed] = []
    for deed in todo.deeds:
        try:
            _do(deed, todo, scope)
        except HostProblem as problem:
            leaves = leaves_of(Todo(name=todo.name, deeds=tuple(done)))
            hint = "\n".join((problem.hint, *_log(deed, todo.name, scope)))
            return Changes(leaves=leaves, failed=problem.message, hint=hint)
        done.append(deed)
    return Changes(leaves=plan.leaves)


def _do(deed: Deed, todo: Todo, scope: Scope) -> None:
    services, name = scope.machine.services, todo.name
    if deed in {"enable", "disable"}:
        services.enable(name, enabled=deed == "enable")
    elif deed.partition("-")[0] in {"mask", "unmask"}:
        verb, _, runtime = deed.partition("-")
        services.mask(name, masked=verb == "mask", runtime=bool(runtime))
    elif deed == "stop":
        services.stop(name)
        scope.started.discard(name)
    elif deed == "reload":
        services.reload(name)
    else:
        services.start(name) if deed == "start" else services.restart(name)
        _hold_to_running(name, scope)
        if todo.delay:
            scope.sleep(todo.delay)
            _hold_to_running(name, scope)
        scope.started.add(name)


def _log(deed: Deed, name: str, scope: Scope) -> list[str]:
    """Give the lines in which a service may say why it does not run."""
    if scope.sensitive or deed not in {"start", "restart", "reload"}:
        return []
    try:
        lines = scope.machine.services.log(name)
    except HostProblem:  # it is told already that it failed
        return []
    return ["its log ends with:", *(f"    {line}" for line in lines)] if lines else []


def _hold_to_running(name: str, scope: Scope) -> None:
    now = scope.machine.services.find(name)
    if now is None or not now.running:
        raise HostProblem(
            f"{name} was started and does not run",
            hint="it failed, or it is one that ends by itself",
        )
