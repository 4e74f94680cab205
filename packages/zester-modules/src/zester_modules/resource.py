"""The declaration of a resource: its parameters, and how it is checked, applied and reacts.

`check -> plan -> apply`, and `react` for the same `apply`, is the only way that a host is changed
(states.md 5). No resource knows whether it runs dry: the runner hands it another machine.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import msgspec

from zester_modules.context import FACTS_DIR
from zester_modules.host.machine import Machine, Reach
from zester_proto.secrets.masker import Masker

P = TypeVar("P", bound=msgspec.Struct)

Kind = Literal["convergent", "action", "following"]
"""Convergent: check changes nothing, and after apply its plan is empty. Action: check only says
whether it would run. Following: convergent while something remote stands still."""


HIDDEN_DIFF: Final = "secret content changed\n"
"""In place of a diff that would show a secret."""


class Unknown(msgspec.Struct, frozen=True):
    """In place of a value that only states before this one can bring."""

    because: tuple[str, ...]
    """Ids of those states."""

    def wire(self) -> dict[str, Any]:
        """Give its form in results."""
        return {"unknown": True, "because": list(self.because)}


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changes.

    Attributes:
        path: what it is, from the whole to the part, such as `/etc/motd:mode` or `nginx:version`.
            An unknown leaf stands for all that begin with its path.
        before: a plain value, None for what is not there, or Unknown.
        after: the same.
    """

    path: str
    before: Any = None
    after: Any = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be done; without leaves nothing."""

    leaves: tuple[Leaf, ...] = ()
    diff: str = ""
    """Unified, for people."""
    comment: str = ""
    """One sentence: what is so already, or what would be done."""
    warnings: tuple[str, ...] = ()
    certain: bool = True
    """False where it rests on something that an earlier state may change unseen."""
    todo: Any = None
    """The resource's own, for its apply."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    leaves: tuple[Leaf, ...] = ()
    comment: str = ""
    output: Any = None
    """What a command printed, an answer said; never part of the leaves."""
    failed: str = ""
    """Why it did not come out well although things were changed; "" is well."""
    hint: str = ""


class Functions(Protocol):
    """Calls an execution function by its name, as `salt[...]` in templates does."""

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Give the function's value.

        Raises:
            ZesterError: there is none, it failed, or may not be called here.
        """
        ...

    def change(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function that may change the host; in a dry run nothing is called.

        Raises:
            ZesterError: there is none, or it failed.
        """
        ...


