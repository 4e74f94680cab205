"""Says which file and line gave a setting, and what each layer did to it."""

from collections.abc import Iterator
from collections.abc import Mapping as PlainMap
from typing import Any, Final, Literal

import msgspec

from zester_proto.render.kinds import is_map
from zester_proto.render.nodes import Dialect, Mapping, Node, Place, Scalar, Sequence
from zester_proto.render.values import scalar
from zester_proto.settings.model import Compiled
from zester_proto.settings.shown import shown_value
from zester_proto.units import suggest

Did = Literal["set", "merged", "appended", "prepended", "replaced", "kept", "removed"]
"""`kept`: an empty value that leaves a mapping as it was."""

_REPLACE: Final = frozenset({"!overwrite", "!reset"})
_LISTS: Final[dict[str, Did]] = {
    "!append": "appended", "!unique": "appended", "!prepend": "prepended",
}  # fmt: skip


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What one layer did to a setting."""

    place: Place
    """Where it is said; in a file that a template took in, that one."""
    path: str
    """The settings file."""
    env: str
    did: Did
    value: Any = None
    """What this layer says, with a mask for secrets; None where it was removed."""


def trace(
    compiled: Compiled, key: str, *, delimiter: str = ":", lists: str = "replace"
) -> list[Row]:
    """Give what the layers did to a setting, in their order.

    Args:
        compiled: the settings.
        key: its name; `nginx:port` looks into a map. What lies in a list came with the list, which
            is traced in its place.
        delimiter: what stands between the steps of a path.
        lists: what lists did where both had one, as it was compiled.
    """
    steps = _outside_lists(compiled, key.split(delimiter))
    rows: list[Row] = []
    before: Node | None = None
    for layer in compiled.layers:
        found, cut = _found(layer.root, steps, compiled.words)
        if found is None:
            if cut is not None and before is not None:
                rows.append(Row(place=cut.place, path=layer.path, env=layer.env, did="removed"))
                before = None
            continue
        did: Did = "replaced" if cut is not None and before is not None else "set"
        if before is not None and cut is None:
            did = _did(before, found, compiled.words, lists)
        value = shown_value(found, compiled.words)
        rows.append(Row(place=found.place, path=layer.path, env=layer.env, did=did, value=value))
        before = before if did == "kept" else found
    return rows


def meant(compiled: Compiled, key: str) -> str:
    """Give the setting that a name may have been meant to be; empty if none looks like it."""
    known = list(_names(compiled.values))
    below = [one for one in known if one.endswith(f":{key}")]
    return min(below, key=len) if below else suggest(key, known)


def _names(values: PlainMap[Any, Any], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{above}{key}"
        if is_map(value):
            yield from _names(value, f"{above}{key}:")


def _outside_lists(compiled: Compiled, steps: list[str]) -> list[str]:
    """Give the steps up to the first list, if there is something in it for the next one."""
    node: Node | None = compiled.root
    for count, step in enumerate(steps):
        if isinstance(node, Sequence):
            there = step.isdecimal() and int(step) < len(node.items)
            return steps[:count] if there else steps
        node = next(_below(node, step, compiled.words), None) if isinstance(node, Mapping) else None
    return steps


def _found(root: Node, steps: list[str], words: Dialect) -> tuple[Node | None, Node | None]:
    """Give the node at a path, and the one above it that replaces all that was there before."""
    node: Node = root
    cut: Node | None = None
    for step in steps:
        if not isinstance(node, Mapping):
            return None, cut if _is_null(node, words) else node
        if node.tag in _REPLACE:
            cut = node
        below = next(_below(node, step, words), None)
        if below is None:
            return None, cut
        node = below
    return node, cut


def _below(node: Mapping, step: str, words: Dialect) -> Iterator[Node]:
    for key, value in node.pairs:
        if step in {key.text, str(scalar(key, words))}:
            yield value


def _did(before: Node, node: Node, words: Dialect, lists: str) -> Did:
    if node.tag in _REPLACE:
        return "replaced"
    if isinstance(before, Mapping):
        if isinstance(node, Mapping):
            return "merged"
        return "kept" if _is_null(node, words) else "replaced"
    if isinstance(before, Sequence) and isinstance(node, Sequence):
        return _LISTS.get(node.tag, "appended" if lists == "append" else "replaced")
    return "replaced"


def _is_null(node: Node, words: Dialect) -> bool:
    return isinstance(node, Scalar) and not node.tag and scalar(node, words) is None
