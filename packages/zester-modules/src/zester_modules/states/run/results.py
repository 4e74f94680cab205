"""The result of a run, as it travels and is shown (states.md 7)."""

from collections.abc import Iterable, Iterator
from typing import Any

from zester_modules.resource import HIDDEN_DIFF, Leaf, Unknown
from zester_modules.states.model import Compiled, State
from zester_modules.states.run.outcome import Ran, Row
from zester_modules.states.show import problem_data, source_data
from zester_proto import codec
from zester_proto.errors import CodecError
from zester_proto.render.nodes import Mapping, Node, Scalar, Sequence
from zester_proto.secrets.masker import MASK, Masker


def refused(compiled: Compiled) -> dict[str, Any]:
    """Give the result of a tree that cannot be run: nothing was done."""
    return {
        "result": "refused",
        "errors": [problem_data(one) for one in compiled.errors],
        "more_errors": compiled.more_errors,
        "warnings": [problem_data(one) for one in compiled.warnings],
        "states": [],
    }


def results(rows: Iterable[Row], compiled: Compiled) -> dict[str, Any]:
    """Give the result of a run."""
    states = [_state(row) for row in rows]
    return {
        "result": overall(states),
        "errors": [],
        "warnings": [problem_data(one) for one in compiled.warnings],
        "states": states,
    }


def overall(states: list[dict[str, Any]]) -> str:
    """Give the result of all: the worst of them."""
    found = {str(one["result"]) for one in states}
    for result in ("failed", "changed", "would-change"):
        if result in found:
            return result
    return "ok"


def _state(row: Row) -> dict[str, Any]:
    state, ran = row.state, row.ran
    hidden = state.sensitive or state.options.no_log or ran.sensitive
    return {
        "id": row.id,
        "function": row.function,
        "name": state.name,
        "result": ran.result,
        "changed": bool(ran.leaves),
        "certain": ran.certain and not ran.because and not ran.unsettled,
        "unsettled_by": list(ran.unsettled),
        "changes": _changes(state, ran, hidden=hidden),
        "diff": (HIDDEN_DIFF if ran.diff else "") if hidden else ran.diff,
        "output": plain(MASK if hidden and ran.output is not None else ran.output),
        "comment": _comment(state, ran) if hidden else ran.comment,
        "warnings": [*state.warnings, *ran.warnings],
        "skipped_by": ran.skipped_by,
        "reaction": ran.reaction,
        "attempts": ran.attempts,
        "duration_ms": round(ran.duration_ms, 3),
        "source": source_data(state),
    }


def _comment(state: State, ran: Ran) -> str:
    """Give what a state says without its own secret arguments.

    The run's masker knows secrets, and not what a template made of them.
    """
    texts = {text for node in state.arguments.values() for text in _secret_texts(node)}
    return Masker(texts).text(ran.comment) if ran.comment else ""


def _secret_texts(node: Node) -> Iterator[str]:
    # of `state.single` no place is secret: the masker knows its arguments as they were given
    match node:
        case Scalar():
            if node.place.secret:
                yield node.text
        case Sequence():
            for item in node.items:
                yield from _secret_texts(item)
        case Mapping():
            for _, value in node.pairs:
                yield from _secret_texts(value)


def _changes(state: State, ran: Ran, *, hidden: bool) -> dict[str, Any]:
    if ran.because and not ran.leaves:
        # it may change after all
        return {state.name: Unknown(ran.because).wire()}
    return {one.path: _leaf(one, hidden=hidden) for one in ran.leaves}


def _leaf(one: Leaf, *, hidden: bool) -> dict[str, Any]:
    if isinstance(one.after, Unknown):
        before = {} if one.before is None else {"before": _side(one.before, hidden=hidden)}
        return one.after.wire() | before
    return {
        "before": _side(one.before, hidden=hidden),
        "after": _side(one.after, hidden=hidden),
    }


def _side(value: Any, *, hidden: bool) -> Any:
    if isinstance(value, Unknown):
        return value.wire()
    return MASK if hidden and value is not None else plain(value)


def plain(value: Any) -> Any:
    """Give a value that can travel; the text of one that cannot."""
    try:
        return codec.normalise(value)
    except CodecError:
        return str(value)
