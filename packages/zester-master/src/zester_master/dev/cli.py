"""The command `zester-master dev`."""

import argparse
from pathlib import Path

from zester_master.site.cli import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add `dev` to the parser of `zester-master`."""
    parser = commands.add_parser("dev", help="run a whole fleet on this machine, to play with")
    parser.add_argument("--dir", type=Path, required=True, help="a new folder, or one of dev's")
    parser.add_argument("--peels", type=_count, default=3, help="peel-1 to peel-N (default: 3)")
    parser.add_argument("--masters", type=_some, default=1, help="how many masters (default: 1)")
    parser.add_argument("--nats", type=_some, default=1, help="how many servers (default: 1)")
    parser.set_defaults(handler=run_dev)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1000:
        raise argparse.ArgumentTypeError("a number from 0 to 1000")
    return number


def _some(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 9:
        raise argparse.ArgumentTypeError("a number from 1 to 9")
    return number


def run_dev(arguments: argparse.Namespace) -> int:
    """`zester-master dev`: run a fleet until Ctrl-C."""
    import sys  # noqa: PLC0415  # only this command needs these

    from zester_master.dev.fleet import Size, run  # noqa: PLC0415  # as above
    from zester_master.dev.keeper import keep  # noqa: PLC0415  # as above
    from zester_proto.errors import ZesterError  # noqa: PLC0415  # as above

    size = Size(arguments.peels, arguments.masters, arguments.nats)

    def fleet() -> int:
        try:
            return run(arguments.dir, size)
        except ZesterError as error:
            sys.stderr.write(f"zester-master dev: {error.message}\n")
            sys.stderr.write(f"{error.hint}\n" if error.hint else "")
            return 1

    return keep(fleet)
