"""Who has changed a predicted machine, and since when something cannot be known any more."""

from itertools import islice
from typing import Final, Literal

from zester_modules.host.machine import Unknowable

Thing = Literal["package", "packaged", "account", "own"]
"""What is asked for: a package, what a package may bring, an account, which packages bring too, or
what only people put on a host."""
Hidden = Literal["all", "packages", "contents", "accounts"]
"""What nobody can foretell: anything, which packages come, only what is in known ones, or which
accounts come."""

_HIDES: Final[dict[Hidden, tuple[Thing, ...]]] = {
    "all": ("package", "packaged", "account", "own"),
    "packages": ("package", "packaged", "account"),
    "contents": ("packaged", "account"),
    "accounts": ("account",),
}


class History:
    """The turns of the states so far, counted.

    Attributes:
        actor: id of the state whose turn it is; the runner sets it.
        doubts: ids of earlier states on whose changes an answer of this turn may rest.
        unsettled: ids of earlier commands which may change what this turn has looked at.
    """

    def __init__(self) -> None:
        self.actor = ""
        self.doubts: dict[str, None] = {}
        self.unsettled: dict[str, None] = {}
        self._now = 0
        self._changed: dict[str, None] = {}
        self._commands: dict[str, None] = {}
        self._earlier = (0, 0)
        self._opaque: list[tuple[int, str, Hidden]] = []

    def turn(self, actor: str) -> None:
        """Begin a state's turn."""
        self.actor = actor
        self.doubts = {}
        self.unsettled = {}
        # one id may have several functions, so that an actor may come after itself
        self._earlier = (len(self._changed), len(self._commands))

    def change(self) -> int:
        """Note a change by the actor, and give its stamp."""
        self._now += 1
        self._changed[self.actor] = None
        return self._now

    def obscure(self, hidden: Hidden = "all") -> None:
        """Note that the actor does what nobody can foretell."""
        self._opaque.append((self.change(), self.actor, hidden))

    def unsettle(self) -> None:
        """Note that the actor runs what may change anything, and bring anything."""
        self.obscure()
        self._commands[self.actor] = None

    def look(self) -> None:
        """Note that the actor looks at what an earlier command may change."""
        if len(self.unsettled) < self._earlier[1]:
            self.unsettled = dict.fromkeys(islice(self._commands, self._earlier[1]))

    def since(self, stamp: int, thing: Thing = "packaged") -> tuple[str, ...]:
        """Give who may have brought what was not there at a stamp; 0 is the beginning."""
        return tuple(
            dict.fromkeys(
                actor
                for when, actor, hidden in self._opaque
                if when > stamp and thing in _HIDES[hidden]
            )
        )

    def missing(self, stamp: int, thing: Thing = "packaged") -> None:
        """Let something be missing since a stamp.

        Raises:
            Unknowable: it may have come meanwhile.
        """
        because = self.since(stamp, thing)
        if because:
            raise Unknowable(because)

    @property
    def changed(self) -> tuple[str, ...]:
        """Ids of the states that had changed anything when this turn began."""
        return tuple(islice(self._changed, self._earlier[0]))

    def doubt(self) -> None:
        """Note that an answer of the real machine may be another after the states so far."""
        self.doubts.update(dict.fromkeys(self.changed))
