"""A compiled tree as data: what the compiler gives and the runner takes."""

from typing import Any, Literal

import msgspec

from zester_proto.render.nodes import Dialect, Node, Place, Problem

RequisiteKind = Literal[
    "require", "watch", "onchanges", "onfail", "prereq", "listen",
    "require_any", "watch_any", "onchanges_any", "onfail_any", "onfail_all",
]  # fmt: skip
"""After compiling only these are left: `_in` forms are turned round, `use` is copied in."""


class Requisite(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a requisite, resolved: the places in `Compiled.states` that it names."""

    kind: RequisiteKind
    states: tuple[int, ...]
    """Indices into `Compiled.states`; several for `sls:` and for globs."""
    place: Place
    text: str
    """As it was written, for people: `pkg: nginx`."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often a state is tried (states.md 4); attempts count the first."""

    attempts: int = 2
    interval: float = 30.0
    until: bool = True
    splay: float = 0.0


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `onlyif`, `unless` or `creates`: a command, a boolean, or a function call."""

    kind: Literal["onlyif", "unless", "creates", "check_cmd"]
    command: str | None = None
    """For a shell; the path, for `creates`."""
    truth: bool | None = None
    function: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    get_return: str = ""
    place: Place


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What every state takes beside its own parameters (states.md 4)."""

    guards: tuple[Guard, ...] = ()
    retry: Retry | None = None
    failhard: bool | None = None
    """None: as the run says."""
    parallel: bool = False
    fire_event: bool | str = False
    reload_modules: bool = False
    no_log: bool = False
    runas: str = ""
    cwd: str = ""
    env: dict[str, str] = {}
    umask: int | None = None
    timeout: float | None = None
    shell: str = ""
    """The last six are the state's own arguments of these names, for its guards' shell."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One state, in the order in which it runs."""

    id: str
    state: str
    """The first part of its function's name: `file`."""
    function: str
    """The second: `managed`."""
    name: str
    arguments: dict[str, Node]
    """Its own parameters, without requisites, options and name."""
    requisites: tuple[Requisite, ...] = ()
    options: Options = Options()
    source: Place
    """Line 0: it stands in no file, and `file` says what was typed."""
    sls: str
    """The reference of its file: `nginx.config`."""
    env: str = "base"
    dialect: Dialect = "zy"
    order: int = 0
    """Place by definition and `order:` alone (states.md 7)."""
    unknown: bool = False
    """No such function, in a `.sls`: it fails at its turn."""
    problem: str = ""
    """Why it fails at its turn, in a `.sls`: a wrong type or a missing argument."""
    hint: str = ""
    warnings: tuple[str, ...] = ()
    sensitive: bool = False
    """Lines that made it read a secret (settings.md 4)."""
    context: dict[str, Any] = {}
    """`sls`, `slspath`, `tpldir`...: what a template of this state's source sees besides."""
    params: msgspec.Struct | None = None
    """Its arguments, as the compiler has fitted them to its resource."""


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """A tree for one peel: states in running order, or the errors for which nothing runs."""

    states: tuple[State, ...] = ()
    errors: tuple[Problem, ...] = ()
    more_errors: int = 0
    """Beyond the 50 that are given."""
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    """All files that were read, for caches and lint."""
