"""The resources of a host by name: ours from a table, third parties' by entry points."""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, cast

from zester_modules.context import Context
from zester_modules.errors import BrokenModule
from zester_modules.resource import AnyResource, Resource
from zester_proto.providers import BrokenProvider, Provider, Providers, installed
from zester_proto.units import did_you_mean, suggest

RESOURCES: Final[Mapping[str, str]] = {
    "alternatives": "zester_modules.resources.alternatives",
    "archive": "zester_modules.resources.archive",
    "cmd": "zester_modules.resources.cmd",
    "cron": "zester_modules.resources.cron",
    "debconf": "zester_modules.resources.debconf",
    "event": "zester_modules.resources.event",
    "file": "zester_modules.resources.file",
    "git": "zester_modules.resources.git",
    "grains": "zester_modules.resources.grains",
    "group": "zester_modules.resources.group",
    "host": "zester_modules.resources.host",
    "http": "zester_modules.resources.http",
    "ini": "zester_modules.resources.ini",
    "kmod": "zester_modules.resources.kmod",
    "locale": "zester_modules.resources.locale",
    "module": "zester_modules.resources.module",
    "mount": "zester_modules.resources.mount",
    "pip": "zester_modules.resources.pip",
    "pkg": "zester_modules.resources.pkg",
    "pkgrepo": "zester_modules.resources.pkgrepo",
    "service": "zester_modules.resources.service",
    "ssh_auth": "zester_modules.resources.ssh_auth",
    "ssh_known_hosts": "zester_modules.resources.ssh_known_hosts",
    "sysctl": "zester_modules.resources.sysctl",
    "test": "zester_modules.resources.test",
    "timezone": "zester_modules.resources.timezone",
    "user": "zester_modules.resources.user",
    "virtualenv": "zester_modules.resources.virtualenv",
}
"""Where the resources of each first name lie; a module is imported when it is first asked for."""

GROUP: Final = "zester.states"
"""Entry points: the name is the first name of the resources, the value the Python module."""


def scan() -> list[Provider]:
    """Give all third parties that are installed; nothing of theirs is imported yet."""
    return installed(GROUP)


def resources_of(context: Context) -> "Resources":
    """Give the resources of a job: ours, those installed and those of its tree."""

    def known() -> list[Provider]:
        trees = context.trees
        if trees is None or not trees.states:
            return scan()
        from zester_modules.states import tree_modules  # noqa: PLC0415  # where nobody else answers

        return [*scan(), *tree_modules.providers(trees, tree_modules.STATES)]

    return Resources(third_parties=known)


class Resources:
    """Finds resources; what is loaded stays loaded.

    Args:
        table: first names and Python modules; ours unless a test says otherwise.
        third_parties: gives the installed providers; asked once, when the table does not answer.
    """

    def __init__(
        self,
        table: Mapping[str, str] = RESOURCES,
        third_parties: Callable[[], Iterable[Provider]] | None = scan,
    ) -> None:
        self._table = table
        self._third = Providers("the states {}.*", third_parties, declared, table)
        self._loaded: dict[str, dict[str, AnyResource]] = {}
        self._found: dict[str, AnyResource] = {}

    def forget(self) -> None:
        """Look anew for third parties when somebody asks; what is loaded stays loaded."""
        self._third.forget()
        self._loaded = {name: found for name, found in self._loaded.items() if found}

    def find(self, name: str) -> AnyResource | None:
        """Give the resource of a name such as `file.managed`, or None.

        Raises:
            BrokenModule: a third party provides it, and cannot be used.
        """
        if found := self._found.get(name):
            return found
        module, _, function = name.partition(".")
        if module in self._table and module not in self._loaded:
            package = importlib.import_module(self._table[module])
            if function in _parts(package):
                self._found |= declared(_part(package, function), module)
                return self._found[name]
        return self.family(module).get(name)

    def family(self, module: str) -> dict[str, AnyResource]:
        """Give all resources with that first name, by their full names; none for a strange name.

        Raises:
            BrokenModule: a third party's cannot be used.
        """
        loaded = self._loaded.get(module)
        if loaded is None:
            loaded = self._loaded[module] = self._load(module)
        return loaded

    def broken(self) -> list[BrokenProvider]:
        """Load all third parties, and give what cannot be used."""
        return self._third.broken()

    def modules(self) -> list[str]:
        """Give the first names of all resources, sorted; third parties' too, unloaded."""
        return sorted({*self._table, *self._third.names()})

    def names(self) -> list[str]:
        """Give the full names of all resources that can be loaded, sorted; loads all of them."""
        found: list[str] = []
        for module in self.modules():
            try:
                found += self.family(module)
            except BrokenModule:
                continue
        return sorted(found)

    def hint(self, name: str) -> str:
        """Say what may have been meant by a name that nobody provides."""
        module, dot, _ = name.partition(".")
        known = self.modules()
        hidden = [one for one in self._third.shadowed() if one.name == module]
        if hidden:
            return hidden[0].message
        if not module or not dot:
            return f"a state is written module.function; modules: {', '.join(known)}"
        like = module if module in known else suggest(module, known)
        if like:
            try:
                return did_you_mean(name, self.family(like))
            except BrokenModule as error:
                return error.message
        return (
            f"no distribution on this host provides {module}.*; "
            f"one that does names {module} in its entry points {GROUP}"
        )

    def _load(self, module: str) -> dict[str, AnyResource]:
        if module in self._table:
            return declared(importlib.import_module(self._table[module]), module)
        try:
            return self._third.get(module)
        except KeyError:
            return {}
        except BrokenProvider as error:
            raise BrokenModule(error) from error


def declared(python_module: ModuleType, module: str) -> dict[str, AnyResource]:
    """Give the resources that a Python module holds, by their full names.

    Raises:
        TypeError: it holds none, or two have one name.
    """
    found: dict[str, AnyResource] = {}
    parts = [python_module, *(_part(python_module, one) for one in _parts(python_module))]
    values: list[Any] = [
        one for part in parts for one in vars(part).values() if isinstance(one, Resource)
    ]
    for one in cast("list[AnyResource]", values):
        if one.name.partition(".")[0] != module:
            continue  # of another family, imported to be used
        if found.setdefault(one.name, one) is not one:
            raise TypeError(f"{one.name} is declared twice")
    if not found:
        raise TypeError(f"it declares no state {module}.*")
    return found


def _parts(package: ModuleType) -> Sequence[str]:
    """Give the modules of a large family, each of which is imported when it is asked for."""
    return getattr(package, "PARTS", ())


def _part(package: ModuleType, name: str) -> ModuleType:
    return importlib.import_module(f"{package.__name__}.{name}")
