"""The functions of a host by name: ours from a table, third parties' by entry points."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, cast

from zester_modules.bind import BoundCall, bind
from zester_modules.context import Context
from zester_modules.errors import BadArgument, BrokenModule, Refused, UnknownFunction
from zester_modules.function import AnyFunction, Function, Parameter, function
from zester_modules.returns import Outcome, Return
from zester_modules.words import Duration, Mode, Value
from zester_proto.providers import BrokenProvider, Provider, Providers
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
    "event": "zester_modules.functions.event",
    "facts": "zester_modules.functions.facts",
    "file": "zester_modules.functions.file",
    "git": "zester_modules.functions.git",
    "grains": "zester_modules.functions.grains",
    "group": "zester_modules.functions.group",
    "hashutil": "zester_modules.functions.hashutil",
    "hosts": "zester_modules.functions.hosts",
    "http": "zester_modules.functions.http",
    "ini": "zester_modules.functions.ini",
    "kmod": "zester_modules.functions.kmod",
    "locale": "zester_modules.functions.locale",
    "log": "zester_modules.functions.log",
    "mine": "zester_modules.functions.mine",
    "mount": "zester_modules.functions.mount",
    "network": "zester_modules.functions.network",
    "pillar": "zester_modules.functions.pillar",
    "pip": "zester_modules.functions.pip",
    "pkg": "zester_modules.functions.pkg",
    "ps": "zester_modules.functions.ps",
    "random": "zester_modules.functions.random",
    "service": "zester_modules.functions.service",
    "settings": "zester_modules.functions.settings",
    "shadow": "zester_modules.functions.shadow",
    "slsutil": "zester_modules.functions.slsutil",
    "ssh": "zester_modules.functions.ssh",
    "state": "zester_modules.functions.state",
    "status": "zester_modules.functions.status",
    "sys": "zester_modules.functions.sys",
    "sysctl": "zester_modules.functions.sysctl",
    "test": "zester_modules.functions.test",
    "timezone": "zester_modules.functions.timezone",
    "user": "zester_modules.functions.user",
}
"""Where the functions of each first name lie; a module is imported when it is first asked for."""

IN_AGENT: Final = frozenset({"cmd", "facts", "sys", "test"})
"""Those small enough to be imported by the agent itself; a test holds what they import."""


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
        self._third = Providers("the functions {}.*", third_parties, declared, BUILTIN)
        self._loaded: dict[str, dict[str, AnyFunction]] = {}

    def beside(self, more: Callable[[], Iterable[Provider]]) -> "Registry":
        """Give a registry that knows more third parties; what is loaded of ours is shared."""
        other = Registry(lambda: [*(self._scan() if self._scan else ()), *more()])
        other._loaded = self._loaded
        return other

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
        return sorted({*BUILTIN, *self._third.names()})

    def functions(self, module: str) -> dict[str, AnyFunction]:
        """Give all functions with that first name, by their full names.

        Raises:
            BrokenModule: a third party's cannot be used.
            KeyError: there is no such module.
        """
        if module not in BUILTIN:
            try:
                return self._third.get(module)
            except BrokenProvider as error:
                raise BrokenModule(error) from error
        loaded = self._loaded.get(module)
        if loaded is None:
            python_module = importlib.import_module(BUILTIN[module])
            loaded = self._loaded[module] = declared(python_module, module)
        return loaded

    def package(self, module: str) -> str:
        """Give the distribution that a third party's functions come from; "" for built-in ones."""
        return self._third.package(module)

    def shadowed(self) -> list[BrokenProvider]:
        """Give the third parties that carry the name of a built-in module; none of them answers."""
        return self._third.shadowed()

    def forget(self) -> None:
        """Look anew for third parties when somebody asks; what is loaded stays loaded."""
        self._third.forget()

    def _knows(self, module: str) -> bool:
        return module in BUILTIN or module in self._third

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
        hidden = [one.message for one in self.shadowed() if one.name == module]
        return UnknownFunction(name, near, hint="; ".join(one for one in (*hidden, hint) if one))

    def _names(self, module: str) -> list[str]:
        try:
            return list(self.functions(module))
        except BrokenModule:
            return []


def declared(python_module: ModuleType, module: str) -> dict[str, AnyFunction]:
    """Give the functions that a Python module declares, by their full names.

    Raises:
        TypeError: it declares none, one belongs to another first name, two have one name, or a
            signature is one that no words fit.
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
    if not found:
        raise TypeError(f"it declares no function {module}.*")
    return found
