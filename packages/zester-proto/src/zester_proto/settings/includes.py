"""Reads what a settings file includes: references, with the `key` and `defaults` of each."""

from typing import Any, Final, cast

import msgspec

from zester_proto.render.nodes import Dialect, Mapping, Node, Place, Problem, Scalar, Sequence
from zester_proto.render.values import plain
from zester_proto.tree.problems import Problems
from zester_proto.units import did_you_mean

_OPTIONS: Final = ("defaults", "key")


class Include(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `include`."""

    reference: str
    place: Place
    key: tuple[str, ...] = ()
    """Below which settings its values come."""
    defaults: dict[str, Any] = {}
    """Names that its template knows."""


def no_mapping(path: str, root: Node) -> Problem:
    """Say what is wrong with a settings file that is a list or a single value."""
    kind = "a list" if isinstance(root, Sequence) else "a single value"
    return Problem(
        message="settings are a mapping of names and values", place=root.place,
        hint=f"{path} is {kind}",
    )  # fmt: skip


def read_includes(
    root: Mapping, dialect: Dialect, problems: Problems
) -> tuple[tuple[Include, ...], Mapping]:
    """Give what a file includes, and the file without that."""
    value = next((value for key, value in root.pairs if key.text == "include"), None)
    if value is None:
        return (), root
    own = Mapping(
        tuple(pair for pair in root.pairs if pair[0].text != "include"), root.place, root.tag
    )
    if not isinstance(value, Sequence):
        problems.error("`include` takes a list", value.place, "write each file as `- name`")
        return (), own
    found = (_include(item, dialect, problems) for item in value.items)
    return tuple(one for one in found if one is not None), own


def _include(item: Node, dialect: Dialect, problems: Problems) -> Include | None:
    if isinstance(item, Scalar):
        return Include(reference=item.text.replace("/", "."), place=item.place)
    if isinstance(item, Mapping) and len(item.pairs) == 1:
        name, options = item.pairs[0]
        if isinstance(options, Mapping):
            return _with_options(name, options, dialect, problems)
    problems.error(
        "an include is a name, or a name with a mapping of options", item.place,
        "options stand two columns further in than the name: `- name:` and below `    key: x`",
    )  # fmt: skip
    return None


def _with_options(
    name: Scalar, options: Mapping, dialect: Dialect, problems: Problems
) -> Include | None:
    key: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}
    for option, value in options.pairs:
        given: Any = plain(value, dialect)
        if option.text == "key" and isinstance(value, Scalar):
            key = tuple(value.text.split(":")) if given is not None else ()
        elif option.text == "defaults" and isinstance(given, dict):
            defaults = {str(one): what for one, what in cast("dict[Any, Any]", given).items()}
        elif option.text in _OPTIONS:
            kind = "text" if option.text == "key" else "a mapping"
            problems.error(f"`{option.text}` of an include is {kind}", value.place)
        else:
            hint = did_you_mean(option.text, _OPTIONS) or "there are key and defaults"
            problems.error(f"an include has no option {option.text!r}", option.place, hint)
    return Include(
        reference=name.text.replace("/", "."), place=name.place, key=key, defaults=defaults
    )
