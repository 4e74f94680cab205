"""Names that were perhaps meant."""

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> list[str]:
    """Give up to three of the known names that look like `word`, the likeliest first."""
    import difflib  # noqa: PLC0415  # only mistakes pay for it

    return difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)


def did_you_mean(suggestions: list[str]) -> str:
    """Give the suggestions as a hint, or "" if there are none."""
    return f"did you mean {' or '.join(suggestions)}?" if suggestions else ""
