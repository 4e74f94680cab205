"""A throw-away root as a machine: the real one, which notes what it is told to run."""

from pathlib import Path

from hosts.root import Root
from zester_modules.host.machine import Command, Done, Effects
from zester_modules.host.real import RealMachine


class RootMachine(RealMachine):
    """The real machine on a root.

    Attributes:
        argvs: the words of all commands that were run.
    """

    def __init__(self, root: Root, folder: Path) -> None:
        super().__init__(folder, root=str(root.path))
        self.argvs: list[tuple[str, ...]] = []

    def ask(self, command: Command) -> Done:
        """Run a command that changes nothing."""
        self._note(command)
        return super().ask(command)

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Run a command that changes things."""
        self._note(command)
        return super().do(command, effects)

    def _note(self, command: Command) -> None:
        self.argvs.append(command.argv or (command.interpreter, "-c", command.shell))
