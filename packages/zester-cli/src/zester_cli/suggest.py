"""Which known word a misspelt one was meant to be."""

from collections.abc import Iterable


def closest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Give the known words that look like `word`, the best first."""
    import difflib  # noqa: PLC0415  # only mistakes pay for it

    return difflib.get_close_matches(word, list(known), most, 0.6)


def did_you_mean(near: list[str]) -> str:
    """Give the hint that names what was probably meant; empty if nothing looks like it."""
    return f"did you mean {' or '.join(near)}?" if near else ""
