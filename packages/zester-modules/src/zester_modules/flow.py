"""Values written on one line: JSON, and the flow form of YAML that people type without quotes."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from zester_proto.config_tree import Scalar, plain_value

MAX_DEPTH: Final = 32

_QUOTES: Final = "\"'"


def scalar(text: str) -> Any:
    """Give the value of an unquoted word by YAML 1.2's core schema: `yes` and `1:30` stay text."""
    return plain_value(Scalar(text, 1, plain=True))


class Plain(str):
    """An unquoted scalar whose meaning the reader's own type decides: `1.10` may be text."""

    __slots__ = ()


def word_value(text: str, plain: Callable[[str], Any] = scalar) -> Any:
    """Give the value of a word that may be anything.

    A word in brackets or braces is a list or a map, one in quotes is text.

    Args:
        text: the word.
        plain: gives the value of what has no quotes.

    Raises:
        ValueError: it begins as a list or a map and does not end as one.
    """
    bare = text.strip()
    if bare[:1] in {"[", "{"} or (len(bare) > 1 and bare[0] in _QUOTES and bare[-1] == bare[0]):
        return parse(bare, plain)
    return plain(bare) if bare else text


def parse(text: str, plain: Callable[[str], Any] = scalar) -> Any:
    """Read one value in flow form.

    Args:
        text: the whole of it.
        plain: gives the value of an unquoted scalar.

    Raises:
        ValueError: it is none; the text says what is wrong and at which character.
    """
    reader = _Reader(text, plain)
    value = reader.value(0, "")
    reader.skip()
    if reader.at < len(text):
        raise ValueError(f"there is something after its end, at character {reader.at + 1}")
    return value


class _Reader:
    """A place in a text, moving forward."""

    def __init__(self, text: str, plain: Callable[[str], Any]) -> None:
        self.text = text
        self.at = 0
        self.scalar = plain

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def fail(self, problem: str) -> ValueError:
        return ValueError(f"{problem} at character {self.at + 1}")

    def value(self, depth: int, ends: str) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError(f"it is more than {MAX_DEPTH} levels deep")
        first = self.peek()
        if first == "[":
            return self.items(depth)
        if first == "{":
            return self.pairs(depth)
        return self.quoted() if first and first in _QUOTES else self.scalar(self.plain(ends))

    def items(self, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while self.peek() != "]":
            found.append(self.value(depth + 1, ",]"))
            self.comma("]")
        self.at += 1
        return found

    def pairs(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while self.peek() != "}":
            key = self.key()
            if key in found:
                raise self.fail(f"the key {key!r} is there twice,")
            found[key] = self.value(depth + 1, ",}")
            self.comma("}")
        self.at += 1
        return found

    def key(self) -> str:
        first = self.peek()
        if not first:
            raise self.fail("a closing } is missing")
        key = self.quoted() if first in _QUOTES else self.plain_key()
        if self.peek() != ":":
            raise self.fail(f"{key!r} has no value: a colon and a space are missing")
        self.at += 1
        return key

    def plain_key(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ",[]{}":
            if self.text[self.at] == ":" and self.text[self.at + 1 : self.at + 2] in {
                " ", "", "\t", "\n", "[", "{", '"', "'",
            }:  # fmt: skip
                break
            self.at += 1
        return self.text[start : self.at].strip()

    def plain(self, ends: str) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            if ends and self.text[self.at] in "[]{}":
                raise self.fail(f"{self.text[self.at]!r} is out of place")
            self.at += 1
        word = self.text[start : self.at].strip()
        if not word and ends:
            raise self.fail("a value is missing")
        return word

    def quoted(self) -> str:
        if self.text[self.at] == '"':
            return self.double()
        start, self.at = self.at + 1, self.at + 1
        while True:
            end = self.text.find("'", self.at)
            if end < 0:
                raise self.fail("a closing ' is missing")
            self.at = end + 1
            if self.text[self.at : self.at + 1] != "'":
                return self.text[start:end].replace("''", "'")
            self.at += 1

    def double(self) -> str:
        end = self.at + 1
        while self.text[end : end + 1] not in {'"', ""}:
            end += 1 + (self.text[end] == "\\")
        if end >= len(self.text):
            raise self.fail('a closing " is missing')
        try:
            value = msgspec.json.decode(self.text[self.at : end + 1], type=str)
        except msgspec.DecodeError as error:
            raise self.fail(f"the quoted text is broken ({error})") from None
        self.at = end + 1
        return value

    def comma(self, end: str) -> None:
        following = self.peek()
        if following == ",":
            self.at += 1
        elif not following:
            raise self.fail(f"a closing {end} is missing")
        elif following != end:
            raise self.fail("a comma is missing")
