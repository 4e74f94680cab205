"""The `zester` command: it finds out what is meant, and imports only what that needs."""

import sys

from zester_cli import __version__


def main(argv: list[str] | None = None) -> int:
    """Run one command line and give its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words == ["--version"]:
        sys.stdout.write(f"zester {__version__}\n")
        return 0
    if words[:1] == ["--complete"]:
        from zester_cli.completion import complete  # noqa: PLC0415  # nothing else is needed

        return complete(words[1:])
    from zester_cli.running import run_words  # noqa: PLC0415  # --version does without

    return run_words(words)
