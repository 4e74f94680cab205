"""What another settings tree would change for one peel."""

import json
from collections.abc import Iterator
from typing import Any

from zester_master.settings.offline import leaves
from zester_proto.settings.model import Compiled
from zester_proto.settings.shown import masked


def difference(before: Compiled, after: Compiled, *, show: bool) -> list[str]:
    """Give a line for each value that comes (`+`), goes (`-`) or is another one (`~`).

    Args:
        before: the settings as they are.
        after: as they would be.
        show: with what is masked else; a masked value that changes is told all the same.
    """
    return list(_lines(*_both(before, show=show), *_both(after, show=show)))


def _both(compiled: Compiled, *, show: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Give the values, and how they are shown, by their ways."""
    values = dict(leaves(compiled.values))
    shown = values if show else dict(leaves(masked(compiled)))
    return values, {way: json.dumps(value, ensure_ascii=False) for way, value in shown.items()}


def _lines(
    old: dict[str, Any], old_shown: dict[str, str], new: dict[str, Any], new_shown: dict[str, str]
) -> Iterator[str]:
    for way in {**old, **new}:
        if way not in new:
            yield f"- {way} = {old_shown[way]}"
        elif way not in old:
            yield f"+ {way} = {new_shown[way]}"
        elif old[way] != new[way] or type(old[way]) is not type(new[way]):
            yield f"~ {way} = {old_shown[way]} -> {new_shown[way]}"
