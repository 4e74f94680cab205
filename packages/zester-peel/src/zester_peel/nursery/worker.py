"""What happens in a worker: limits, one function, and its answer into files."""

import contextlib
import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from zester_modules.bind import bind
from zester_modules.call import failure, run_bound
from zester_modules.context import Context, LazyFacts
from zester_modules.errors import Refused
from zester_modules.facts.collected import FACTS_LIMIT
from zester_modules.registry import BUILTIN, Provider, Registry
from zester_modules.returns import Return, shorten
from zester_modules.states.trees import use, with_modules
from zester_peel.locks import wait_for_lock
from zester_peel.nursery.wire import FRAME_LIMIT, STATUS_FILE, VALUE_FILE, Order, Status
from zester_proto.codec import encode, pack_normal, unpack
from zester_proto.errors import ZesterError
from zester_proto.messages.jobs import Outcome
from zester_proto.secrets.masker import Masker
from zester_proto.secrets.printed import Printed
from zester_proto.secrets.references import may_name_secrets

_ENGINE: Final = (
    "zester_modules.states.session", "zester_modules.states.single",
)  # fmt: skip
_WARMED: Final = {"states": {"state"}, "settings": {"state", "settings", "pillar"}}
"""What to import for functions of these modules."""

_MORE_MEMORY: Final = "raise worker_memory of this peel, if the function may have more"
_ERROR: Final = 4096
"""Characters of an error's text."""


class Prepared(msgspec.Struct, frozen=True):
    """What all workers have in common, made before they are forked."""

    registry: Registry
    warmed: set[str] = msgspec.field(default_factory=set[str])
    """What was imported on top, by name."""

    def warm(self, function: str, *, renders: bool) -> None:
        """Import what runs states or renders settings before the first worker that does is forked.

        It costs a tenth of a second and some megabytes, which peels that do neither do not pay.

        Args:
            function: what the worker runs.
            renders: there are settings to be rendered, should it look at them.
        """
        module = function.partition(".")[0]
        wanted = {name for name, modules in _WARMED.items() if module in modules}
        wanted -= {*self.warmed, *(() if renders else ("settings",))}
        if "states" in wanted:
            _import_states()
        if "settings" in wanted:
            importlib.import_module("zester_modules.states.rehearsal").rehearse(self.registry)
        if wanted:
            self.warmed.update(wanted)
            share_memory()


def _import_states() -> None:
    for module in _ENGINE:
        importlib.import_module(module)
    table = importlib.import_module("zester_modules.states.resources_table")
    for module in table.RESOURCES.values():
        importlib.import_module(module)


def share_memory() -> None:
    """Let what is there now stay shared with workers that are forked later.

    No count of their collectors touches it.
    """
    gc.collect()
    gc.freeze()


def prepare() -> Prepared:
    """Import the functions of Zester; third parties' are each worker's own business."""
    registry = Registry(_third_parties)
    for module in BUILTIN:
        registry.functions(module)
    return Prepared(registry)


def _third_parties() -> Iterable[Provider]:
    from zester_modules.entrypoints import scan  # noqa: PLC0415  # 35 ms that few jobs need

    return scan()


def work(order: Order, prepared: Prepared) -> int:
    """Run an order and write its answer; give the exit code of the worker."""
    folder = Path(order.folder)
    try:
        _limit(order)
        masker = Masker()
        with _masked_print(masker):
            answer = _answer(order, prepared.registry, masker)
        status = _write_value(folder, answer, order.max_return, masker)
    except MemoryError:
        # there may be no room for more than this
        status = _failed("the function needed more memory than a worker may have",
                         hint=_MORE_MEMORY)  # fmt: skip
    except OSError as error:
        status = _failed(
            f"cannot keep what the function returned: {error.strerror or error}",
            hint="make room on the disk of state_dir",
        )
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    _write_new(folder / f"{STATUS_FILE}.tmp", encode(status))
    (folder / f"{STATUS_FILE}.tmp").replace(folder / STATUS_FILE)
    return 0


@contextlib.contextmanager
def _masked_print(masker: Masker) -> Generator[None]:
    """Take secrets out of what is printed here: a worker may know of some that its agent does not.

    Those are values that templates of settings made of others, and arguments.
    """
    with (
        Printed(sys.stdout, masker) as out, Printed(sys.stderr, masker) as errors,
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors),
    ):  # fmt: skip
        yield


def _limit(order: Order) -> None:
    # no core files: they hold what the masters sealed
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order.memory:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        allowed = order.memory if hard == resource.RLIM_INFINITY else min(order.memory, hard)
        # the soft limit alone, so that what a function starts may be given more again
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def _answer(order: Order, ours: Registry, masker: Masker) -> Return:
    registry = with_modules(ours, order.trees)
    context = _context(order, registry, masker)
    try:
        function = registry.find(order.function)
        call = bind(function, *_arguments(order, masker))
    except ZesterError as error:
        return failure(order.function, error, masker)
    if function.lock:
        wait_for_lock(Path(order.locks), function.lock)
    if order.own_timeout and function.timeout is not None:
        # SIGALRM ends the worker, and its agent knows what that means
        signal.setitimer(signal.ITIMER_REAL, max(0.001, function.timeout))
    try:
        answer = run_bound(call, context, masker=masker)
    except KeyboardInterrupt as error:
        return failure(order.function, error, masker)
    if "MemoryError" in answer.error and not answer.hint:
        return msgspec.structs.replace(answer, hint=_MORE_MEMORY)
    return answer


def _arguments(order: Order, masker: Masker) -> tuple[list[Any], dict[str, Any]]:
    args = unpack(bytes(order.args), limit=FRAME_LIMIT)
    kwargs = unpack(bytes(order.kwargs), limit=FRAME_LIMIT)
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Refused("the arguments of the job are no list and no map")
    given = cast("list[Any]", args), cast("dict[str, Any]", kwargs)
    if may_name_secrets(order.args, order.kwargs, order.sealed):
        from zester_peel.nursery.arguments import filled_in  # noqa: PLC0415  # few jobs need keys

        return filled_in(order, masker, *given)
    return given


def _context(order: Order, registry: Registry, masker: Masker) -> Context:
    tmp = Path(order.folder) / "tmp"
    tmp.mkdir(mode=0o700, exist_ok=True)
    facts = Path(order.facts)
    context = Context(
        registry=registry,
        peel_id=order.peel_id,
        facts=LazyFacts(lambda: unpack(facts.read_bytes(), limit=FACTS_LIMIT)),
        jid=order.jid,
        test=order.test,
        tmp=tmp,
        facts_dir=Path(order.facts_dir),
        trees=order.trees,
        events=Path(order.events),
        version=order.version,
        deadline=time.monotonic() + order.seconds,
        masker=masker,
    )
    use(order.trees, context)
    return context


def _write_value(folder: Path, answer: Return, limit: int, masker: Masker) -> Status:
    packed, truncated = shorten(masker.packed(pack_normal(answer.value)), limit)
    _write_new(folder / VALUE_FILE, packed)
    return Status(
        outcome=Outcome(answer.outcome),
        size=len(packed),
        truncated=truncated,
        error=masker.text(answer.error)[:_ERROR],
        hint=masker.text(answer.hint)[:_ERROR],
        debug=masker.text(answer.debug),
        facts=answer.facts,
    )


def _failed(error: str, *, hint: str = "") -> Status:
    return Status(outcome=Outcome.FAILED, size=-1, error=error[:_ERROR], hint=hint)


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) or 0 :]
