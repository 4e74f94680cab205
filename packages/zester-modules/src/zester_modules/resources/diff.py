"""What changes in a file, for people."""

from typing import Final

LIMIT: Final = 256 * 1024
"""Bytes of a file that is compared; of a larger one only its digest is told."""
LINES: Final = 2000
"""Lines of a diff that are shown."""


def difference(path: str, before: bytes | None, after: bytes) -> str:
    """Give a unified diff; nothing for what is no text, or large."""
    old = before or b""
    if len(old) > LIMIT or len(after) > LIMIT or b"\0" in old or b"\0" in after:
        return ""
    import difflib  # noqa: PLC0415  # most runs change nothing

    lines = list(
        difflib.unified_diff(
            _lines(old), _lines(after), path if before is not None else "/dev/null", path
        )
    )
    more = len(lines) - LINES
    shown = [one if one.endswith("\n") else one + "\n\\ no newline at its end\n" for one in lines]
    text = "".join(shown[:LINES])
    return text.encode("utf-8", "replace").decode() + (
        f"[... {more} lines left out ...]\n" if more > 0 else ""
    )


def _lines(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    return [f"{one}\n" for one in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
