"""One call of a function, from its arguments to its return, whatever it does."""

import contextlib
import inspect
import os
import sys
import time
import traceback
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from zester_modules import __version__
from zester_modules.bind import BoundCall, bind
from zester_modules.context import FACTS_DIR, Context, LazyFacts
from zester_modules.errors import Refused
from zester_modules.host.spec import CommandSpec
from zester_modules.registry import Registry
from zester_modules.returns import Outcome, Return, masked
from zester_proto import codec
from zester_proto.errors import CodecError, ZesterError
from zester_proto.secrets.masker import Masker

if TYPE_CHECKING:
    from zester_modules.states.trees import Trees

T = TypeVar("T")

DEBUG_LIMIT: Final = 16 * 1024
"""Characters of a traceback that travel."""

_OWN_OUTCOMES: Final = frozenset({
    Outcome.OK, Outcome.CHANGED, Outcome.WOULD_CHANGE, Outcome.FAILED, Outcome.REFUSED,
})  # fmt: skip
_STANDARD: Final = os.path.dirname(os.__file__)  # noqa: PTH120  # compared with text


async def run_inline(call: BoundCall, context: Context) -> Return:
    """Run an inline function in the agent's loop; it never raises but for being cancelled."""
    name = call.function.name
    try:
        _check_dry(call, context)
        return _answer(name, await call.invoke(context))
    except (Exception, SystemExit) as error:  # noqa: BLE001  # any failure is an outcome
        return failure(name, error, context.masker)


async def prepare(call: BoundCall, context: Context) -> CommandSpec | Return:
    """Plan a command function in the agent; a `Return` says that there is nothing to run.

    The plan looks at users and folders, which may hang, and so is made beside the loop.
    """
    from zester_modules.host.threads import in_daemon_thread, nothing  # noqa: PLC0415  # asyncio

    name = call.function.name
    try:
        _check_dry(call, context)
        spec = await in_daemon_thread(lambda: call.invoke(context), late=nothing)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # any failure is an outcome
        return failure(name, error, context.masker)
    if not isinstance(spec, CommandSpec):
        return failure(name, TypeError(f"{name} planned no command"))
    return Return({"would_run": list(spec.argv)}, "would-change") if context.test else spec


def run_bound(call: BoundCall, context: Context, *, masker: Masker | None = None) -> Return:
    """Run any function to its end in this process, as a worker does; it never raises.

    Only KeyboardInterrupt passes. What it prints and what children it leaves is the caller's to
    care for.

    Args:
        call: of the function.
        context: handed to it.
        masker: takes secrets out of what a command prints, before it is on a disk; templates and
            states need it as it is.
    """
    name = call.function.name
    try:
        if call.function.runs == "command":
            return _awaited(_run_command(call, context, masker))
        _check_dry(call, context)
        value = call.invoke(context)
        return _answer(name, _awaited(value) if inspect.iscoroutine(value) else value)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # any failure is an outcome
        return failure(name, error, context.masker)


def _awaited(work: Coroutine[Any, Any, T]) -> T:
    import asyncio  # noqa: PLC0415  # 20 ms, which most local calls can do without

    return asyncio.run(work)


async def _run_command(call: BoundCall, context: Context, masker: Masker | None) -> Return:
    from zester_modules.host.process import Command  # noqa: PLC0415  # most calls start nothing
    from zester_modules.output import output_of  # noqa: PLC0415  # the same

    spec = await prepare(call, context)
    if isinstance(spec, Return):
        return spec
    finished = await Command(spec, context.tmp, masker=masker).run()
    try:
        return output_of(finished, timeout=spec.timeout).whole()
    finally:
        finished.close()


