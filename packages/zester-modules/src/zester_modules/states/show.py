"""A compiled tree as plain data, for people and programs (states.md 7)."""

from typing import Any

from zester_modules.states.model import Compiled, Requisite, State
from zester_proto.render.nodes import Problem
from zester_proto.render.values import plain
from zester_proto.secrets.masker import MASK


def show(compiled: Compiled) -> dict[str, Any]:
    """Give the errors and the states in the order in which they would run."""
    shown: dict[str, Any] = {"errors": [problem_data(one) for one in compiled.errors]}
    if compiled.more_errors:
        shown["more_errors"] = compiled.more_errors
    shown["states"] = [state_data(one, compiled) for one in compiled.states]
    return shown


def problem_data(problem: Problem) -> dict[str, Any]:
    """Give a problem as results show it; what is empty and unusual is left out."""
    place = problem.place
    data: dict[str, Any] = {
        "file": place.file if place else "",
        "line": place.line if place else None,
        "column": place.column if place else None,
        "message": problem.message,
        "hint": problem.hint,
    }
    if problem.rendered:
        data["rendered"] = problem.rendered
    if problem.because:
        data["because"] = list(problem.because)
    return data


def state_data(state: State, compiled: Compiled) -> dict[str, Any]:
    """Give one state."""
    data: dict[str, Any] = {
        "id": state.id,
        "function": f"{state.state}.{state.function}",
        "name": state.name,
        "order": state.order,
        "arguments": MASK if state.sensitive or state.options.no_log else arguments_data(state),
        "requisites": [_requisite(one, compiled) for one in state.requisites],
        "source": source_data(state),
        "unknown": state.unknown,
    }
    if state.problem:
        data["problem"] = state.problem
    if state.warnings:
        data["warnings"] = list(state.warnings)
    return data


def source_data(state: State) -> dict[str, Any]:
    """Give where a state stands; no line if it is in no file, but was typed."""
    return {"file": state.source.file, "line": state.source.line or None}


def arguments_data(state: State) -> dict[str, Any]:
    """Give a state's arguments as plain values."""
    return {key: plain(node, state.dialect) for key, node in state.arguments.items()}


def _requisite(one: Requisite, compiled: Compiled) -> dict[str, Any]:
    ids = list(dict.fromkeys(compiled.states[place].id for place in one.states))
    return {"kind": one.kind, "text": one.text, "ids": ids, "line": one.place.line}
