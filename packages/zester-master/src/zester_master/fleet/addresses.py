"""Peels by address: networks of any length without looking at every address."""

from typing import Any, Final

from pyroaring import BitMap

from zester_master.fleet.postings import Posting, merged, union, without_peel
from zester_proto.target.subnets import Net, addresses

_LEVELS: Final = {4: (8, 16, 24, 32), 6: (16, 32, 48, 64, 128)}
_BITS: Final = {4: 32, 6: 128}
_LOOKUPS: Final = 256


class Addresses:
    """The addresses of one version, in buckets by their first bits at a few lengths."""

    __slots__ = ("_buckets", "_version")

    def __init__(self, version: int) -> None:
        self._version = version
        # for each length, how many bits an address has besides, and the buckets
        self._buckets: Final[dict[int, tuple[int, dict[int, Posting]]]] = {
            length: (_BITS[version] - length, {}) for length in _LEVELS[version]
        }

    def add(self, peels: Posting, value: Any) -> None:
        """Note that these peels have the addresses in this fact."""
        for number in self._numbers(value):
            for spare, bucket in self._buckets.values():
                key = number >> spare
                bucket[key] = merged(bucket.get(key), peels)

    def discard(self, peel: int, value: Any) -> None:
        """Note that a peel no longer has the addresses in this fact, which were all it had."""
        for number in self._numbers(value):
            for spare, bucket in self._buckets.values():
                key = number >> spare
                left = without_peel(bucket.get(key), peel)
                if left is None:
                    bucket.pop(key, None)
                else:
                    bucket[key] = left

    def find(self, net: Net) -> BitMap:
        """Give the peels with an address in a network."""
        length = next(level for level in _LEVELS[self._version] if level >= net.length)
        _, bucket = self._buckets[length]
        spare = length - net.length
        if spare <= _LOOKUPS.bit_length() - 1:
            first = net.prefix << spare
            keys = range(first, first + (1 << spare))
            return union(bucket[key] for key in keys if key in bucket)
        return union(peels for key, peels in bucket.items() if key >> spare == net.prefix)

    def _numbers(self, value: Any) -> list[int]:
        return [number for version, number in addresses(value) if version == self._version]
