"""Signed pages: rows in messages of bounded size, each naming the digest of the one before."""

from collections.abc import Callable
from typing import Final

from zester_proto.codec import Raw, digest, encode
from zester_proto.messages.operators import PAGE_BYTES, PAGE_ROWS, Page, PageRow

_ENVELOPE: Final = 2048
"""Bytes of a page for all that is not rows: names, counts, the signature's form."""

_ROW: Final = 64
"""Bytes of a row beside its key and its data, at most."""

BUDGET: Final = PAGE_BYTES - _ENVELOPE
Sign = Callable[[bytes], bytes]


class Book:
    """The pages of one answer.

    Attributes:
        n: the number of the next page.
    """

    def __init__(
        self,
        sign: Sign,
        request: str,
        *,
        master: str,
        jid: str = "",
        epoch: int = 0,
        info: bytes = b"\xc0",
    ) -> None:
        """Begin at page 0.

        Args:
            sign: gives the bytes of the signed form of a page's body.
            request: the id of what was asked.
            master: who answers.
            jid: the job, where it is about one.
            epoch: that of the job's owner.
            info: packed, for page 0.
        """
        self.n = 0
        self._sign = sign
        self._request = request
        self._master = master
        self._jid = jid
        self._epoch = epoch
        self._info = info
        self._previous = b""
        self._full: list[tuple[PageRow, ...]] = []
        self._rows: list[PageRow] = []
        self._room = BUDGET - len(info)

    def add(
        self,
        key: str,
        data: bytes,
        *,
        outcome: str = "",
        late: str = "",
        offset: int = 0,
        total: int | None = None,
    ) -> None:
        """Add a row, over as many pages as it takes.

        Args:
            key: the peel or the item.
            data: its value, or a part of it.
            outcome: the peel's outcome or the item's state.
            late: what came after the outcome.
            offset: where in the whole value `data` begins.
            total: bytes of the whole value; those of `data` if not given.
        """
        whole = len(data) if total is None else total
        overhead = _ROW + len(key) * 4 + len(outcome) + len(late)
        at = 0
        while True:
            if len(self._rows) >= PAGE_ROWS or self._room < overhead + min(len(data) - at, 1024):
                self._turn()
            piece = data[at : at + self._room - overhead]
            self._rows.append(
                PageRow(
                    key=key,
                    outcome=outcome,
                    offset=offset + at,
                    total=whole,
                    data=piece,
                    late=late,
                )
            )
            self._room -= overhead + len(piece)
            at += len(piece)
            if at >= len(data):
                return

    @property
    def ready(self) -> bool:
        """Whether a page is full."""
        return bool(self._full)

    @property
    def empty(self) -> bool:
        """Whether nothing waits to be sent."""
        return not self._full and not self._rows

    def cut(self, counts: dict[str, int], *, final: bool = False, info: bytes = b"") -> list[bytes]:
        """Give all that was added, as signed pages ready to send; at least one if it is final.

        Args:
            counts: how many peels stand where.
            final: nothing comes after these.
            info: packed, for the last of them.
        """
        if self._rows and self._room < len(info):
            self._turn()
        if self._rows or info or (final and not self._full):
            self._turn()
        pages, self._full = self._full, []
        last = len(pages) - 1
        signed = [self._page(rows, counts) for rows in pages[:last]]
        self._info = info or self._info
        return signed + [self._page(rows, counts, final=final) for rows in pages[last:]]

    def blank(self, counts: dict[str, int]) -> list[bytes]:
        """Give a page without rows: what is counted, and that somebody is still there."""
        return [self._page((), counts)]

    def _turn(self) -> None:
        self._full.append(tuple(self._rows))
        self._rows = []
        self._room = BUDGET

    def _page(
        self, rows: tuple[PageRow, ...], counts: dict[str, int], *, final: bool = False
    ) -> bytes:
        body = encode(
            Page(
                request=self._request,
                jid=self._jid,
                epoch=self._epoch,
                master=self._master,
                n=self.n,
                previous=self._previous,
                rows=rows,
                counts=counts,
                final=final,
                info=Raw(self._info),
            )
        )
        self.n += 1
        self._info = b"\xc0"
        self._previous = digest(body)
        return self._sign(body)
