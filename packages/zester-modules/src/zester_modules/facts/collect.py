"""All facts of a host in one map: the built-in ones, each collected apart, then the custom ones."""

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from zester_modules import __version__, entrypoints
from zester_modules.context import FACTS_DIR, Context
from zester_modules.facts import hardware, machine, mounts, naming, network, release
from zester_modules.facts.collected import FACTS_LIMIT, Collected
from zester_modules.facts.custom import Custom, read_custom
from zester_modules.facts.script import Scripts
from zester_modules.facts.source import Source
from zester_modules.facts.third_party import broken_elsewhere, third_parties
from zester_modules.registry import Registry
from zester_proto import PROTOCOL, codec
from zester_proto.providers import BrokenProvider

if TYPE_CHECKING:
    from zester_modules.catalogue import Broken

SECONDS: Final = 30.0
"""For everything (the issue's bound); half of it at most for programs."""

COLLECTOR_SECONDS: Final = 5.0

_LEAST: Final = 0.5
"""Seconds that third parties get on a host that is too slow for its own facts."""

WARNINGS: Final = 50
"""So many travel; a folder of rubbish has more."""

Collector = Callable[[Source], dict[str, Any]]

COLLECTORS: Final[tuple[Collector, ...]] = (
    release.operating_system, machine.kernel, machine.virtual, machine.init, machine.timezone,
    machine.machine_id, naming.names, network.network, hardware.cpu, hardware.memory,
    hardware.disks, mounts.mounts,
)  # fmt: skip

RESERVED: Final = frozenset({
    "id", "os", "os_family", "os_name", "os_version", "os_codename", "kernel", "kernel_version",
    "arch", "virtual", "init", "timezone", "machine_id", "hostname", "fqdn", "domain", "ipv4",
    "ipv6", "default_ipv4", "network", "cpu", "memory", "disks", "mounts", "python", "zester",
})  # fmt: skip
"""Names of built-in facts; no custom fact takes one, even on a host that lacks it."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to collect for whom."""

    peel_id: str = ""
    folder: Path = FACTS_DIR
    version: str = __version__
    """The agent's."""
    root: Path = Path("/")
    seconds: float = SECONDS
    catalogue: bool = True
    """Whether `zester.modules` is wanted: it is for masters, and loads all that there is."""


def collect(request: Request, scripts: Scripts | None = None) -> Collected:
    """Collect all facts; one collector that fails or hangs costs its own facts and a warning."""
    began = time.monotonic()
    facts: dict[str, Any] = {}
    warnings: list[str] = []
    source = Source(request.root)
    catalogue: list[Broken] = []
    for collector in (*COLLECTORS, _runtime(request, catalogue)):
        limit = min(COLLECTOR_SECONDS, request.seconds / 2)
        what = f"{collector.__module__.rpartition('.')[2]}.{collector.__name__}"
        found, problem = _guarded(
            f"the facts of {what} are missing", partial(collector, source), limit
        )
        facts |= found
        warnings += [problem] if problem else []
    warnings += [_line(one.problem, one.hint) for one in catalogue]
    until = began + request.seconds / 2
    theirs = _of_third_parties(source, until, warnings)
    if request.catalogue:
        _say_broken(until, warnings)
    left = max(0.0, request.seconds - (time.monotonic() - began) - 1)
    custom = read_custom(
        request.folder, scripts or Scripts(), seconds=min(left, request.seconds / 2)
    )
    data = _fitting(_with_custom(facts, custom, theirs, warnings), warnings)
    return Collected(
        data=data,
        warnings=_some([*warnings, *custom.warnings]),
        seconds=time.monotonic() - began,
    )


def collect_for(context: Context) -> Collected:
    """Collect the facts of a function's own host and peel, in this process."""
    return collect(
        Request(
            peel_id=context.peel_id,
            folder=context.facts_dir,
            version=context.version,
            catalogue=False,
        )
    )


def _some(warnings: list[str]) -> tuple[str, ...]:
    more = len(warnings) - WARNINGS
    kept = [one[:500] for one in warnings[:WARNINGS]]
    return (*kept, *([f"and {more} more warnings about facts"] if more > 0 else []))


