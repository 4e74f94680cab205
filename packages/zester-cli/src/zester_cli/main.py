"""The command line of zester-cli."""


def main() -> int:
    """Run the command line."""
    return 0
