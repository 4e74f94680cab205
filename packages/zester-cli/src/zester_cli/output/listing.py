"""Lists of things that are no job: jobs, peels, facts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from zester_cli.invocation import Invocation
from zester_cli.output import forms
from zester_cli.output.columns import Cell, table
from zester_cli.output.screen import style_of
from zester_cli.output.values import flat
from zester_proto.terminal import harmless_line


class Column(NamedTuple):
    """One column: its head, and what it shows of an item."""

    head: str
    show: Callable[[dict[str, Any]], str]
    is_state: bool = False


def field(name: str, head: str = "", *, is_state: bool = False) -> Column:
    """Give the column that shows one field as it is; empty where it is missing."""

    def show(item: dict[str, Any]) -> str:
        value = item.get(name)
        return "" if value is None else flat(value)

    return Column(head or name.upper(), show, is_state)


def moment_of(name: str, head: str = "") -> Column:
    """Give the column that shows a field in Unix seconds as local time."""

    def show(item: dict[str, Any]) -> str:
        return moment(item.get(name))

    return Column(head or name.upper(), show)


def write_list(
    invocation: Invocation,
    columns: Sequence[Column],
    items: Sequence[dict[str, Any]],
    *,
    raw: Callable[[dict[str, Any]], str],
    nothing: str,
    right: str = "",
) -> None:
    """Write items in the form that was asked for.

    Args:
        invocation: says the form.
        columns: of the table.
        items: what there is.
        raw: gives the line of an item in the form `raw`.
        nothing: what the table's reader is told when there is nothing.
        right: heads of columns that stand to the right.
    """
    screen, form = invocation.screen, invocation.options.output
    if form == "raw":
        forms.raw_lines(screen, [raw(item) for item in items])
    elif form != "table":
        forms.structured(screen, form, list(items))
    elif not items:
        screen.note(nothing)
    else:
        rows = [[_cell(column, item) for column in columns] for item in items]
        heads = [column.head for column in columns]
        screen.write("".join(f"{line}\n" for line in table(screen, heads, rows, right)))


def _cell(column: Column, item: dict[str, Any]) -> Cell:
    text = harmless_line(column.show(item))
    return Cell(text, style_of(text) if column.is_state else "")


def moment(seconds: Any) -> str:
    """Give Unix seconds as local time; empty where there are none."""
    if not isinstance(seconds, (int, float)) or not 0 < seconds < 1e11:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
