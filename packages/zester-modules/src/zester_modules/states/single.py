"""A state made of words, for `state.single`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zester_modules.errors import Refused
from zester_modules.params import fit
from zester_modules.states.model import State
from zester_proto.render.nodes import Place

if TYPE_CHECKING:
    from zester_modules.states.session import Session


def made_by_hand(
    session: "Session", function: str, name: str, arguments: Mapping[str, Any]
) -> State:
    """Give the state.

    Raises:
        Refused: there is no such state, or an argument does not fit.
    """
    resource = session.resources.find(function)
    if resource is None:
        hint = session.resources.hint(function)
        raise Refused(f"there is no state {function!r} on this host", hint=hint)
    fitted = fit(resource, name, arguments)
    if fitted.problems:
        one = fitted.problems[0]
        raise Refused(one.message, hint=one.hint)
    given, masker = (name, *arguments.values()), session.context.masker
    first, _, second = function.partition(".")
    return State(
        id=name, state=first, function=second, name=name, arguments=dict(arguments),
        source=Place("state.single", 1), sls="", params=fitted.params,
        sensitive=any(masker.is_in(str(one)) for one in given),
    )  # fmt: skip
