"""Work that may hang, done where it cannot hang the agent or keep it from ending."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def in_daemon_thread(work: Callable[[], T], *, late: Callable[[T], None]) -> asyncio.Future[T]:
    """Run blocking work in a thread of its own; the future has its result or what it raised.

    asyncio.to_thread's threads are waited for when the interpreter ends; one that looks at a dead
    network drive would keep a daemon from ever stopping.

    Args:
        work: what blocks.
        late: takes the result if the future was cancelled or the loop has ended.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(result: T) -> None:
        if future.done():
            late(result)
        else:
            future.set_result(result)

    def refuse(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # it is the waiter's to handle
            _hand_over(loop, refuse, error)
            return
        if not _hand_over(loop, deliver, result):
            late(result)

    threading.Thread(target=run, daemon=True, name="zester-blocking").start()
    return future


def nothing(_result: object) -> None:
    """Forget a result that came too late."""


def _hand_over(loop: asyncio.AbstractEventLoop, take: Callable[[T], None], what: T) -> bool:
    try:
        loop.call_soon_threadsafe(take, what)
    except RuntimeError:  # the loop has ended
        return False
    return True
