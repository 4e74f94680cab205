"""An operator's way to the masters: signed requests, believed answers, and their pages."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from zester_cli.errors import CliError, NobodyMatched, NoBus, NoMaster, RoleRefused, UsageError
from zester_cli.pages import BadPage, Gap, PageReader
from zester_cli.site import SiteConfig
from zester_proto import subjects
from zester_proto.codec import Raw, decode, encode, unpack
from zester_proto.errors import CodecError, FileProblem, ZesterError
from zester_proto.identity.bundle import TrustError, TrustStore
from zester_proto.identity.creds import read_creds
from zester_proto.identity.signing import BadSignature, SigningKey, sign
from zester_proto.ids import new_request_id
from zester_proto.link import (
    Disconnected,
    LinkOptions,
    LinkTimeout,
    Message,
    NatsLink,
    NoResponders,
    PermissionDenied,
    Subscription,
)
from zester_proto.messages.jobs import Stage
from zester_proto.messages.operators import (
    REQUEST_LIFE,
    Answer,
    Problem,
    Request,
    TrustAsk,
)
from zester_proto.messages.trust import Signed, SignedBundle

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 5.0
"""After so long without an answer there is no master (issue 3, exit code 5)."""
_TRY_SECONDS: Final = 2.5
"""The server forgets the way back after 2 s (bus.md 1): later answers do not arrive."""
_PAUSE: Final = 0.25
_PAGE_QUEUE_BYTES: Final = 256 * 1024 * 1024

_ABOUT_A_JOB: Final = frozenset({"run", "rerun", "resume", "follow", "job"})
_STAGES: Final = frozenset(one.value for one in Stage)
"""Where a peel of a job stands before its outcome; in lists these words are states like others."""
_PROBLEMS: Final[dict[str, type[CliError]]] = {
    "usage": UsageError,
    "no-match": NobodyMatched,
    "role": RoleRefused,
    "unavailable": NoMaster,
}


class Pages:
    """The pages of one request, as they arrive.

    Attributes:
        reader: what they say so far.
    """

    def __init__(self, client: "Client", verb: str, request: str) -> None:
        stages = _STAGES if verb in _ABOUT_A_JOB else frozenset[str]()
        self.reader = PageReader(request, client.verify_page, stages)
        self._client = client
        self._arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self._subject = subjects.page(client.name, request)

    async def open(self) -> None:
        """Begin to hear."""
        self._client.heard.add(self)

        async def take(message: Message) -> None:
            self._arrived.put_nowait(message.data)

        self._subscription = await self._client.link.subscribe(
            self._subject, take, pending_bytes=_PAGE_QUEUE_BYTES
        )

    async def close(self) -> None:
        """Hear no more."""
        self._client.heard.discard(self)
        if self._subscription is not None and self._client.link.connected:
            await self._client.link.unsubscribe(self._subscription)
        self._subscription = None

    def broke(self) -> None:
        """Note that the connection broke and is back: what was sent meanwhile is lost."""
        self._arrived.put_nowait(None)

    async def next(self, seconds: float | None) -> bool:
        """Wait for one more page and read it; false if none came in time.

        Raises:
            Gap: it does not fit to the pages before.
        """
        try:
            async with asyncio.timeout(seconds):
                while not await self._use(await self._arrived.get()):
                    pass
        except TimeoutError:
            return False
        return True

    async def _use(self, data: bytes | None) -> bool:
        if data is None:
            raise Gap("the connection to the bus broke")
        try:
            try:
                return self.reader.take(data)
            except TrustError:
                await self._client.walk_trust()
                return self.reader.take(data)
        except (TrustError, BadSignature, BadPage) as error:
            self._client.warn(f"a page was dropped: {error.message}")
            return False


class Client:
    """A connection of one operator.

    Attributes:
        config: the site and the files.
        link: the bus.
        name: the operator's.
        trust: whom we believe.
        heard: the pages that are awaited.
    """

    def __init__(
        self,
        config: SiteConfig,
        link: NatsLink,
        key: SigningKey,
        trust: TrustStore,
        warn: Callable[[str], None],
    ) -> None:
        self.config = config
        self.link = link
        self.name = config.name
        self.trust = trust
        self.warn = warn
        self.heard: set[Pages] = set()
        self._key = key
        self._clock_off = 0.0
        """Seconds by which the site's clock is ahead of ours, where that mattered."""

    @property
    def site(self) -> str:
        """The site's name."""
        return self.trust.site

    async def came_back(self, epoch: int) -> None:
        """Tell whoever waits for pages of a broken connection; called after every connect."""
        if epoch > 1:
            for pages in self.heard:
                pages.broke()

    def verify_page(self, signed: Signed) -> bytes:
        """Give the body of a page that one of our masters signed."""
        return self.trust.verify_master(signed, "page")[0]

    async def ask(
        self, verb: str, ask: msgspec.Struct, request: str = "", seconds: float = ANSWER_SECONDS
    ) -> Answer:
        """Ask the masters and give their signed yes.

        A request out of time is signed once more in the site's time.

        Args:
            verb: what is asked.
            ask: its arguments.
            request: the request's id; a new one if not given.
            seconds: how long to wait for an answer.

        Raises:
            CliError: their no, by its kind; or nobody answers that can be believed.
        """
        request = request or new_request_id()
        answer = await self._try(verb, ask, request, seconds)
        if answer.problem is not None and answer.problem.code == "stale":
            off = answer.time - time.time()
            self._clock_off = off
            self.warn(
                f"the clock of this machine is {abs(off):.0f} s {'behind' if off > 0 else 'ahead'}"
                " of the site's; the request was signed again in the site's time"
            )
            answer = await self._try(verb, ask, request, seconds)
        if answer.problem is not None:
            raise problem_error(answer.problem)
        return answer

    async def ask_pages(self, verb: str, ask: msgspec.Struct) -> tuple[Answer, Pages]:
        """Ask for something that comes in pages; the caller closes them.

        Raises:
            CliError: as for `ask`.
        """
        request = new_request_id()
        pages = Pages(self, verb, request)
        await pages.open()
        try:
            return await self.ask(verb, ask, request), pages
        except BaseException:
            await pages.close()
            raise

    async def ask_list(self, verb: str, ask: msgspec.Struct) -> tuple[Answer, PageReader]:
        """Ask for a list and give all of it; one gap is made good by asking again.

        Raises:
            CliError: as for `ask`, or the pages stop.
            Gap: pages are missing again.
        """
        for last in (False, True):
            answer, pages = await self.ask_pages(verb, ask)
            try:
                while answer.pages and not pages.reader.final:
                    if not await pages.next(ANSWER_SECONDS):
                        raise NoMaster(
                            "the masters stopped in the middle of their answer",
                            hint="ask again; zester whoami says whether a master is there",
                        )
                return answer, pages.reader
            except Gap as error:
                if last:
                    raise
                self.warn(f"{error.message}: asking again")
            finally:
                await pages.close()
        raise AssertionError  # the loop returns or raises

    async def _try(self, verb: str, ask: msgspec.Struct, request: str, seconds: float) -> Answer:
        now = time.time() + self._clock_off
        body = encode(
            Request(
                site=self.site,
                id=request,
                verb=verb,
                issued=now,
                expires=now + REQUEST_LIFE,
                arguments=Raw(encode(ask)),
            )
        )
        data = encode(sign(self._key, "request", self.site, body))
        signed = await self._exchange(subjects.api(self.name, verb), data, seconds)
        return await self._believe(signed, request)

    async def _exchange(self, subject: str, data: bytes, seconds: float) -> Signed:
        """Send the same bytes until somebody answers: masters know a request that they had."""
        end = time.monotonic() + seconds
        reason = "nobody answered"
        while (left := end - time.monotonic()) > 0:
            try:
                message = await self.link.request(subject, data, seconds=min(left, _TRY_SECONDS))
                return decode(message.data, Signed)
            except LinkTimeout:
                continue
            except NoResponders:
                reason = "none is connected to the bus"
            except Disconnected:
                reason = "the connection to the bus broke"
            except CodecError as error:
                reason = f"an answer cannot be read: {error.message}"
            except PermissionDenied as error:
                raise RoleRefused(
                    f"the role of {self.name} does not allow {subject.rpartition('.')[2]}",
                    hint="zester whoami says what it allows; an administrator can give another",
                ) from error
            await asyncio.sleep(min(_PAUSE, max(end - time.monotonic(), 0)))
        if not self.link.connected:
            raise NoBus(
                f"no bus: the connection to {', '.join(self.config.nats_url)} broke",
                hint="is nats-server running?",
            )
        raise NoMaster(
            f"no master answering in {seconds:g} s: {reason}",
            hint="is zester-master running, and connected to this bus?",
        )

    async def _believe(self, signed: Signed, request: str) -> Answer:
        try:
            try:
                body = self.trust.verify_master(signed, "answer")[0]
            except TrustError:
                await self.walk_trust()
                body = self.trust.verify_master(signed, "answer")[0]
            answer = decode(body, Answer)
        except (TrustError, BadSignature, CodecError) as error:
            raise NoMaster(
                f"an answer came that is not to be believed: {error.message}",
                hint="somebody else answers for the masters, or your trust bundle is of another "
                "site: compare it with the site's root",
            ) from error
        if answer.request != request:
            raise NoMaster("an answer came that belongs to another request")
        return answer

    async def walk_trust(self) -> None:
        """Take the trust bundles that came after ours; each proves itself (bus.md 2).

        Raises:
            TrustError: one of them does not follow.
            CliError: nobody answers.
        """
        before = self.trust.version
        while True:
            bundles = await self._newer_bundles()
            if not bundles or not self.trust.walk(bundles, now=time.time() + self._clock_off):
                break
        if self.trust.version > before:
            try:
                self.trust.save(self.config.trust_dir)
            except FileProblem as error:
                self.warn(f"the newer trust bundle is not kept: {error.message}")

    async def _newer_bundles(self) -> list[SignedBundle]:
        # whose key signed this answer is what we are about to learn: the bundles count, not it
        request = new_request_id()
        now = time.time() + self._clock_off
        ask = Raw(encode(TrustAsk(after=self.trust.version)))
        body = encode(
            Request(
                site=self.site, id=request, verb="trust", issued=now,
                expires=now + REQUEST_LIFE, arguments=ask,
            )
        )  # fmt: skip
        data = encode(sign(self._key, "request", self.site, body))
        signed = await self._exchange(subjects.api(self.name, "trust"), data, ANSWER_SECONDS)
        try:
            answer = decode(signed.body, Answer)
            value: list[bytes] = unpack(bytes(answer.value)) or []
            return [decode(bytes(one), SignedBundle) for one in value]
        except (CodecError, TypeError) as error:
            raise TrustError(f"newer trust bundles cannot be read: {error}") from error


