"""Takes the values of secrets out of all that leaves a process (settings.md 4).

    masker = Masker(["correct horse battery"])
    masker.text("psql: password=correct horse battery")     # psql: password=***

It knows values and the forms that they are written in, and nothing of where they come from. What
was split, hashed or encrypted is not found.
"""

import bisect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from zester_proto import codec
from zester_proto.errors import CodecError
from zester_proto.secrets.forms import SHORTEST, forms_of

MASK: Final = "***"
"""Stands for what is secret, everywhere."""

_MASK: Final = MASK.encode()
_BEGUN: Final = 4
"""Bytes of a secret at the end of a text that was cut, which are taken for one."""

_PIN: Final = 4
"""Digits of the shortest number that counts, where a short secret is one."""

_LONGEST_NUMBER: Final = 19
"""Digits of the largest that travels as a number."""

_DOTS: Final = re.compile(rb"(?<!\.)\.\.\.")
_HELD: Final = 64 * 1024
"""Bytes that wait for the next piece at most."""


class Masker:
    """Knows some secrets.

    Args:
        values: of those that are long enough to be found.
        short: of those that are masked however short they are.
    """

    def __init__(self, values: Iterable[str] = (), short: Iterable[str] = ()) -> None:
        self._known: set[tuple[str, bool]] = set()
        self._forms: tuple[bytes, ...] = ()
        self._numbers: dict[float, tuple[bytes, bytes]] = {}
        """What YAML and JSON read as numbers, and their bytes in packed values."""
        self.learn(values, short)

    def learn(self, values: Iterable[str], short: Iterable[str] = ()) -> None:
        """Know more, and still what was known: a value that was replaced is a secret yet."""
        new = {*((one, False) for one in values), *((one, True) for one in short)} - self._known
        if not new:
            return
        self._known |= new
        found = set(self._forms)
        for value, is_short in new:
            found |= forms_of(value, short=is_short)
            if (number := _number(value.strip(), short=is_short)) is not None:
                self._numbers[number] = codec.pack(number), codec.pack(float(number))
        self._forms = tuple(sorted(found, key=len))

    @property
    def knows(self) -> bool:
        """Whether there is anything to look for yet; what knows nothing may learn."""
        return bool(self._forms)

    def is_in(self, data: bytes | str) -> bool:
        """Say whether something secret is in it."""
        raw = _raw(data) if isinstance(data, str) else data
        return any(form in raw for form in self._fitting(raw))

    def _fitting(self, data: bytes) -> tuple[bytes, ...]:
        """Give the forms that are not longer than data: few are, where it is a word."""
        return self._forms[: bisect.bisect_right(self._forms, len(data), key=len)]

    def raw(self, data: bytes) -> bytes:
        """Give data without what is secret."""
        spans = self._spans(data)
        return _without(data, spans, len(data)) if spans else data

    def text(self, text: str) -> str:
        """Give a text without what is secret."""
        if not self._forms:
            return text
        raw = _raw(text)
        masked = self.raw(raw)
        return text if masked is raw else masked.decode("utf-8", "surrogatepass")

    def cut(self, data: bytes) -> bytes:
        """Give data whose end is missing, without what may have been the begin of a secret."""
        if self.begun(data) < _BEGUN:
            return self.raw(data)
        return self.parted(data)[0] + _MASK

    def data(self, value: Any) -> Any:
        """Give plain data without what is secret in any of its texts and keys."""
        return self._data(value) if self._forms else value

    def packed(self, packed: bytes) -> bytes:
        """Give a packed value without what is secret; it is only unpacked if something is."""
        found = any(one in packed for forms in self._numbers.values() for one in forms)
        if not found and not self._spans(packed):
            return packed
        try:
            value = codec.unpack(packed, limit=len(packed))
        except CodecError:
            return codec.pack(MASK)  # nothing that we packed
        return codec.pack(self._data(value))

    def begun(self, data: bytes) -> int:
        """Give how many bytes at the end may be the begin of something secret."""
        return max((_begun(form, data[1 - len(form) :]) for form in self._forms), default=0)

    def parted(self, data: bytes) -> tuple[bytes, bytes]:
        """Give data without what is secret, and apart the end that may belong to a secret."""
        border = len(data) - self.begun(data)
        spans = self._spans(data)
        for start, end in spans:
            if start < border < end and len(data) - start <= _HELD:
                border = start
        return _without(data, spans, border), data[border:]

    def stream(self) -> "Stream":
        """Give what masks data that comes in pieces."""
        return Stream(self)

    def _data(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.raw(value)
            case list() | tuple():
                return [self._data(one) for one in cast("list[Any]", value)]
            case Mapping():
                known = cast("Mapping[Any, Any]", value)
                return {self._data(key): self._data(one) for key, one in known.items()}
            case None | bool():
                return value
            case int() | float():
                return MASK if value in self._numbers else value
            case _:  # what a log line was given to print
                text = str(value)
                masked = self.text(text)
                return value if masked is text else masked

    def _spans(self, data: bytes) -> list[tuple[int, int]]:
        """Give where what is secret begins and ends, apart and in order."""
        found: list[tuple[int, int]] = []
        for form in self._fitting(data):
            at = data.find(form)
            while at >= 0:
                found.append((at, at + len(form)))
                at = data.find(form, at + 1)
        found += self._cut_short(data)
        if not found:
            return found
        found.sort()
        apart = [found[0]]
        for start, end in found[1:]:
            last, before = apart[-1]
            if start <= before:
                apart[-1] = (last, max(before, end))
            else:
                apart.append((start, end))
        return apart

    def _cut_short(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Give where the begin of a secret stands before dots: errors show that much of values."""
        if not self._forms or b"..." not in data:
            return
        longest = max(len(form) for form in self._forms)
        for dots in _DOTS.finditer(data):
            at = dots.start()
            begun = self.begun(data[max(0, at - longest) : at])
            if begun >= SHORTEST:
                yield at - begun, at


class Stream:
    """Masks data that comes in pieces: what may be the begin of a secret waits for the next."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take a piece; give what can go on."""
        if not self._held and not self._masker.knows:
            return data
        told, self._held = self._masker.parted(self._held + data)
        return told

    def end(self) -> bytes:
        """Give what was held when nothing more comes."""
        held, self._held = self._held, b""
        return self._masker.raw(held)


def _without(data: bytes, spans: Iterable[tuple[int, int]], border: int) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for start, end in spans:
        if start < border:
            pieces += (data[at:start], _MASK)
            at = end
    return b"".join((*pieces, data[at:border]))


def _begun(form: bytes, tail: bytes) -> int:
    """Give how much of a form's begin stands at an end that is shorter than the form."""
    at = tail.find(form[:_BEGUN])
    while at >= 0:
        if form.startswith(tail[at:]):
            return len(tail) - at
        at = tail.find(form[:_BEGUN], at + 1)
    return next((n for n in range(_BEGUN - 1, 0, -1) if tail.endswith(form[:n])), 0)


def _number(text: str, *, short: bool) -> int | None:
    """Give the number that a secret is when something reads it so."""
    least = _PIN if short else SHORTEST
    if least <= len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit():
        return int(text)
    return None


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
