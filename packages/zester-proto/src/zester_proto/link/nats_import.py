"""nats-py's client without the parts that Zester does not use.

`nats.aio.client` also loads JetStream, its object store, e-mail parsing and importlib.metadata: a
third more memory for an idle agent and 50 ms of every command. All it takes from them is three
header names and its own version.
"""

import importlib
import sys
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nats.aio.client import Client


class _Headers:
    """The names that the client looks up in `nats.js.api.Header`."""

    class _Name(str):
        __slots__ = ()

        @property
        def value(self) -> str:
            return str(self)

    STATUS = _Name("Status")
    DESCRIPTION = _Name("Description")
    CONSUMER_STALLED = _Name("Nats-Consumer-Stalled")


def client_class() -> "type[Client]":
    """Give nats-py's Client; the first call imports it."""
    if "nats.aio.client" not in sys.modules:
        _import_lean()
    module = importlib.import_module("nats.aio.client")
    return module.Client


def _import_lean() -> None:
    stand_ins: dict[str, types.ModuleType | None] = {}
    if "nats.js" not in sys.modules:
        api = types.ModuleType("nats.js.api")
        api.__dict__["Header"] = _Headers
        js = types.ModuleType("nats.js")
        js.__dict__["api"] = api
        stand_ins |= {"nats.js": js, "nats.js.api": api}
    if "importlib.metadata" not in sys.modules:
        stand_ins["importlib.metadata"] = None  # an import of it fails, which nats-py allows for
    for name, module in stand_ins.items():
        sys.modules[name] = module  # pyright: ignore[reportArgumentType]  # None is documented
    try:
        importlib.import_module("nats.aio.client")
        if "nats.js" in stand_ins:
            # `import nats.js` binds no attribute when sys.modules already holds the module
            sys.modules["nats"].__dict__.setdefault("js", stand_ins["nats.js"])
    finally:
        # whoever wants the real ones gets them
        for name in stand_ins:
            sys.modules.pop(name, None)
