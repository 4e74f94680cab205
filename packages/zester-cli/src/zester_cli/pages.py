"""The signed pages of a master, checked and put together (bus.md 3)."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from zester_proto.codec import decode, digest, unpack
from zester_proto.errors import CodecError, ZesterError
from zester_proto.messages.operators import Page, PageRow
from zester_proto.messages.trust import Signed

LARGEST: Final = 65 * 1024 * 1024
"""Bytes of one item: the 64 MiB of a return with what stands before it (bus.md 6.6)."""


_NIL: Final = b"\xc0"


class BadPage(ZesterError):
    """Raised when a message is no page for this request; it is dropped."""


class Gap(ZesterError):
    """Raised when pages are missing: what follows cannot be shown as if it were all."""


class Item(NamedTuple):
    """What the pages say of one peel, or of one item of a list."""

    outcome: str
    data: bytes = b""
    late: str = ""


def as_map(value: object) -> dict[str, Any]:
    """Give a value if it is a map, else an empty one: what masters say may be newer than we are."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def read_map(data: bytes) -> dict[str, Any]:
    """Read what a page says of an item of a list.

    Raises:
        CodecError: it is no value.
    """
    return as_map(unpack(data, limit=len(data))) if data else {}


Verify = Callable[[Signed], bytes]
"""Gives the body of a page signed by a master; raises what `TrustStore.verify_master` raises."""


class PageReader:
    """Takes the pages of one request in the order in which they arrive.

    Attributes:
        items: what is whole, by key.
        stages: where peels stand that have no outcome yet.
        counts: as the last page says.
        info: that of page 0, then of the last page, packed; empty before.
        epoch: that of the pages.
        final: the last page was there.
        taken: how many pages were used.
    """

    def __init__(self, request: str, verify: Verify, stages: frozenset[str] = frozenset()) -> None:
        """Begin before page 0.

        Args:
            request: the id of the request that the pages must be for.
            verify: checks who signed.
            stages: outcomes that are none yet.
        """
        self.items: dict[str, Item] = {}
        self.stages: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.info = b""
        self.epoch = 0
        self.final = False
        self.taken = 0
        self._request = request
        self._verify = verify
        self._not_yet = stages
        self._next = 0
        self._last = b""
        self._parts: dict[str, bytearray] = {}

    def take(self, data: bytes) -> bool:
        """Use one message; false if it was known already.

        Raises:
            TrustError: the key is not in the trust bundle; a newer one may hold it.
            BadSignature: the signature is wrong.
            BadPage: it cannot be read, or is for another request.
            Gap: it does not fit to the pages before, of which some are missing.
        """
        try:
            signed = decode(data, Signed)
            body = self._verify(signed)
            page = decode(body, Page)
        except CodecError as error:
            raise BadPage(f"a page cannot be read: {error}") from error
        if page.request != self._request:
            raise BadPage(f"a page is for request {page.request}, not for {self._request}")
        if self.taken and page.epoch > self.epoch:
            self._begin_again(page.epoch)
        if page.epoch < self.epoch or page.n < self._next:
            return False
        if page.n > self._next:
            raise Gap(f"pages {self._next} to {page.n - 1} of the masters' answer are missing")
        if page.previous != self._last:
            raise Gap(f"page {page.n} of the masters' answer does not follow the one before it")
        self._use(page)
        self._next += 1
        self._last = digest(body)
        return True

    def _begin_again(self, epoch: int) -> None:
        """Drop the place in the chain: another master took the job over and begins at page 0."""
        self.epoch = epoch
        self._next = 0
        self._last = b""
        self._parts.clear()
        self.final = False

    def _use(self, page: Page) -> None:
        for row in page.rows:
            self._use_row(row)
        if page.n == 0 or bytes(page.info) != _NIL:
            self.info = bytes(page.info)
        self.epoch = page.epoch
        self.counts = dict(page.counts)
        self.final = page.final
        self.taken += 1

    def _use_row(self, row: PageRow) -> None:
        if row.outcome in self._not_yet:
            self.stages[row.key] = row.outcome
            return
        if row.offset == 0 and len(row.data) == row.total:
            self._parts.pop(row.key, None)
            self._finish(row, row.data)
            return
        if row.total > LARGEST:
            raise Gap(f"the value of {row.key} is said to have {row.total} bytes")
        if row.offset == 0:
            self._parts[row.key] = bytearray()
        part = self._parts.get(row.key)
        if part is None or len(part) != row.offset or row.offset + len(row.data) > row.total:
            raise Gap(f"parts of the value of {row.key} are missing")
        part += row.data
        if len(part) == row.total:
            self._finish(row, bytes(self._parts.pop(row.key)))

    def _finish(self, row: PageRow, data: bytes) -> None:
        self.stages.pop(row.key, None)
        self.items[row.key] = Item(row.outcome, data, row.late)
