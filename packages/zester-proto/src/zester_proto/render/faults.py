"""What went wrong in a template, as an operator reads it: the source's line, the way, a hint."""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, TracebackType
from typing import Any, Final

from jinja2 import Template, TemplateNotFound, TemplateSyntaxError, Undefined, UndefinedError
from jinja2.exceptions import SecurityError, TemplateRuntimeError, TemplatesNotFound
from jinja2.nodes import Node
from jinja2.parser import Parser

from zester_proto.errors import ZesterError
from zester_proto.providers import BrokenProvider
from zester_proto.render.data import BadData
from zester_proto.render.environment import NotText
from zester_proto.render.nodes import Place, Problem
from zester_proto.render.timer import TimeUp
from zester_proto.units import did_you_mean, suggest

_UNKNOWN: Final = re.compile(r"(?:unknown (tag)|No (filter|test) named) '(\w+)'")
_MAX_CHAIN: Final = 8


def problems_of(
    error: BaseException, here: Place, known: Mapping[str, Iterable[str]]
) -> tuple[Problem, ...]:
    """Return what an exception out of a template says.

    Args:
        error: the exception.
        here: how far the render came, where the exception does not know better.
        known: the names that there are, by `tag`, `filter` and `test`.
    """
    steps = list(steps_of(error.__traceback__))
    place, because = place_and_chain(steps, here)
    if isinstance(error, TemplateSyntaxError):
        message = f"not Jinja: {error.message or error}"
        place = Place(error.name or here.file, error.lineno)
        return (_problem(message, place, because, _hint_of(message, known)),)
    if isinstance(error, BadData):
        return tuple(_with_place(problem, place, because) for problem in error.problems)
    if isinstance(error, NotText) and not steps:
        place = Place(error.path, error.line)
    if isinstance(error, SyntaxError | RecursionError) and not steps:
        place = Place(here.file, _parser_line(error.__traceback__))
    if isinstance(error, BrokenProvider) and not steps:
        place = Place(here.file, _node_line(error.__traceback__))
    message, hint = _message(error)
    return (_problem(message, place, because, hint),)


def _problem(message: str, place: Place, because: tuple[str, ...], hint: str) -> Problem:
    return Problem(message=message, place=place, hint=hint, because=because)


def _with_place(problem: Problem, place: Place, because: tuple[str, ...]) -> Problem:
    if problem.place is not None:
        return problem
    return Problem(
        message=problem.message,
        place=place,
        hint=problem.hint,
        rendered=problem.rendered,
        because=because,
    )


def _message(error: BaseException) -> tuple[str, str]:  # noqa: C901, PLR0912 -- one row a kind
    text = str(error).strip()
    match error:
        case ZesterError():
            return error.message, error.hint
        case UndefinedError():
            return text, ""
        case TemplatesNotFound():
            names = ", ".join(str(name) for name in error.templates)
            return f"none of these files is in the tree: {names}", ""
        case TemplateNotFound():
            if error.message != error.name:
                return text, "a path begins at the tree's root, or with ./ or ../ beside this file"
            return f"there is no file {error.name} in the tree", "paths begin at the tree's root"
        case SecurityError():
            return f"not allowed in a template: {text}", ""
        case TimeUp():
            return "the template takes too long and was stopped", "look for a loop that never ends"
        case MemoryError():
            return "the template needs too much memory", "look for something that grows in a loop"
        case RecursionError():
            return "too deeply nested, or a macro that calls itself for ever", ""
        case SyntaxError():
            return f"too deeply nested for a template ({error.msg})", "set parts of it as variables"
        case OverflowError() if "MAX_RANGE" in text:
            return "range() gives at most 100000 numbers", ""
        case NotText():
            return text, error.hint
        case TemplateRuntimeError():
            return text, ""
        case UnicodeError():
            return f"a text that is no UTF-8: {text}", ""
        case _ if type(error).__name__ == "TemplateError":
            return text, ""
        case _:
            return f"{type(error).__name__}: {text}" if text else type(error).__name__, ""


def _hint_of(message: str, known: Mapping[str, Iterable[str]]) -> str:
    found = _UNKNOWN.search(message)
    if found is None:
        return ""
    near = suggest(found[3], sorted(known[found[1] or found[2]]))
    return f"did you mean {near}?" if near else ""


def undefined_problem(missing: Undefined, place: Place, because: tuple[str, ...]) -> Problem:
    """Return the problem of one undefined name."""
    name = missing._undefined_name  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- Jinja has no other way to ask
    holder: Any = missing._undefined_obj  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- the same
    message = str(missing._undefined_message)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- the same
    hint = ""
    if isinstance(holder, dict) and isinstance(name, str):
        keys = [key for key in holder if isinstance(key, str)]  # pyright: ignore[reportUnknownVariableType] -- data is free-form
        hint = did_you_mean(name, keys)
    return _problem(message, place, because, hint)


def steps_of(trace: TracebackType | None) -> Iterator[tuple[str, str, int]]:
    """Yield file, function and source line of each step within templates, outermost first."""
    while trace is not None:
        step = step_of(trace.tb_frame, trace.tb_lineno)
        if step is not None:
            yield step
        trace = trace.tb_next


def step_of(frame: FrameType, line: int) -> tuple[str, str, int] | None:
    """Return file, function and source line of a frame, if it runs a template."""
    template = frame.f_globals.get("__jinja_template__")
    if not isinstance(template, Template):
        return None
    return template.name or "", frame.f_code.co_name, template.get_corresponding_lineno(line)


def steps_to(frame: FrameType | None) -> list[tuple[str, str, int]]:
    """Return the steps that led to a frame, outermost first."""
    steps: list[tuple[str, str, int]] = []
    while frame is not None:
        step = step_of(frame, frame.f_lineno)
        if step is not None:
            steps.append(step)
        frame = frame.f_back
    return steps[::-1]


def place_and_chain(
    steps: list[tuple[str, str, int]], here: Place
) -> tuple[Place, tuple[str, ...]]:
    """Return the innermost place of some steps, and the way there."""
    return (Place(steps[-1][0], steps[-1][2]) if steps else here), _chain(steps)


def _chain(steps: list[tuple[str, str, int]]) -> tuple[str, ...]:
    outer = dict.fromkeys(f"used by {file}:{line}" for file, _, line in reversed(steps[:-1]))
    return tuple(outer)[:_MAX_CHAIN]


def _parser_line(trace: TracebackType | None) -> int:
    """Return how far Jinja's parser came, where it was the one that gave up."""
    line = 1
    while trace is not None:
        parser = trace.tb_frame.f_locals.get("self")
        if isinstance(parser, Parser):
            line = parser.stream.current.lineno
        trace = trace.tb_next
    return line


def _node_line(trace: TracebackType | None) -> int:
    """Return the line of what Jinja's code generator was about when something failed."""
    line = 1
    while trace is not None:
        node = trace.tb_frame.f_locals.get("node")
        if isinstance(node, Node):
            line = node.lineno
        trace = trace.tb_next
    return line
