"""Third parties: what installed distributions add to a host, by groups of entry points."""

import os
import sys
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from zester_proto.errors import ZesterError

T = TypeVar("T")


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a third party adds, not yet loaded."""

    name: str
    """Of the entry point."""
    package: str
    """The distribution and its version."""
    load: Callable[[], Any]


class BrokenProvider(ZesterError):
    """Raised when what a third party adds cannot be used.

    Attributes:
        name: of what it adds.
        packages: the distributions at fault.
    """

    def __init__(self, name: str, packages: tuple[str, ...], message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.name = name
        self.packages = packages


def installed(group: str) -> list[Provider]:
    """Give all that installed distributions add to a group; nothing of theirs is imported yet.

    Where somebody adds something, the first call of a process costs some 15 ms: it reads the
    metadata of all distributions.
    """
    if not any(_may_name(folder, group) for folder in sys.path):
        return []
    from importlib.metadata import entry_points  # noqa: PLC0415  # most hosts have none

    found: list[Provider] = []
    for point in entry_points(group=group):
        owner = point.dist
        package = f"{owner.name} {owner.version}" if owner else point.value
        found.append(Provider(name=point.name, package=package, load=point.load))
    return sorted(found, key=lambda one: (one.name, one.package))


def _may_name(folder: str, group: str) -> bool:
    """Say whether a distribution in a folder of sys.path may add to a group.

    A look at the files that say so: a tenth of the time that importlib.metadata takes.
    """
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208  # Path.iterdir makes a Path of each
    except OSError:
        return Path(folder).is_file()  # an archive, which only importlib.metadata reads
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                said = Path(f"{folder or '.'}/{name}/entry_points.txt").read_text("utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            if group in said:
                return True
        elif name.endswith(".egg"):
            return True
    return False


class Providers(Generic[T]):
    """What third parties add of one kind; what is loaded stays loaded, what is broken harms nobody.

    Args:
        kind: how a message names one of them, with `{}` in place of its name.
        scan: gives the providers; asked once, when something is first looked for.
        read: makes what is wanted of what was loaded; raises TypeError where it cannot.
        taken: names of our own, which no third party gets.
    """

    def __init__(
        self,
        kind: str,
        scan: Callable[[], Iterable[Provider]] | None,
        read: Callable[[Any, str], T],
        taken: Container[str] = (),
    ) -> None:
        self._kind = kind
        self._scan = scan
        self._read = read
        self._taken = taken
        self._found: dict[str, list[Provider]] | None = None
        self._loaded: dict[str, T] = {}

    def names(self) -> list[str]:
        """Give the names of all that can be asked for, sorted; nothing is loaded."""
        return sorted(name for name in self._providers() if name not in self._taken)

    def __contains__(self, name: str) -> bool:
        return name in self._providers() and name not in self._taken

    def package(self, name: str) -> str:
        """Give the distribution that something comes from; "" where there is none."""
        return ", ".join(one.package for one in self._providers().get(name, ()))

    def get(self, name: str) -> T:
        """Load what has this name.

        Raises:
            KeyError: nobody adds it.
            BrokenProvider: it cannot be used.
        """
        if name not in self:
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = self._load(name, self._providers()[name])
        return self._loaded[name]

    def forget(self) -> None:
        """Look anew at what is installed when somebody asks; what is loaded stays loaded."""
        self._found = None

    def shadowed(self) -> list[BrokenProvider]:
        """Give what bears a name of our own, so that nobody ever asks for it."""
        return [
            BrokenProvider(
                one.name, (one.package,),
                f"{self._kind.format(one.name)} of {one.package} cannot be used: "
                "Zester has this name itself",
                hint="ours answers; the authors of that distribution must choose another name",
            )
            for name, found in sorted(self._providers().items()) if name in self._taken
            for one in found
        ]  # fmt: skip

    def broken(self) -> list[BrokenProvider]:
        """Load everything, and give what cannot be used, one a name."""
        found = self.shadowed()
        for name in self.names():
            try:
                self.get(name)
            except BrokenProvider as error:
                found.append(error)
        return found

    def _providers(self) -> dict[str, list[Provider]]:
        if self._found is None:
            self._found = {}
            for one in self._scan() if self._scan else ():
                self._found.setdefault(one.name, []).append(one)
        return self._found

    def _load(self, name: str, found: list[Provider]) -> T:
        packages = tuple(sorted(one.package for one in found))
        what = f"{self._kind.format(name)} of {', '.join(packages)}"
        if len(found) > 1:
            raise BrokenProvider(
                name, packages, f"{what} are there twice", hint="uninstall one of the distributions"
            )
        try:
            return self._read(found[0].load(), name)
        except ZesterError as error:
            raise BrokenProvider(
                name, packages, f"{what} cannot be used: {error.message}", hint=error.hint
            ) from error
        except (Exception, SystemExit) as error:
            raise BrokenProvider(
                name, packages, f"{what} cannot be loaded: {type(error).__name__}: {error}",
                hint="reinstall or update that distribution, or tell its authors",
            ) from error  # fmt: skip
