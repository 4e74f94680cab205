"""The command line of zester-peel."""


def main() -> int:
    """Run the command line."""
    return 0
