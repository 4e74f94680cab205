"""`set.yaml`: the facts that were set from afar."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.facts.collect import collect_for
from zester_modules.facts.custom import SET_FILE
from zester_modules.facts.set_file import MODE, NoFact, changed, read, steps_of, written
from zester_modules.returns import Return
from zester_proto import codec, files
from zester_proto.errors import FileProblem


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
        files.write_atomic(path, written(after, path).encode(), MODE)
    return Return(plain, "changed", facts=collect_for(context))


def _steps(key: str) -> list[str]:
    try:
        return steps_of(key)
    except NoFact as error:
        raise _bad(error) from error


def _changed(facts: dict[str, Any], steps: list[str], value: Any) -> dict[str, Any] | None:
    try:
        return changed(facts, steps, value)
    except NoFact as error:
        raise _bad(error) from error


def _bad(error: NoFact) -> BadArgument:
    return BadArgument("facts.set", "key", error.message, expects=error.expects, hint=error.hint)


def _read(path: Path) -> dict[str, Any]:
    try:
        return read(path.read_text("utf-8"), path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {path}: {error}") from error


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
