"""Sets of peels by number, as small as what they hold."""

from collections.abc import Iterable
from typing import TypeAlias

from pyroaring import BitMap

Posting: TypeAlias = int | BitMap
"""One peel as its number, more as a bitmap: most values of a fleet belong to one peel alone."""


def with_peel(posting: Posting | None, peel: int) -> Posting:
    """Give a posting with one more peel; a bitmap is changed in place."""
    if posting is None or posting == peel:
        return peel
    if isinstance(posting, int):
        return BitMap((posting, peel))
    posting.add(peel)
    return posting


def without_peel(posting: Posting | None, peel: int) -> Posting | None:
    """Give a posting with one peel less, None if that was the last; changes a bitmap in place."""
    if posting is None or isinstance(posting, int):
        return None if posting == peel else posting
    posting.discard(peel)
    return posting or None


def merged(posting: Posting | None, more: Posting) -> Posting:
    """Give a posting with all peels of another one; changes the first and never the second."""
    if posting is None:
        return more if isinstance(more, int) else more.copy()
    if isinstance(more, int):
        return with_peel(posting, more)
    if isinstance(posting, int):
        more = more.copy()
        more.add(posting)
        return more
    posting |= more
    return posting


def union(postings: Iterable[Posting]) -> BitMap:
    """Give a new bitmap of all peels of some postings."""
    single: list[int] = []
    bitmaps: list[BitMap] = []
    for posting in postings:
        if isinstance(posting, int):
            single.append(posting)
        else:
            bitmaps.append(posting)
    if not single and len(bitmaps) == 1:
        return bitmaps[0].copy()
    return BitMap.union(BitMap(single), *bitmaps)
