"""What `set.yaml` holds: the facts that `facts.set` and states of grains set."""

from pathlib import Path
from typing import Any, cast

from zester_modules.errors import Refused
from zester_modules.facts import yamlfile
from zester_modules.facts.collect import RESERVED
from zester_modules.facts.custom import TOTAL_LIMIT
from zester_proto import codec
from zester_proto.config_tree import ConfigError
from zester_proto.errors import ZesterError

MODE = 0o600


class NoFact(ZesterError):
    """Raised when a name is that of no fact that could be set.

    Attributes:
        expects: what would have been right.
    """

    def __init__(self, message: str, *, expects: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.expects = expects


def steps_of(key: str, delimiter: str = ":") -> list[str]:
    """Give the steps of a name such as `rack:row`.

    Raises:
        NoFact: it is none, or a built-in fact's.
    """
    steps = key.split(delimiter)
    if not all(step.strip() and step.isprintable() for step in steps):
        raise NoFact(
            f"{key!r} is no name of a fact",
            expects="a name", hint="use a name such as rack, or rack:row for an entry of a map",
        )  # fmt: skip
    if steps[0] in RESERVED:
        raise NoFact(
            f"{steps[0]} is a built-in fact", expects="another name",
            hint="facts of your own need names of their own",
        )  # fmt: skip
    return steps


def read(text: str, path: Path) -> dict[str, Any]:
    """Give the facts of a file.

    Raises:
        Refused: it holds what is no map.
    """
    try:
        return codec.normalise(yamlfile.load(text, str(path)))
    except ConfigError as error:
        raise Refused(error.message, hint="repair it by hand, or move it away") from error


def written(facts: dict[str, Any], path: Path) -> str:
    """Give the file that holds some facts.

    Raises:
        Refused: it would be too large, or could not be read again.
    """
    text = yamlfile.dump(facts)
    if len(text) > TOTAL_LIMIT:
        raise Refused(
            f"{path} would become larger than {TOTAL_LIMIT} bytes", hint="set something smaller"
        )
    try:
        kept = yamlfile.load(text, "value") == facts
    except ConfigError as error:
        raise Refused(f"the value cannot be kept: {error.message}") from error
    if not kept:
        raise Refused(
            f"the value cannot be kept in {path}", hint="set text, numbers, lists or maps"
        )
    return text


def changed(facts: dict[str, Any], steps: list[str], value: Any) -> dict[str, Any] | None:
    """Give the facts with one changed, or without it if the value is None; None: it was so.

    Raises:
        NoFact: what should be a map is none.
    """
    name, rest = steps[0], steps[1:]
    before = facts.get(name)
    if not rest:
        if value is None:
            without = {key: one for key, one in facts.items() if key != name}
            return without if name in facts else None
        same = name in facts and codec.pack_normal(before) == codec.pack_normal(value)
        return None if same else facts | {name: value}
    if before is not None and not isinstance(before, dict):
        raise NoFact(
            f"{name} is set to {before!r}, which is no map",
            hint=f"take it away first: facts.set {name} null",
        )
    inner = changed(cast("dict[str, Any]", before or {}), rest, value)
    return None if inner is None else facts | {name: inner}
