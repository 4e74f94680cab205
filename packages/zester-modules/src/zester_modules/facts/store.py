"""`set.yaml`: the facts that were set from afar."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.facts import yamlfile
from zester_modules.facts.collect import RESERVED, collect_for
from zester_modules.facts.custom import SET_FILE, TOTAL_LIMIT
from zester_modules.returns import Return
from zester_proto import codec, files
from zester_proto.config_tree import ConfigError
from zester_proto.errors import FileProblem

MODE = 0o600


def set_fact(context: Context, key: str, value: Any) -> Return:
    """Set one fact, or take it away if the value is None, and collect anew.

    Raises:
        BadArgument: the key is none, or a built-in fact's.
        Refused: `set.yaml` holds what is no map, or would become too large.
        FileProblem: it cannot be written.
    """
    steps = _steps(key)
    plain = codec.normalise(value)
    path = context.facts_dir / SET_FILE
    if context.test:
        changed = _changed(_read(path), steps, plain) is not None
        return Return(plain, "would-change" if changed else "ok")
    with _locked(context.facts_dir):
        after = _changed(_read(path), steps, plain)
        if after is None:
            return Return(plain)
        files.write_atomic(path, _text(after, path).encode(), MODE)
    return Return(plain, "changed", facts=collect_for(context))


def _steps(key: str) -> list[str]:
    steps = key.split(":")
    if not all(step.strip() and step.isprintable() for step in steps):
        raise BadArgument(
            "facts.set", "key", f"{key!r} is no name of a fact",
            expects="a name", hint="use a name such as rack, or rack:row for an entry of a map",
        )  # fmt: skip
    if steps[0] in RESERVED:
        raise BadArgument(
            "facts.set", "key", f"{steps[0]} is a built-in fact", expects="another name",
            hint="facts of your own need names of their own",
        )  # fmt: skip
    return steps


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {path}: {error}") from error
    try:
        return codec.normalise(yamlfile.load(text, str(path)))
    except ConfigError as error:
        raise Refused(error.message, hint="repair it by hand, or move it away") from error


def _text(facts: dict[str, Any], path: Path) -> str:
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


def _changed(facts: dict[str, Any], steps: list[str], value: Any) -> dict[str, Any] | None:
    """Give the facts with one changed, or None if it was so already."""
    name, rest = steps[0], steps[1:]
    before = facts.get(name)
    if not rest:
        if value is None:
            without = {key: one for key, one in facts.items() if key != name}
            return without if name in facts else None
        same = name in facts and codec.pack_normal(before) == codec.pack_normal(value)
        return None if same else facts | {name: value}
    if before is not None and not isinstance(before, dict):
        raise BadArgument(
            "facts.set", "key", f"{name} is set to {before!r}, which is no map",
            hint=f"take it away first: facts.set {name} null",
        )  # fmt: skip
    inner = _changed(cast("dict[str, Any]", before or {}), rest, value)
    return None if inner is None else facts | {name: inner}


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Keep two that set a fact at once from losing one."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(folder / ".set.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileProblem(
            f"cannot write to {folder}: {error.strerror}",
            hint="the agent needs to be root, or the owner of that folder",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