def call(
    function: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    facts_dir: Path = FACTS_DIR,
    peel_id: str = "",
    version: str = __version__,
    test: bool = False,
    timeout: float | None = None,
    facts: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
    trees: "Trees | None" = None,
    masker: Masker | None = None,
) -> Return:
    """Run one function on this host with no agent and no bus; it never raises.

    What the function prints goes to stderr, so that stdout is the caller's.

    Args:
        function: its name.
        args: words or values by place.
        kwargs: words or values by name.
        facts_dir: where custom facts lie.
        peel_id: the fact `id`.
        version: the agent's.
        test: a dry run.
        timeout: seconds that the function may know of; only commands are stopped by it.
        facts: given ones; else they are collected when the function looks at them.
        registry: the functions; else the built-in ones, those installed and those of the tree.
        trees: where state and settings trees lie.
        masker: learns the secrets that are read, for who writes the log.
    """
    import tempfile  # noqa: PLC0415  # the agent has folders of its own

    from zester_modules import entrypoints  # noqa: PLC0415  # the agent has its own
    from zester_modules.states.trees import use, with_modules  # noqa: PLC0415  # the same

    functions = registry or with_modules(Registry(entrypoints.scan), trees)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            bound = bind(functions.find(function), args, kwargs or {})
    except ZesterError as error:
        return failure(function, error)
    with tempfile.TemporaryDirectory(prefix="zester-call-") as folder:
        context = Context(
            registry=functions, peel_id=peel_id, test=test, tmp=Path(folder),
            facts_dir=facts_dir, version=version, trees=trees,
            deadline=None if timeout is None else time.monotonic() + timeout,
            masker=Masker() if masker is None else masker,
        )  # fmt: skip
        if trees is not None:
            use(trees, context)
        context.facts = LazyFacts(lambda: _collect(context)) if facts is None else facts
        with contextlib.redirect_stdout(sys.stderr):
            return masked(run_bound(bound, context, masker=context.masker), context.masker)


def _collect(context: Context) -> dict[str, Any]:
    from zester_modules.facts.collect import collect_for  # noqa: PLC0415  # few functions ask

    found = collect_for(context)
    for warning in found.warnings:
        context.log.warning("%s", warning)
    return found.facts()


def failure(name: str, error: BaseException, masker: Masker | None = None) -> Return:
    """Give the return of a function that raised: one sentence, and the traceback for debugging.

    What is secret is masked before texts are cut, as half of a secret is not found any more.
    """
    mask = (Masker() if masker is None else masker).text
    debug = mask("".join(traceback.format_exception(error)))[-DEBUG_LIMIT:]
    if isinstance(error, Refused):
        return Return(None, Outcome.REFUSED, error=error.message, hint=error.hint, debug=debug)
    if isinstance(error, ZesterError):
        text = error.message if error.message.startswith(name) else f"{name}: {error.message}"
        return Return(None, Outcome.FAILED, error=text, hint=error.hint, debug=debug)
    hint = ""
    if isinstance(error, SystemExit):
        what = f"ended its process with exit code {error.code!r}"
    else:
        hint = _hint_of(error)
        what = mask(f"raised {type(error).__name__}: {error}")[:2000].rstrip(": ")
    place = _place(error.__traceback__)
    return Return(
        None, Outcome.FAILED, error=f"{name} {what}" + (f" ({place})" if place else ""), hint=hint,
        debug=debug,
    )  # fmt: skip


def _hint_of(error: BaseException) -> str:
    if not isinstance(error, NameError) or not error.name:
        return ""
    from zester_modules.states.salt_names import hint_for  # noqa: PLC0415  # a rare mistake

    return hint_for(error.name)


def _place(trace: TracebackType | None) -> str:
    """Give file and line of the innermost code that is not Python's own."""
    place = ""
    for frame, line in traceback.walk_tb(trace):
        path = frame.f_code.co_filename
        is_standard = path.startswith((_STANDARD, "<")) and "site-packages" not in path
        if not is_standard and path != __file__:
            place = f"{path}:{line}"
    return place


def _check_dry(call: BoundCall, context: Context) -> None:
    if context.test and not (call.function.reads or call.function.dry):
        raise Refused(
            f"{call.function.name} cannot say what it would do, so nothing was done",
            hint="leave test=True out to run it",
        )


def _answer(name: str, value: Any) -> Return:
    answer = value if isinstance(value, Return) else Return(value)
    if answer.outcome not in _OWN_OUTCOMES:
        raise TypeError(f"{name} gave the outcome {cast('object', answer.outcome)!r}")
    try:
        normal = codec.normalise(answer.value)
    except CodecError as error:
        raise ZesterError(
            f"{name} ran, but its answer cannot travel: {error.message}",
            hint="what it did is done; its authors must return plain values",
        ) from error
    return Return(
        normal, answer.outcome, error=answer.error, hint=answer.hint, debug=answer.debug,
        facts=answer.facts,
    )  # fmt: skip
