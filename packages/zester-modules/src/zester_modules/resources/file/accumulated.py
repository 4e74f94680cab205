"""file.accumulated: texts of several states that come into one file."""

import posixpath
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem, Unknowable
from zester_modules.resource import Changes, Plan, Resource, Scope

Accumulators = Mapping[str, list[Any]]
"""Names, and the texts that were added under each."""

_FUNCTION: Final = "file.accumulated"
_MAKERS: Final = ("file.managed", "file.blockreplace", "file.recurse")


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Add texts to a file that another state makes; its template has them in `accumulator`."""

    name: Annotated[str, Meta(description="the name under which the template finds them")]
    filename: Annotated[str, Meta(description="path of the file, as its state names it")]
    text: Annotated[
        str | list[Any] | dict[str, Any], Meta(description="the text; of a list each item")
    ]


def check(params: Params, scope: Scope) -> Plan:
    """Look whether a state that comes later makes the file."""
    makers = [
        one for function in _MAKERS for one in scope.others(function)
        if any(_holds(path, params.filename, function) for path in one.paths)
    ]  # fmt: skip
    if makers and not any(one.later for one in makers):
        raise HostProblem(
            f"{makers[0].id} makes {params.filename} before this text comes to it",
            hint=f"write require_in: [file: {makers[0].id}], or watch_in",
        )
    warnings = (
        () if makers else (f"no state of this run makes {params.filename}: the text goes nowhere",)
    )
    return Plan(comment=f"added to {params.filename}", warnings=warnings)


def _holds(path: str, filename: str, function: str) -> bool:
    if function == "file.recurse":
        return filename.startswith(posixpath.join(path, ""))
    return path == filename


def apply(plan: Plan, scope: Scope) -> Changes:
    """Do nothing: who makes the file looks for what was added."""
    del plan, scope
    return Changes()


def accumulators_of(filename: str, scope: Scope, *, required: bool = False) -> Accumulators:
    """Give what was added to a file in this run, in the order in which it was.

    Args:
        filename: its path.
        scope: of the state that makes it.
        required: what this state requires or watches alone, if any of it does.

    Raises:
        Unknowable: nobody knows whether a text will have been added.
    """
    added = [one for one in scope.others(_FUNCTION) if _is_for(one.params, filename)]
    unsure = tuple(dict.fromkeys(id_ for one in added for id_ in one.because))
    if unsure:
        raise Unknowable(unsure)
    names = {one.params.name for one in added if one.ran and one.required}
    found: dict[str, list[Any]] = {}
    for one in added:
        if one.ran and (not required or not names or one.params.name in names):
            if one.secret:
                scope.read_secret()
            texts = found.setdefault(one.params.name, [])
            texts += [text for text in _texts(one.params) if text not in texts]
    return found


def _is_for(params: Any, filename: str) -> bool:
    return isinstance(params, Params) and params.filename == filename


def _texts(params: Params) -> list[Any]:
    texts = params.text if isinstance(params.text, list) else [params.text]
    return list({repr(one): one for one in texts}.values())


def with_accumulators(
    context: Mapping[str, Any] | None, filename: str, scope: Scope
) -> Mapping[str, Any] | None:
    """Give a template's names, and among them `accumulator` where there is one for the file.

    Raises:
        Unknowable: nobody knows whether a text will have been added.
    """
    found = accumulators_of(filename, scope)
    return {**(context or {}), "accumulator": dict(found)} if found else context


ACCUMULATED: Final = Resource(
    name=_FUNCTION, params=Params, reach="nothing", check=check, apply=apply
)
