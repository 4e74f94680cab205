"""The functions of a host by name: ours from a table, third parties' by entry points."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, cast

import msgspec

from zester_modules.bind import BoundCall, bind
from zester_modules.context import Context
from zester_modules.errors import BadArgument, BrokenModule, Refused, UnknownFunction
from zester_modules.function import AnyFunction, Function, Parameter, function
from zester_modules.returns import Outcome, Return
from zester_modules.words import Duration, Mode, Value
from zester_proto.units import did_you_mean, suggest

__all__ = [
    "BUILTIN", "AnyFunction", "BadArgument", "BoundCall", "BrokenModule", "Context", "Duration",
    "Function", "Mode", "Outcome", "Parameter", "Provider", "Refused", "Registry", "Return",
    "UnknownFunction", "Value", "bind", "function",
]  # fmt: skip

BUILTIN: Final[Mapping[str, str]] = {
    "alternatives": "zester_modules.functions.alternatives",
    "basket": "zester_modules.functions.basket",
    "cmd": "zester_modules.functions.cmd",
    "config": "zester_modules.functions.config",
    "cp": "zester_modules.functions.cp",
    "cron": "zester_modules.functions.cron",
    "defaults": "zester_modules.functions.defaults",
    "disk": "zester_modules.functions.disk",
    "dnsutil": "zester_modules.functions.dnsutil",
    "facts": "zester_modules.functions.facts",
    "file": "zester_modules.functions.file",
    "git": "zester_modules.functions.git",
    "grains": "zester_modules.functions.grains",
    "group": "zester_modules.functions.group",
    "hashutil": "zester_modules.functions.hashutil",
    "hosts": "zester_modules.functions.hosts",
    "kmod": "zester_modules.functions.kmod",
    "log": "zester_modules.functions.log",
    "mine": "zester_modules.functions.mine",
    "network": "zester_modules.functions.network",
    "pillar": "zester_modules.functions.pillar",
    "pkg": "zester_modules.functions.pkg",
    "service": "zester_modules.functions.service",
    "settings": "zester_modules.functions.settings",
    "shadow": "zester_modules.functions.shadow",
    "slsutil": "zester_modules.functions.slsutil",
    "state": "zester_modules.functions.state",
    "sys": "zester_modules.functions.sys",
    "sysctl": "zester_modules.functions.sysctl",
    "test": "zester_modules.functions.test",
    "timezone": "zester_modules.functions.timezone",
    "user": "zester_modules.functions.user",
}
"""Where the functions of each first name lie; a module is imported when it is first asked for."""

IN_AGENT: Final = frozenset({"cmd", "facts", "sys", "test"})
"""Those small enough to be imported by the agent itself; a test holds what they import."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A third party's functions of one first name, not yet loaded."""

    module: str
    package: str
    """The distribution and its version."""
    load: Callable[[], ModuleType]


class Registry:
    """Finds functions; what is loaded stays loaded.

    Args:
        third_parties: gives the installed providers; asked once, when a built-in module does not
            answer. The agent passes none: the scan costs 35 ms and as many KiB of modules as
            there are distributions, so that only workers and short-lived children pay for it
            (`entrypoints.scan`).
    """

    def __init__(self, third_parties: Callable[[], Iterable[Provider]] | None = None) -> None:
        self._scan = third_parties
        self._providers: dict[str, list[Provider]] | None = None
        self._loaded: dict[str, dict[str, AnyFunction]] = {}

    def in_agent(self, name: str) -> AnyFunction | None:
        """Give a function whose module may live in the agent.

        None means that a worker has to answer, which knows the third parties; so does a misspelt
        name, whose suggestions need all names.
        """
        module = name.partition(".")[0]
        return self.functions(module).get(name) if module in IN_AGENT else None

    def find(self, name: str) -> AnyFunction:
        """Give the function of that name.

        Raises:
            UnknownFunction: nobody provides it.
            BrokenModule: a third party does, and cannot be used; the text says why.
        """
        module = name.partition(".")[0]
        found = self.functions(module).get(name) if self._knows(module) else None
        if found is None:
            raise self._unknown(name)
        return found

    def modules(self) -> list[str]:
        """Give the first names of all functions, sorted; third parties' too, unloaded."""
        return sorted({*BUILTIN, *self._third_parties()})

    def functions(self, module: str) -> dict[str, AnyFunction]:
        """Give all functions with that first name, by their full names.

        Raises:
            BrokenModule: a third party's cannot be used.
            KeyError: there is no such module.
        """
        loaded = self._loaded.get(module)
        if loaded is None:
            loaded = self._loaded[module] = self._load(module)
        return loaded

    def package(self, module: str) -> str:
        """Give the distribution that a third party's functions come from; "" for built-in ones."""
        return ", ".join(one.package for one in self._third_parties().get(module, ()))

    def shadowed(self) -> list[Provider]:
        """Give the third parties that carry the name of a built-in module; none of them answers."""
        found = self._third_parties()
        return [one for module in sorted(BUILTIN) for one in found.get(module, [])]

    def _knows(self, module: str) -> bool:
        return module in BUILTIN or module in self._third_parties()

    def _third_parties(self) -> dict[str, list[Provider]]:
        if self._providers is None:
            self._providers = {}
            for one in self._scan() if self._scan else ():
                self._providers.setdefault(one.module, []).append(one)
        return self._providers

    def _load(self, module: str) -> dict[str, AnyFunction]:
        if module in BUILTIN:
            return declared(importlib.import_module(BUILTIN[module]), module)
        providers = self._third_parties()[module]
        packages = tuple(sorted(one.package for one in providers))
        if len(providers) > 1:
            raise BrokenModule(
                module, packages, "are there twice",
                hint="uninstall one of the two distributions",
            )  # fmt: skip
        try:
            return declared(providers[0].load(), module)
        except Exception as error:
            raise BrokenModule(
                module, packages, f"cannot be loaded: {type(error).__name__}: {error}",
                hint="reinstall or update that distribution, or tell its authors",
            ) from error  # fmt: skip

    def _unknown(self, name: str) -> UnknownFunction:
        module, dot, _ = name.partition(".")
        known = self.modules()
        if not dot:
            return UnknownFunction(
                name, hint=f"a function is written module.function; modules: {', '.join(known)}"
            )
        like = module if self._knows(module) else suggest(module, known)
        names = self._names(like) if like else []
        near = suggest(name, names)
        hint = did_you_mean(name, names) if like else "sys.list_functions names them all"
        return UnknownFunction(name, near, hint=hint)

    def _names(self, module: str) -> list[str]:
        try:
            return list(self.functions(module))
        except BrokenModule:
            return []


def declared(python_module: ModuleType, module: str) -> dict[str, AnyFunction]:
    """Give the functions that a Python module declares, by their full names.

    Raises:
        TypeError: one belongs to another first name, two have one name, or a signature is one
            that no words fit.
    """
    found: dict[str, AnyFunction] = {}
    values: list[Any] = [one for one in vars(python_module).values() if isinstance(one, Function)]
    for one in cast("list[AnyFunction]", values):
        if one.name.partition(".")[0] != module:
            if one.call.__module__ != python_module.__name__:
                continue  # imported to be called, not declared here
            raise TypeError(f"{one.name} does not belong to the module {module}")
        if found.setdefault(one.name, one) is not one:
            raise TypeError(f"{one.name} is declared twice")
        _ = one.parameters
    return found
