"""Ends what takes too long: by a signal, or where that cannot be, from another thread."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

_AGAIN: Final = 0.25
"""Seconds until it is tried again, if somebody swallowed the first exception."""


class TimeUp(BaseException):
    """Raised inside what took too long; no `except Exception` on the way can swallow it."""


@contextmanager
def limited(seconds: float) -> Generator[None]:
    """Raise `TimeUp` in the block when it takes longer than this.

    In the main thread SIGALRM does it, which also ends a regular expression that goes on for ever;
    in other threads only what comes back to Python is ended. A timer of the process that runs
    already is put aside and goes on afterwards.
    """
    limit = _by_signal if threading.current_thread() is threading.main_thread() else _by_thread
    with limit(max(seconds, 0.001)):
        yield


@contextmanager
def _by_signal(seconds: float) -> Generator[None]:
    active = True

    def ring(_number: int, _frame: Any) -> None:
        if active:
            raise TimeUp

    handler = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        # It may ring at any instruction, also at the first one of a `finally`: hence two.
        try:
            yield
        finally:
            active = False
    finally:
        active = False
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def _by_thread(seconds: float) -> Generator[None]:
    import ctypes  # noqa: PLC0415  # in threads alone, and it is long to import

    thread = ctypes.c_ulong(threading.get_ident())
    active = True
    done = threading.Event()
    lock = threading.Lock()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not active:
                    return
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))
            wait = _AGAIN

    threading.Thread(target=watch, name="template timer", daemon=True).start()
    try:
        # As above; and nobody waits for the watcher, whose event may be set only by half.
        try:
            yield
        finally:
            active = False
    finally:
        active = False
        with lock:
            # One that is on its way is raised by this very call, and none is sent after it. It
            # is not taken back: CPython 3.11 spins for ever in a traced thread if it is.
            done.set()
