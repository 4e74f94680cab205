"""A state made of words, for `state.single`."""

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from zester_modules.errors import Refused
from zester_modules.flow import Plain
from zester_modules.host.address import shown
from zester_modules.states.blocks import ALL_REQUISITES, Arg, Block, Source
from zester_modules.states.chunks import Chunk
from zester_modules.states.model import State
from zester_modules.states.validate import Validator
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.nodes import Node, Place, Scalar, Sequence
from zester_proto.terminal import shortened
from zester_proto.tree.problems import Problems

if TYPE_CHECKING:
    from zester_modules.states.session import Session


def made_by_hand(
    session: "Session", function: str, name: str, arguments: Mapping[str, Any]
) -> State:
    """Give the state.

    Args:
        session: of the run.
        function: such as `pkg.installed`.
        name: of the state, and its id.
        arguments: as `words.Written` gives them.

    Raises:
        Refused: there is no such state, or an argument does not fit.
    """
    if session.resources.find(function) is None:
        hint = session.resources.hint(function)
        raise Refused(f"there is no state {function!r} on this host", hint=hint)
    _check_alone(arguments)
    problems = Problems(strict=True)
    chunk = _chunk(function, name, arguments)
    state = Validator(session.resources, problems).state(chunk, [], {}, 0)
    for one in problems.errors:
        raise Refused(one.message, hint=one.hint)
    masker = session.context.masker
    sensitive = any(masker.is_in(str(one)) for one in (name, *arguments.values()))
    hidden = sensitive or state.options.no_log
    given = f"state.single {function}" if hidden else _typed(function, name, arguments)
    return msgspec.structs.replace(state, source=Place(given, 0), sensitive=sensitive)


def _check_alone(arguments: Mapping[str, Any]) -> None:
    """Refuse what only several states can have."""
    for key in arguments:
        if key in ALL_REQUISITES:
            raise Refused(
                f"state.single runs one state, so that `{key}` has none to name",
                hint="write states that need each other into a state file, for state.apply",
            )
        if key == "names":
            raise Refused("state.single runs one state, and takes no `names`", hint="give its name")


def _chunk(function: str, name: str, arguments: Mapping[str, Any]) -> Chunk:
    place = Place("state.single", 0)
    module, _, called = function.partition(".")
    args = {
        key: Arg(key=key, place=place, value=_node(value, place))
        for key, value in arguments.items()
    }
    block = Block(
        id=name, state=module, functions=[(called, place)], args=[*args.values()], place=place,
        source=Source(sls="", env="base", path=place.file, dialect="zy"),
    )  # fmt: skip
    return Chunk(index=0, block=block, included_from=[], function=called, name=name, args=args)


def _node(value: Any, place: Place) -> Node:
    """Give a value as a file's reader would: what was written without quotes keeps its text."""
    match value:
        case Plain():
            return Scalar(str(value), plain=True, place=place)
        case str():
            return Scalar(str(value), plain=False, place=place)
        case bytes():
            return Scalar(value.decode("utf-8", "surrogateescape"), plain=False, place=place)
        case list() | tuple():
            items = cast("list[Any]", value)
            return Sequence(tuple(_node(one, place) for one in items), place)
        case dict():
            pairs = cast("dict[Any, Any]", value).items()
            return MapNode(
                tuple((_scalar(key, place), _node(one, place)) for key, one in pairs), place
            )
        case _:
            return _scalar(value, place)


def _scalar(value: Any, place: Place) -> Scalar:
    text = "null" if value is None else str(value)
    is_word = value is None or isinstance(value, bool)
    return Scalar(text.lower() if is_word else text, not isinstance(value, str), place)


def _typed(function: str, name: str, arguments: Mapping[str, Any]) -> str:
    """Give the command line again, for who asks which of many failed."""
    words = [f"{key}={_word(value)}" for key, value in arguments.items()]
    return " ".join(["state.single", function, shlex.quote(name), *words])


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shlex.quote(shortened(shown(text) if "://" in text else text, 60))
