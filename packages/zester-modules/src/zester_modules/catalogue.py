"""Signatures and help of all functions of a host as data: for help, suggestions and completion.

Building it loads every module, third parties' too: workers and short-lived children do that.
"""

import textwrap
from typing import Any, Final

import msgspec

from zester_modules import __version__
from zester_modules.bind import usage
from zester_modules.docstring import read_doc
from zester_modules.errors import BrokenModule
from zester_modules.function import AnyFunction, Parameter, Runs, Shape
from zester_modules.registry import BUILTIN, Registry
from zester_proto import codec
from zester_proto.errors import CodecError

VERSION: Final = 1
"""Of the catalogue's own form; readers ignore fields that they do not know."""


class ParameterHelp(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter; `shape` is word, words, key or keys (function.Shape)."""

    name: str
    type: str
    shape: Shape
    required: bool
    default: Any = None
    help: str = ""
    choices: tuple[str, ...] = ()


class FunctionHelp(msgspec.Struct, frozen=True, kw_only=True):
    """One function."""

    name: str
    module: str
    package: str
    usage: str
    summary: str
    text: str
    parameters: tuple[ParameterHelp, ...]
    runs: Runs
    reads: bool
    dry: bool
    timeout: float | None = None


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """Functions that are installed and cannot be used."""

    module: str
    problem: str
    hint: str = ""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All functions of a host, sorted by name."""

    version: int = VERSION
    functions: tuple[FunctionHelp, ...]
    broken: tuple[Broken, ...] = ()

    def digest(self) -> str:
        """Give the digest that is the fact `zester.modules`: equal functions, equal digests."""
        return codec.digest(codec.pack(self)).hex()


def build(registry: Registry) -> Catalogue:
    """Load all functions and describe them; those that cannot be loaded are listed as broken."""
    functions: list[FunctionHelp] = []
    broken = [
        Broken(module=one.name, problem=one.message, hint=one.hint) for one in registry.shadowed()
    ]
    for module in registry.modules():
        try:
            found = registry.functions(module)
        except BrokenModule as error:
            broken.append(Broken(module=module, problem=error.message, hint=error.hint))
            continue
        functions += [describe(one, _package(registry, module)) for one in found.values()]
    return Catalogue(
        functions=tuple(sorted(functions, key=lambda one: one.name)), broken=tuple(broken)
    )


def _package(registry: Registry, module: str) -> str:
    return f"zester-modules {__version__}" if module in BUILTIN else registry.package(module)


def describe(function: AnyFunction, package: str) -> FunctionHelp:
    """Give what is known of one function."""
    doc = read_doc(function.__doc__)
    return FunctionHelp(
        name=function.name,
        module=function.name.partition(".")[0],
        package=package,
        usage=usage(function),
        summary=doc.summary,
        text=doc.text,
        parameters=tuple(
            _parameter(one, doc.arguments.get(one.name, "")) for one in function.parameters
        ),
        runs=function.runs,
        reads=function.reads,
        dry=function.dry,
        timeout=function.timeout,
    )


def _parameter(one: Parameter, help_: str) -> ParameterHelp:
    try:
        default = codec.normalise(one.default)
    except CodecError:
        default = str(one.default)
    return ParameterHelp(
        name=one.name,
        type=one.kind.label,
        shape=one.shape,
        required=one.required,
        default=default,
        help=help_,
        choices=one.kind.choices,
    )


def help_text(function: FunctionHelp) -> str:
    """Give the help of one function as a person reads it."""
    blocks = [function.usage, _wrapped(function.summary)]
    if function.text:
        blocks.append("\n\n".join(_wrapped(part) for part in function.text.split("\n\n")))
    if function.parameters:
        blocks.append("\n".join(_line(one) for one in function.parameters))
    if function.package and function.module not in BUILTIN:
        blocks.append(f"from {function.package}")
    return "\n\n".join(blocks)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 78)


def _line(one: ParameterHelp) -> str:
    given = "" if one.default in (None, "", b"") else f" Default: {one.default}."
    text = f"{one.name} ({one.type}): {one.help}{given}"
    return textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="      ")
