"""What a run stands on, and what was asked of it."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from zester_modules.context import FACTS_DIR
from zester_modules.host.machine import Machine
from zester_modules.resource import AnyResource, Functions, Sources, Templates
from zester_modules.states.model import State
from zester_proto.secrets.masker import Masker
from zester_proto.secrets.watched import Reads


class Grounds(msgspec.Struct, kw_only=True):
    """Everything that a run sees of the world."""

    machine: Machine
    """The real one; a dry run makes a predicted one over it."""
    find: Callable[[str], AnyResource | None]
    """Gives a resource by `state.function`."""
    params: Callable[[AnyResource, State], msgspec.Struct]
    """Gives a state's parameters; raises ZesterError where they do not fit."""
    facts: Mapping[str, Any]
    facts_dir: Path = FACTS_DIR
    """Where custom facts lie."""
    reads: Reads = msgspec.field(default_factory=Reads)
    """Counts reads of secrets among the settings."""
    masker: Masker = msgspec.field(default_factory=Masker)
    """Knows this peel's secrets."""
    settings: Mapping[str, Any]
    sources: Sources
    templates: Callable[[State], Templates]
    """Gives what renders sources of that state, with its `sls`, `slspath` and so on."""
    calls: Functions
    only_reads: Callable[[str], bool] = lambda _name: False
    """Says whether an execution function changes nothing."""
    folder: Path
    """Of this run alone."""
    backups: Path
    remaining: Callable[[], float | None] = lambda: None
    event: Callable[[str, Mapping[str, Any]], None] = lambda _tag, _data: None
    """Tells an event: of `fire_event` (without a tag where the state names none), or of a state.

    Raises ZesterError where it cannot be told.
    """
    forget: Callable[[], None] = lambda: None
    """Forgets what was looked up about the host, for `reload_modules`."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    log: logging.Logger = msgspec.field(default_factory=lambda: logging.getLogger("zester.state"))


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of a run."""

    test: bool = False
    failhard: bool = False
    """For states that do not say it themselves."""
    parallel: int = 4
    """States with `parallel: true` that run at the same time."""
