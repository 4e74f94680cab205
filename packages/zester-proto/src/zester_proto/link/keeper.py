"""The supervisor of a link: one connection after the other, for ever, with full-jitter backoff."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.errors import ZesterError
from zester_proto.identity.creds import Credentials, read_creds
from zester_proto.link.backoff import Backoff
from zester_proto.link.errors import (
    AuthDenied,
    AuthExpired,
    AuthRevoked,
    Disconnected,
    LinkError,
    Unreachable,
)
from zester_proto.link.options import LinkOptions, Server, parse_servers
from zester_proto.link.pool import Pool
from zester_proto.link.reasons import revoked
from zester_proto.link.session import Session, open_session
from zester_proto.logs import Log, Throttle

STABLE: Final = 10.0
"""Seconds after which a connection counts as one that works: only then the backoff starts anew."""

_FILE_POLL: Final = 1.0
"""Seconds between two looks at a credentials file that the server refuses."""


class Owner(NamedTuple):
    """What the keeper tells the link."""

    came_up: Callable[[Session], Awaitable[None]]
    """Makes all subscriptions on a new connection; what it raises ends the connection."""
    went_down: Callable[[LinkError], Awaitable[None]]
    """Hears of the end of a connection."""
    server_said: Callable[[Exception], None]
    """Hears what the server or nats-py complains of while connected."""
    problem_changed: Callable[[ZesterError | None], None]
    """Hears why there is no connection, or that there is one."""


class Keeper:
    """Makes connections and watches over them.

    Attributes:
        problem: why there is no connection; None while there is one.
        session: the present connection.
    """

    def __init__(self, options: LinkOptions, owner: Owner, rng: random.Random) -> None:
        self._options = options
        self._owner = owner
        self._rng = rng
        self._pool = Pool(parse_servers(options.urls), rng)
        self._backoff = Backoff(
            base=options.backoff_base, cap=options.backoff_cap, uniform=rng.uniform
        )
        self._log = Log("zester.link")
        self._throttle = Throttle(60.0)
        self._wake = asyncio.Event()
        self._revoked_jwt = ""
        self.problem: ZesterError | None = None
        self.session: Session | None = None

    def servers(self) -> str:
        """Give the addresses that are tried, as text."""
        return ", ".join(str(server) for server in self._pool.round())

    def wake(self) -> None:
        """End the present wait."""
        self._wake.set()

    async def run(self, session: Session | None) -> None:
        """Keep a connection up until cancelled.

        Args:
            session: one that is open already.
        """
        try:
            while True:
                try:
                    await self._live_with(session or await self._connect())
                except Exception as error:  # noqa: BLE001  # a link that dies silently is the worst
                    self._log.failure("the link failed and goes on", error)
                    await self._drop()
                    await self._owner.went_down(Disconnected("the link failed and goes on"))
                session = None
                await self._pause(self._first_delay())
        finally:
            await self._drop()

    async def _drop(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            await session.close()

    async def try_round(self, seconds: float | None = None) -> Session:
        """Try each server once.

        Args:
            seconds: for all of them; each has its share.

        Raises:
            ZesterError: the reason why the last one failed, or the most telling one.
        """
        worst: ZesterError | None = None
        servers = self._pool.round()
        end = None if seconds is None else time.monotonic() + seconds
        for index, server in enumerate(servers):
            share = None if end is None else (end - time.monotonic()) / (len(servers) - index)
            try:
                return await self._try_within(server, share)
            except ZesterError as error:
                self._pool.demote(server)
                # that one of several is down says less than that another refuses us
                if worst is None or isinstance(worst, Unreachable):
                    worst = error
                self._set_problem(worst)
        assert worst is not None  # a pool is never empty
        raise worst

    async def _try_within(self, server: Server, seconds: float | None) -> Session:
        try:
            async with asyncio.timeout(seconds):
                return await self._try(server)
        except TimeoutError:
            raise Unreachable(
                f"the NATS server at {server} does not answer in {seconds or 0:.1f} s",
                hint="is nats-server running there, is nats_url right, does a firewall let us?",
            ) from None

    async def _try(self, server: Server) -> Session:
        credentials = self._credentials()
        try:
            session = await open_session(
                self._options, server, credentials, self._owner.server_said
            )
        except AuthDenied as error:
            if credentials.jwt == self._revoked_jwt:
                raise revoked(credentials.name) from error
            raise
        try:
            self.session = session
            await self._owner.came_up(session)
        except BaseException:
            self.session = None
            await session.close()
            raise
        return session

    def _credentials(self) -> Credentials:
        creds = self._options.creds
        return read_creds(creds) if isinstance(creds, Path) else creds

    async def _connect(self) -> Session:
        while True:
            try:
                return await self.try_round()
            except ZesterError as error:
                delay = self._backoff.next()
                held = self._throttle.allow(type(error).__name__)
                if held is not None:
                    self._log.warn(
                        "not connected", error=error.message, hint=error.hint,
                        next_try_s=round(delay, 1), tries=self._backoff.tries,
                    )  # fmt: skip
                await self._pause(delay, watch_file=isinstance(error, _OF_CREDENTIALS))

    async def _live_with(self, session: Session) -> None:
        self.session = session
        self._pool.learn(session.discovered())
        self._set_problem(None)
        self._log.info("connected", server=str(session.server))
        reason = await session.lost()
        self.session = None
        if isinstance(reason, AuthRevoked):
            self._revoked_jwt = session.jwt
        if time.monotonic() - session.began >= STABLE:
            self._backoff.reset()
        self._pool.demote(session.server)
        self._set_problem(reason)
        self._log.warn("disconnected", error=reason.message, server=str(session.server))
        await self._owner.went_down(reason)

    def _first_delay(self) -> float:
        """The wait after a loss: a fleet that lost one server of several goes on at once."""
        delay = self._backoff.next()
        return delay if len(self._pool) == 1 else delay / 5

    async def _pause(self, seconds: float, *, watch_file: bool = False) -> None:
        """Sleep; `wake`, or other credentials than the refused ones, end it early."""
        end = time.monotonic() + seconds
        before = self._file_stamp()
        while (left := end - time.monotonic()) > 0 and not self._wake.is_set():
            if watch_file and self._file_stamp() != before:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _FILE_POLL) if watch_file else left):
                    await self._wake.wait()
        self._wake.clear()

    def _file_stamp(self) -> tuple[int, int, int]:
        creds = self._options.creds
        if not isinstance(creds, Path):
            return (0, 0, 0)
        try:
            status = creds.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_ino, status.st_size)

    def _set_problem(self, problem: ZesterError | None) -> None:
        before, self.problem = self.problem, problem
        if type(before) is not type(problem) or str(before) != str(problem):
            self._owner.problem_changed(problem)


_OF_CREDENTIALS: Final = (AuthDenied, AuthExpired, AuthRevoked)
