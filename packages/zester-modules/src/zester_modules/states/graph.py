"""The states of a tree and their requisites as a picture: text, DOT, and SVG."""

from collections.abc import Iterator
from html import escape
from typing import Final, Literal

from zester_modules.states.model import Compiled, Requisite, RequisiteKind, State

Form = Literal["text", "dot", "svg"]

_COLOURS: Final[dict[RequisiteKind, str]] = {
    "require": "#4060a0", "require_any": "#4060a0", "watch": "#a05010", "watch_any": "#a05010",
    "onchanges": "#207040", "onchanges_any": "#207040", "onfail": "#b02030",
    "onfail_any": "#b02030", "onfail_all": "#b02030", "prereq": "#7030a0", "listen": "#606060",
}  # fmt: skip
_ROW: Final = 26
_TOP: Final = 46
_BEND: Final = 0.32
_MAX_BEND: Final = 320.0


def graph(compiled: Compiled, form: Form) -> str:
    """Draw a tree."""
    match form:
        case "text":
            return as_text(compiled)
        case "dot":
            return as_dot(compiled)
        case "svg":
            return as_svg(compiled)


def label(state: State) -> str:
    """Give a state's line: what it is, its id, and its name where that is another."""
    name = f" ({state.name})" if state.name != state.id else ""
    return f"{state.state}.{state.function} {state.id}{name}"


def edges(compiled: Compiled) -> Iterator[tuple[int, int, Requisite]]:
    """Give each requisite as (what it names, who asks for it, requisite)."""
    for place, state in enumerate(compiled.states):
        for one in state.requisites:
            for other in one.states:
                yield other, place, one


def as_text(compiled: Compiled) -> str:
    """Give the running order, each state with what it needs below it."""
    width = len(str(len(compiled.states)))
    lines: list[str] = []
    for place, state in enumerate(compiled.states, 1):
        lines.append(f"{place:>{width}} {label(state)}")
        for one in state.requisites:
            numbers = ", ".join(str(other + 1) for other in one.states) or "nothing"
            lines.append(f"{' ' * width}   {one.kind} {numbers}: {one.text}")
    return "\n".join(lines) + "\n"


def as_dot(compiled: Compiled) -> str:
    """Give the graph for Graphviz."""
    lines = ["digraph states {", '  rankdir="LR"; node [shape=box, fontname="sans-serif"];']
    for place, state in enumerate(compiled.states, 1):
        name = f"\\n{_quoted(state.name)}" if state.name != state.id else ""
        text = f"{place} {state.state}.{state.function}\\n{_quoted(state.id)}{name}"
        lines.append(f'  s{place} [label="{text}"];')
    for first, second, one in edges(compiled):
        colour = _COLOURS[one.kind]
        lines.append(f'  s{first + 1} -> s{second + 1} [label="{one.kind}", color="{colour}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def as_svg(compiled: Compiled) -> str:
    """Give a picture: states in running order from above, requisites as arcs at their left."""
    found = list(edges(compiled))
    bend = max((_bend(first, second) for first, second, _ in found), default=0.0)
    left = round(bend * 0.75 + 40)
    widest = max((len(label(one)) for one in compiled.states), default=10)
    kinds = [kind for kind in _COLOURS if any(one.kind == kind for _, _, one in found)]
    width = max(left + widest * 8 + 40, sum(map(_legend_width, kinds)) + 24)
    height = _TOP + len(compiled.states) * _ROW + 10
    parts = [
        _head(width, height),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_legend(kinds),
        *(_arc(first, second, one, left) for first, second, one in found),
        *(_row(place, one, left) for place, one in enumerate(compiled.states)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="monospace" font-size="13">'
    )


def _bend(first: int, second: int) -> float:
    return min(abs(second - first) * _ROW * _BEND + 14, _MAX_BEND)


def _y(place: int) -> int:
    return _TOP + place * _ROW + _ROW // 2


def _arc(first: int, second: int, one: Requisite, left: int) -> str:
    x, above, below = left - 4, _y(first), _y(second)
    out = round(x - _bend(first, second), 1)
    colour = _COLOURS[one.kind]
    dash = ' stroke-dasharray="5 3"' if one.kind in {"listen", "prereq"} else ""
    return (
        f"<g><title>{escape(f'{one.kind}: {one.text}')}</title>"
        f'<path d="M{x} {above} C{out} {above} {out} {below} {x - 5} {below}" fill="none" '
        f'stroke="{colour}" stroke-width="1.3"{dash}/>'
        f'<path d="M{x} {below} l-7 -3.5 v7 z" fill="{colour}"/></g>'
    )


def _row(place: int, state: State, left: int) -> str:
    y = _y(place)
    fill = "#b02030" if state.unknown or state.problem else "#202020"
    where = escape(f"{state.source.file}:{state.source.line}")
    return (
        f'<g><title>{where}</title><circle cx="{left}" cy="{y}" r="3" fill="{fill}"/>'
        f'<text x="{left + 10}" y="{y + 4}" fill="{fill}" xml:space="preserve">'
        f"{escape(label(state))}</text></g>"
    )


def _legend_width(kind: str) -> int:
    return 48 + 8 * len(kind)


def _legend(kinds: list[str]) -> Iterator[str]:
    x = 12
    for kind, colour in _COLOURS.items():
        if kind not in kinds:
            continue
        yield (
            f'<path d="M{x} 20 h22" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{x + 28}" y="24" fill="{colour}">{kind}</text>'
        )
        x += _legend_width(kind)
