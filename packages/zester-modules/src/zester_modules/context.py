"""What a function is handed: everything that it may know of the peel, its job and the host."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from zester_modules.host.local import Host
from zester_proto.secrets.masker import Masker

if TYPE_CHECKING:
    from zester_modules.basket.item import Basket
    from zester_modules.host.machine import Machine
    from zester_modules.registry import Registry
    from zester_modules.states.tree_view import TreeView
    from zester_modules.states.trees import Trees
    from zester_proto.settings.model import Compiled

FACTS_DIR: Final = Path("/etc/zester/facts")
"""Where custom facts lie unless the peel's configuration says otherwise (runbook)."""


class Context(msgspec.Struct, kw_only=True):
    """Handed to every function as its first argument; functions use no globals."""

    registry: "Registry"
    """The functions of this host, for those that speak of functions."""
    peel_id: str = ""
    facts: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    settings: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """The peel's settings; empty where they are not known."""
    options: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    """The peel's `options:`, and what Salt calls `opts`."""
    roots: Mapping[str, Sequence[Path]] = msgspec.field(default_factory=dict[str, Sequence[Path]])
    """Where the state trees lie: each environment's folders, the strongest first."""
    template_functions: frozenset[str] = frozenset()
    """What templates may call besides the functions that read."""
    strict: bool = False
    """What Salt lets pass in a `.sls` is an error."""
    codes: Path | None = None
    """A folder 0700 for compiled templates; None: they are compiled each time."""
    tree: "TreeView | None" = None
    """The tree that is compiled or run; None outside of one."""
    trees: "Trees | None" = None
    """Where this peel's trees lie; None where its configuration says nothing of them."""
    basket: "Basket | None" = None
    """What other peels share; None where nobody can be asked."""
    machine: "Machine | None" = None
    """What states change; None: the machine that this process runs on."""
    host: Host = msgspec.field(default_factory=Host)
    """The only way to touch the machine."""
    jid: str = ""
    test: bool = False
    """A dry run: say what would change and change nothing."""
    tmp: Path = Path("/nonexistent")
    """A folder of this job alone, gone after it."""
    facts_dir: Path = FACTS_DIR
    version: str = ""
    """The agent's own version."""
    deadline: float | None = None
    """Until when the job may run, by the monotonic clock in seconds; None: as long as it likes."""
    log: logging.Logger = msgspec.field(default_factory=lambda: logging.getLogger("zester.job"))
    masker: Masker = msgspec.field(default_factory=Masker)
    """Knows this peel's secrets; all that leaves the job goes through it."""

    def remaining(self) -> float | None:
        """Give the seconds that are left, never below 0; None where there is no deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


class LazyFacts(Mapping[str, Any]):
    """Facts that are only made when a function first looks at them."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make
        self._made: Mapping[str, Any] | None = None

    def _get(self) -> Mapping[str, Any]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, key: str) -> Any:
        return self._get()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._get())

    def __len__(self) -> int:
        return len(self._get())


class LazySettings(LazyFacts):
    """Settings that are rendered when something first looks at them."""

    def __init__(
        self, render: "Callable[[], Compiled]", whole: "Callable[[], Compiled] | None" = None
    ) -> None:
        super().__init__(lambda: self.compiled.values)
        self._render = render
        self._whole = whole

    @cached_property
    def compiled(self) -> "Compiled":
        """What came of rendering: values, places, which of them are secret.

        Raises:
            Refused: they cannot be rendered, or nobody knows what they are.
        """
        return self._render()

    @cached_property
    def whole(self) -> "Compiled":
        """The same with its layers and places, which what the last job rendered has not.

        Raises:
            Refused: they cannot be rendered, or nobody knows what they are.
        """
        return self.compiled if self._whole is None else self._whole()