def _of_third_parties(source: Source, until: float, warnings: list[str]) -> dict[str, Any]:
    """Collect the facts of third parties, each apart."""
    facts: dict[str, Any] = {}
    third = third_parties(RESERVED)

    def one_fact(name: str) -> dict[str, Any]:
        value = third.get(name)(source)
        return {} if value is None else {name: value}

    for name in third.names():
        what = f"the fact {name} of {third.package(name)} is missing"
        found, problem = _guarded(what, partial(one_fact, name), _limit(until))
        facts |= found
        warnings += [problem] if problem else []
    warnings += [_line(one.message, one.hint) for one in third.shadowed()]
    return facts


def _say_broken(until: float, warnings: list[str]) -> None:
    """Say which states and filters of third parties cannot be used."""
    broken: list[BrokenProvider] = []

    def load() -> dict[str, Any]:
        broken.extend(broken_elsewhere())
        return {}

    _, problem = _guarded(
        "the states and filters of third parties do not load", load, _limit(until)
    )
    warnings += [_line(one.message, one.hint) for one in broken]
    warnings += [problem] if problem else []


def _limit(until: float) -> float:
    return min(COLLECTOR_SECONDS, max(_LEAST, until - time.monotonic()))


def _line(message: str, hint: str) -> str:
    return f"{message} ({hint})" if hint else message


def _with_custom(
    facts: dict[str, Any], custom: Custom, theirs: dict[str, Any], warnings: list[str]
) -> dict[str, Any]:
    kept = {name: value for name, value in custom.facts.items() if name not in RESERVED}
    warnings += [
        f"{custom.origins[name]}: {name} is a built-in fact and stays as it is"
        for name in sorted(custom.facts.keys() - kept.keys())
    ]
    # always there, so that templates and targets can ask for it
    return {"roles": list[str]()} | theirs | kept | facts


def _fitting(facts: dict[str, Any], warnings: list[str]) -> bytes:
    """Pack the facts; the largest are left out until the rest can travel."""
    sizes = {name: len(codec.pack_normal(value)) for name, value in facts.items()}
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        data = codec.pack_normal(facts)
        if len(data) <= FACTS_LIMIT:
            return data
        del facts[name]
        warnings.append(f"the fact {name} is left out: {sizes[name]} bytes of it are too many")
    return codec.pack_normal(facts)


def _runtime(request: Request, broken: list["Broken"]) -> Collector:
    def runtime(_source: Source) -> dict[str, Any]:
        """Collect `id`, `python` and `zester`."""
        import platform  # noqa: PLC0415  # here alone
        import sys  # noqa: PLC0415  # the same

        own: dict[str, Any] = {"version": request.version, "protocol": PROTOCOL}
        if request.catalogue:
            from zester_modules.catalogue import build  # noqa: PLC0415  # loads every module

            catalogue = build(Registry(entrypoints.scan))
            broken.extend(catalogue.broken)
            own["modules"] = catalogue.digest()
        python = {
            "version": platform.python_version(),
            "implementation": platform.python_implementation().lower(),
            "executable": sys.executable,
        }
        return {"id": request.peel_id, "python": python, "zester": own}

    return runtime


def _guarded(
    what: str, collect: Callable[[], dict[str, Any]], limit: float
) -> tuple[dict[str, Any], str]:
    """Run one collector apart; a file on a dead drive, or a resolver, may hang for ever.

    Args:
        what: how the sentence about a failure begins.
        collect: gives facts.
        limit: seconds that it may take.
    """
    found: list[dict[str, Any]] = []
    problems: list[str] = []

    def run() -> None:
        try:
            found.append(codec.normalise(collect()))
        except BrokenProvider as error:
            problems.append(_line(error.message, error.hint))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the other facts are wanted
            text = error.strerror if isinstance(error, OSError) and error.strerror else error
            problems.append(f"{what}: {type(error).__name__}: {text}")

    thread = threading.Thread(target=run, daemon=True, name=what)
    thread.start()
    thread.join(limit)
    if thread.is_alive():
        return {}, f"{what}: it took longer than {limit:.3g} s"
    return (found[0], "") if found else ({}, problems[0])