class SourceFolder(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder of the tree holds, by paths below it."""

    files: Mapping[str, str] = {}
    """Sources of files; what links name within the tree is among them."""
    folders: tuple[str, ...] = ()
    """Folders that hold nothing."""
    links: Mapping[str, str] = {}
    """Where links lead."""


class Sources(Protocol):
    """Where files of a tree, of this host and of the web come from (states.md 6)."""

    def fetch(self, source: str, *, digest: str = "", env: str = "") -> Path | None:
        """Give a local copy of `salt://`, `zester://`, `http(s)://` or a path; None: not there.

        Args:
            source: where from; `?saltenv=` may stand behind it.
            digest: `alg=hex`, hex alone, a source of a file of digests, or `skip_verify`.
            env: the environment where the source names none.

        Raises:
            HostProblem: it cannot be had, or is not what the digest says.
        """
        ...

    def below(self, folder: str, *, env: str = "") -> SourceFolder | None:
        """Give what a folder of the tree holds; None where the tree has none of that name."""
        ...


class Templates(Protocol):
    """Renders a source's text at the state's turn."""

    def __call__(
        self, text: str, *, source: str, context: Mapping[str, Any], defaults: Mapping[str, Any]
    ) -> str:
        """Render; `source` names it in errors and sets `tplfile`, `tpldir`.

        Raises:
            ZesterError: it cannot be rendered; file and line are in the message.
        """
        ...


class OtherState(msgspec.Struct, frozen=True, kw_only=True):
    """Another state of the same run, as far as it concerns this one."""

    id: str
    paths: tuple[str, ...] = ()
    """Paths that it keeps, each with all below; those that its parameters name."""
    params: Any = None
    """None where they do not fit."""
    later: bool = False
    """Its turn comes after this one's."""
    required: bool = False
    """This one requires or watches it."""
    ran: bool = False
    """It has come to its turn, was not skipped and did not fail; so far as is known."""
    because: tuple[str, ...] = ()
    """Ids of states on which it depends whether it has run."""
    secret: bool = False
    """It is made with a secret."""


class Others(Protocol):
    """The other states of a run."""

    def __call__(self, function: str = "", /) -> Sequence[OtherState]:
        """Give those with that function, or all, in the order in which they run."""
        ...


def alone(_function: str = "", /) -> Sequence[OtherState]:
    """Give no state: this is the only one."""
    return ()


class Scope(msgspec.Struct, kw_only=True):
    """What a resource is handed: everything that it may see and use. It uses no globals."""

    machine: Machine
    """The real machine or a predicted one; the resource cannot tell, and must not."""
    id: str
    """The state's."""
    facts: Mapping[str, Any]
    facts_dir: Path = FACTS_DIR
    """Where custom facts lie."""
    settings: Mapping[str, Any]
    sources: Sources
    render: Templates
    call: Functions
    folder: Path
    """Of this run alone, gone after it: for what apply is handed by check."""
    backups: Path
    """Where replaced files are kept when the state asks for it; 0700."""
    remaining: Callable[[], float | None]
    """Seconds that the job has left."""
    sleep: Callable[[float], None] = time.sleep
    """Waits so many seconds; a dry run does not."""
    sensitive: bool = False
    """No diff, no contents in leaves (settings.md 4)."""
    event: Callable[[str, Mapping[str, Any]], None] = lambda _tag, _data: None
    """Tells an event; in a dry run nobody hears it."""
    secret: bool = False
    """It is made with a secret: what it writes is nobody else's."""
    masker: Masker = msgspec.field(default_factory=Masker)
    """Knows this peel's secrets."""
    others: Others = alone
    """The other states of this run, wherever they stand in it."""
    started: set[str] = msgspec.field(default_factory=set[str])
    """Services that this run started: they need no restart."""
    log: logging.Logger = msgspec.field(default_factory=lambda: logging.getLogger("zester.state"))

    def read_secret(self) -> None:
        """Take notice that this turn has read a secret."""
        self.secret = self.sensitive = True


class Resource(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """A resource that states name.

    Attributes:
        name: `state.function`.
        params: its parameters, a frozen Struct whose fields are Annotated with
            `msgspec.Meta(description=...)`; a field `name` is the state's name. Types are those of
            `words.kind_of`. The Struct's docstring is the resource's help.
        check: says what has to be done; changes nothing.
        apply: does what a plan says.
        react: what a watched change asks for when the own plan is empty; None: `watch` is
            `require`.
        kind: see `Kind`.
        retires: words that Salt takes here and that mean nothing to us.
        lacks: words that Salt takes here and heeds, and that are passed over with a warning.
        open: it takes any other argument, as Salt's test states and module.run do; they are in the
            field `rest` of the parameters.
        needs: programs that its apply runs; where one is missing and there is something to do, the
            state fails and names it.
        reach: what it can change at most; a dry run knows nothing of that after a state whose plan
            only earlier ones can bring.
        place: the parameter that names the path or service that it reaches.
        paths: gives the paths that it can change at most, with all below, by its parameters; None,
            and where it gives None: see `reach`.
    """

    name: str
    params: type[P]
    check: Callable[[P, Scope], Plan]
    apply: Callable[[Plan, Scope], Changes]
    react: Callable[[P, Scope], Plan] | None = None
    kind: Kind = "convergent"
    retires: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    open: bool = False
    needs: tuple[str, ...] = ()
    reach: Reach = "anything"
    place: str = "name"
    paths: Callable[[P], Sequence[str] | None] | None = None


AnyResource = Resource[Any]


def paths_of(resource: AnyResource, params: Any) -> tuple[str, ...] | None:
    """Give the paths that a state can change at most, with all below; None: more than paths."""
    paths = resource.paths(params) if resource.paths is not None else None
    if paths is not None:
        return tuple(paths)
    return (getattr(params, resource.place, ""),) if resource.reach == "path" else None
