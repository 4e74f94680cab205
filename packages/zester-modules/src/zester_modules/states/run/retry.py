"""Tries a state again, as its option `retry` says."""

import random
from collections.abc import Callable

import msgspec

from zester_modules.resource import Leaf
from zester_modules.states.model import Retry
from zester_modules.states.run.outcome import Ran


def repeat(attempt: Callable[[], Ran], retry: Retry | None, sleep: Callable[[float], None]) -> Ran:
    """Try until it comes out as `until` says or the attempts are used up.

    All that the attempts changed is in the result, and what else there is of the last one.
    """
    ran = attempt()
    if retry is None:
        return ran
    leaves: dict[str, Leaf] = {one.path: one for one in ran.leaves}
    for number in range(2, max(1, retry.attempts) + 1):
        if (ran.result != "failed") == retry.until:
            break
        # splay spreads hosts that fail together; it needs no secrecy
        sleep(retry.interval + random.uniform(0, retry.splay))  # noqa: S311
        ran = attempt()
        for one in ran.leaves:
            first = leaves.get(one.path, one)
            leaves[one.path] = msgspec.structs.replace(one, before=first.before)
        result = "changed" if leaves and ran.result == "ok" else ran.result
        ran = msgspec.structs.replace(
            ran, leaves=tuple(leaves.values()), attempts=number, result=result
        )
    return ran
