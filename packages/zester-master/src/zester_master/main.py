"""The command line of zester-master."""


def main() -> int:
    """Run the command line."""
    return 0
