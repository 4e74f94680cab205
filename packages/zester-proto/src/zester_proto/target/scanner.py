"""From characters to words: where a term begins and ends, and its parts between separators."""

import re
from typing import Final, NamedTuple

from zester_proto.target.errors import TargetError
from zester_proto.target.globs import bracket_end

LETTERS: Final = "GPIJELSNR"
"""The letters that stand before an `@`."""

_WITH_PATH: Final = frozenset("GPIJ")
_REGEX: Final = frozenset("EPJ")
_COMPARED: Final = frozenset("GI")
_WITH_COMMAS: Final = frozenset({"", "L", "R"})
_IN_BRACKETS: Final = frozenset({"", "R"})
"""Terms in which a comma in brackets separates nothing."""

_PREFIX: Final = re.compile(r"([A-Za-z])([^\w\s@\"'(),]?)@", re.ASCII)
_OPERATOR: Final = re.compile(r">=|<=|!=|>|<")


class Field(NamedTuple):
    """What stands between two separators.

    Attributes:
        text: without its quotes.
        start: where in the expression.
        quoted: whether it begins with a quote, so that nothing in it is special at its start.
        operator: a comparison that stands before the text.
    """

    text: str
    start: int
    quoted: bool
    operator: str


class Word(NamedTuple):
    """One term as it is written.

    Attributes:
        start: where it begins in the expression.
        end: where it ends.
        letter: what stands before the `@`; empty for a bare glob.
        delimiter: the sign between letter and `@`; empty where none was given.
        fields: what its separators divide; at least one.
    """

    start: int
    end: int
    letter: str
    delimiter: str
    fields: tuple[Field, ...]


def has_prefix(text: str) -> bool:
    """Say whether a text looks like another kind of target than a glob."""
    found = _PREFIX.match(text)
    return found is not None and found[1] in LETTERS


def read_word(expression: str, start: int) -> Word:
    """Read the word that begins at `start`, which is neither white space nor a parenthesis.

    Raises:
        TargetError: an unknown letter, a sign where none belongs, or a quote that never ends.
    """
    letter = delimiter = ""
    found = _PREFIX.match(expression, start)
    if found is not None:
        letter, delimiter = found[1], found[2]
        _check_prefix(expression, start, letter, delimiter)
    body = start if found is None else found.end()
    reader = _Reader(expression, body, letter, delimiter)
    fields = reader.read()
    return Word(start, reader.place, letter, delimiter, fields)


def _check_prefix(expression: str, start: int, letter: str, delimiter: str) -> None:
    if letter not in LETTERS:
        known = f"write {letter.upper()}@" if letter.upper() in LETTERS else ""
        known = known or f"the letters are {' '.join(f'{one}@' for one in LETTERS)}"
        raise TargetError(f"unknown kind of target `{letter}@`", expression, start, hint=known)
    if delimiter and letter not in _WITH_PATH:
        raise TargetError(
            f"{letter}@ takes no delimiter",
            expression,
            start + 1,
            hint="only G@, P@, I@ and J@ have paths to divide",
        )


class _Reader:
    """Reads the fields of one word."""

    def __init__(self, expression: str, place: int, letter: str, delimiter: str) -> None:
        self.place: int = place
        self._text = expression
        self._letter = letter
        self._separator = self._separator_of(letter, delimiter)
        self._fields: list[Field] = []
        self._depth = 0
        self._bracket = -1  # where the bracket that we are in closes
        self._begin()

    @staticmethod
    def _separator_of(letter: str, delimiter: str) -> str:
        if letter in _WITH_PATH:
            return delimiter or ":"
        return "," if letter in _WITH_COMMAS else ""

    def read(self) -> tuple[Field, ...]:
        while self.place < len(self._text):
            sign = self._text[self.place]
            in_bracket = self.place <= self._bracket
            if sign.isspace() or (sign == ")" and not self._depth and not in_bracket):
                break
            if self._fresh and sign in "\"'":
                self._quoted(sign)
            elif sign == self._separator and not (in_bracket and self._letter in _IN_BRACKETS):
                self._close()
                self.place += 1
                self._begin()
            else:
                self._plain(sign, in_bracket=in_bracket)
        self._close()
        return tuple(self._fields)

    def _begin(self) -> None:
        self._start = self.place
        self._chunks: list[str] = []
        self._is_quoted = False
        self._fresh = True
        self._operator = ""
        compared = any(field.operator for field in self._fields)
        if self._letter in _COMPARED and self._fields and not compared:
            found = _OPERATOR.match(self._text, self.place)
            if found is not None:
                self._operator = found[0]
                self.place = found.end()

    def _close(self) -> None:
        text = "".join(self._chunks)
        self._fields.append(Field(text, self._start, self._is_quoted, self._operator))

    def _quoted(self, quote: str) -> None:
        opening = self.place
        self._is_quoted = True
        self._fresh = False
        self.place += 1
        while True:
            end = self._text.find(quote, self.place)
            if end < 0:
                raise TargetError("this quote is never closed", self._text, opening)
            self._chunks.append(self._text[self.place : end])
            self.place = end + 1
            if self._text[self.place : self.place + 1] != quote:
                return
            # a doubled quote is one that belongs to the text
            self._chunks.append(quote)
            self.place += 1

    def _plain(self, sign: str, *, in_bracket: bool) -> None:
        self._fresh = False
        escapes = self._letter in _REGEX
        taken = 1
        if escapes and sign == "\\" and not self._text[self.place + 1 : self.place + 2].isspace():
            taken = 2
        elif in_bracket:
            pass
        elif sign == "[":
            end = bracket_end(self._text, self.place, escapes=escapes)
            if end > 0 and not any(c.isspace() for c in self._text[self.place : end]):
                self._bracket = end
        elif sign == "(":
            self._depth += 1
        elif sign == ")":
            self._depth -= 1
        self._chunks.append(self._text[self.place : self.place + taken])
        self.place += taken