def answer_value(answer: Answer) -> Any:
    """Give what stands in the answer itself.

    Raises:
        CodecError: it is no value.
    """
    return unpack(bytes(answer.value))


def problem_error(problem: Problem) -> CliError:
    """Give the error, and with it the exit code, of a master's no."""
    return _PROBLEMS.get(problem.code, CliError)(problem.text, hint=problem.hint)


@asynccontextmanager
async def connected(config: SiteConfig, warn: Callable[[str], None]) -> AsyncGenerator[Client]:
    """Connect as the operator of a configuration, and close at the end.

    Raises:
        UsageError: a file of the configuration is missing or wrong.
        NoBus: there is no connection; the text says why.
    """
    try:
        credentials = read_creds(config.creds)
        trust = TrustStore.load(config.trust_dir)
    except (FileProblem, TrustError) as error:
        raise UsageError(error.message, hint=error.hint) from error
    if credentials.name != config.name:
        raise UsageError(
            f"{config.path} is for {config.name!r}, its credentials are those of "
            f"{credentials.name!r}"
        )
    options = LinkOptions(
        urls=config.nats_url,
        creds=credentials,
        ca=config.ca,
        name=f"zester/{config.name}",
        connect_timeout=CONNECT_SECONDS,
    )
    key = SigningKey.from_seed(credentials.key.seed)
    async with NatsLink(options) as link:
        try:
            await link.connect_once(CONNECT_SECONDS)
        except ZesterError as error:
            raise NoBus(f"no bus: {error.message}", hint=error.hint) from error
        client = Client(config, link, key, trust, warn)
        link.on_connected(client.came_back)
        yield client
