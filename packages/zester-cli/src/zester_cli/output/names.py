"""Many peel ids as a few words, in the ranges of the target language."""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final, NamedTuple

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class _Split(NamedTuple):
    before: str
    after: str
    digits: str


def fold(ids: Iterable[str], letters: int = 60) -> str:
    """Give ids as ranges (`web-[01-20], db-[1,3]`), cut with an ellipsis when they are many."""
    words = folded(sorted(ids))
    if words and len(words[0]) > letters:
        return f"{words[0][:letters]}…"
    text = ""
    for n, word in enumerate(words):
        longer = f"{text}, {word}" if text else word
        if len(longer) > letters and n:
            return f"{text}, …"
        text = longer
    return text


def folded(ids: list[str]) -> list[str]:
    """Give sorted ids as words, runs of numbers in brackets; each word is a target after `R@`."""
    splits = [_split(one) for one in ids]
    padded = {(one.before, one.after, len(one.digits)) for one in splits if one.digits[:1] == "0"}
    groups: dict[tuple[str, str, int], list[int]] = {}
    for one in splits:
        # 10 belongs to 08 and 09 where these are there, else to 8 and 9
        same = (one.before, one.after, len(one.digits))
        key = same if same in padded or not one.digits else (one.before, one.after, 1)
        groups.setdefault(key, []).append(int(one.digits or 0))
    return [_word(*key, sorted(numbers)) for key, numbers in groups.items()]


def _split(text: str) -> _Split:
    """Split at the last number of the host's own name, which is what counts hosts."""
    found = list(_NUMBER.finditer(text.partition(".")[0]))
    if not found:
        return _Split(text, "", "")
    last = found[-1]
    return _Split(text[: last.start()], text[last.end() :], last[0])


def _word(before: str, after: str, digits: int, numbers: list[int]) -> str:
    if not digits:
        return before
    if len(numbers) == 1:
        return f"{before}{numbers[0]:0{digits}d}{after}"
    runs: list[str] = []
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *rest = [number for _, number in run]
        text = f"{first:0{digits}d}"
        runs.append(f"{text}-{rest[-1]:0{digits}d}" if rest else text)
    return f"{before}[{','.join(runs)}]{after}"
