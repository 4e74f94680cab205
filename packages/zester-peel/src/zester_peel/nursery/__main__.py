"""The nursery's process: one thread that forks, reaps, and answers its agent."""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from typing import Any, Final

from zester_peel.kernel import end_with_parent
from zester_peel.nursery.wire import (
    PRINTED,
    Exited,
    Order,
    Ready,
    Signal,
    Started,
    ToNursery,
    frame,
    frame_length,
    order_of,
)
from zester_peel.nursery.worker import Prepared, prepare, share_memory, work
from zester_proto.errors import CodecError

_GRACE: Final = 10.0
"""Seconds beyond a worker's time after which the nursery ends it, should the agent not have."""

_READ: Final = 64 * 1024
_SIGNALS: Final = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)


class _Worker:
    """A running worker, and our end of the pipe that it prints to."""

    def __init__(self, n: int, pid: int, pipe: int, end: float) -> None:
        self.n = n
        self.pid = pid
        self.pipe = pipe
        self.end = end
        self.printed = bytearray()
        self.lost = 0

    def read(self) -> int | None:
        """Take what it printed; give how many bytes, 0 at the end, None if nothing is there."""
        try:
            data = os.read(self.pipe, _READ)
        except BlockingIOError:
            return None
        except OSError:
            return 0
        kept = data[: max(0, PRINTED - len(self.printed))]
        self.printed += kept
        self.lost += len(data) - len(kept)
        return len(data)

    def kill(self, number: int) -> None:
        """Send its group a signal; it is ours until we reap it."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            # it has not come to make its group yet, or is a zombie
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


class _Nursery:
    """The loop: orders come in, workers go out."""

    def __init__(self, channel: socket.socket, prepared: Prepared) -> None:
        self._channel = channel
        self._prepared = prepared
        self._workers: dict[int, _Worker] = {}
        self._buffer = bytearray()
        self._poll = select.poll()
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False

    def serve(self) -> None:
        """Take orders until the agent is gone or asks us to stop; leave no worker behind."""
        signal.signal(signal.SIGCHLD, _nothing)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the agent's to handle
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)
        self._say(Ready())
        while not self._stopping:
            self._turn()
        self._end_all()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _turn(self) -> None:
        for descriptor, _ in self._poll.poll(self._patience()):
            if descriptor == self._wake:
                os.read(self._wake, 4096)
            elif descriptor == self._channel.fileno():
                self._hear()
            else:
                self._drain_pipe(descriptor)
        self._reap()
        now = time.monotonic()
        for worker in self._workers.values():
            if now > worker.end:
                worker.kill(signal.SIGKILL)

    def _patience(self) -> float | None:
        if not self._workers:
            return None
        first = min(worker.end for worker in self._workers.values())
        return max(0.0, first - time.monotonic()) * 1000 + 100

    def _drain_pipe(self, descriptor: int) -> None:
        for worker in self._workers.values():
            if worker.pipe == descriptor and worker.read() == 0:
                self._poll.unregister(descriptor)

    def _hear(self) -> None:
        data = self._channel.recv(_READ)
        if not data:
            self._stopping = True
        self._buffer += data
        while len(self._buffer) >= 4:
            length = frame_length(bytes(self._buffer[:4]))
            if len(self._buffer) < 4 + length:
                return
            body = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            self._do(order_of(body))

    def _do(self, message: ToNursery) -> None:
        if isinstance(message, Signal):
            worker = self._workers.get(message.n)
            if worker is not None:
                worker.kill(message.number)
            return
        try:
            trees = message.trees
            self._prepared.warm(message.function, renders=bool(trees.sealed or trees.settings))
            worker = self._fork(message)
        except OSError as error:
            self._say(Exited(n=message.n, code=1, error=f"cannot start a worker: {error.strerror}"))
            return
        self._workers[message.n] = worker
        self._poll.register(worker.pipe, select.POLLIN)
        self._say(Started(n=message.n, pid=worker.pid))

    def _fork(self, order: Order) -> _Worker:
        read, write = os.pipe2(os.O_CLOEXEC)
        # a signal that comes before the worker has its own handlers waits until then
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
            if not pid:
                self._become_worker(order, write)
        except OSError:
            os.close(read)
            raise
        finally:
            os.close(write)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.set_blocking(read, False)
        return _Worker(order.n, pid, read, time.monotonic() + order.seconds + _GRACE)

    def _become_worker(self, order: Order, output: int) -> None:
        """Run the order in this process, which is the worker, and end it."""
        code = 1
        try:
            os.setsid()
            end_with_parent(signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            for one in _SIGNALS:
                signal.signal(one, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.dup2(output, 1)
            os.dup2(output, 2)
            self._channel.close()
            for descriptor in (self._wake, self._woken, output):
                os.close(descriptor)
            for other in self._workers.values():
                os.close(other.pipe)
            code = work(order, self._prepared)
        finally:
            os._exit(code)  # what the nursery would do at its own end is not the worker's to do

    def _reap(self) -> None:
        for n, worker in list(self._workers.items()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                del self._workers[n]
                self._gone(worker, os.waitstatus_to_exitcode(status))

    def _gone(self, worker: _Worker, code: int) -> None:
        for _ in range(64):  # a pipe holds at most 1 MiB
            if not worker.read():
                break
        with contextlib.suppress(KeyError):  # it had closed its end
            self._poll.unregister(worker.pipe)
        os.close(worker.pipe)
        self._say(Exited(n=worker.n, code=code, printed=bytes(worker.printed), lost=worker.lost))

    def _end_all(self) -> None:
        for worker in self._workers.values():
            worker.kill(signal.SIGKILL)
        for worker in self._workers.values():
            os.waitpid(worker.pid, 0)

    def _say(self, message: Any) -> None:
        try:
            self._channel.sendall(frame(message))
        except OSError:  # the agent is gone
            self._stopping = True


def _nothing(*_: object) -> None:
    """Let a signal only wake the loop."""


def main() -> int:
    """Serve the agent that started this process; the argument is the number of our socket."""
    end_with_parent(signal.SIGTERM)
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    prepared = prepare()
    share_memory()
    try:
        _Nursery(channel, prepared).serve()
    except CodecError as error:
        sys.stderr.write(f"zester-peel nursery: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
