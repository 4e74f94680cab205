"""The command line of zester-master: the control plane, the making of a site, and the dev fleet.

Exit codes: 0 all is well; 1 something failed; 2 the command line is wrong; 3 the configuration,
keys or files of this machine are not in order.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zester_master.config import MasterConfig
    from zester_proto.config import Loaded

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_IN_ORDER: Final = 3
INTERRUPTED: Final = 130

_EPILOG: Final = """\
exit codes:
  0  all is well
  1  something failed
  2  the command line is wrong
  3  the configuration, keys or files of this machine are not in order
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if words[:1] == ["--version"]:
        from zester_master import __version__  # noqa: PLC0415  # all imports here are lazy: speed

        sys.stdout.write(f"zester-master {__version__}\n")
        return OK
    if words and words[0].startswith("--") and words[0] != "--help":
        words.insert(0, "run")  # the runbook's unit gives flags alone
    return _guarded(words, debug=debug)


def _guarded(words: list[str], *, debug: bool) -> int:
    from zester_proto.errors import ZesterError  # noqa: PLC0415  # the same

    try:
        arguments = _parser(words).parse_args(words)
        return arguments.handler(arguments)
    except ZesterError as error:
        if debug:
            raise
        sys.stderr.write(f"zester-master: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"{error.hint}\n")
        return NOT_IN_ORDER
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(
            f"zester-master: {type(error).__name__}: {error}\n"
            "this is a fault in Zester; --debug shows where it comes from\n"
        )
        return FAILED


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    from zester_master.dev import cli as dev  # noqa: PLC0415  # the same
    from zester_master.secrets import cli as secrets  # noqa: PLC0415  # the same
    from zester_master.settings import cli as settings  # noqa: PLC0415  # the same
    from zester_master.site import cli as site  # noqa: PLC0415  # the same

    parser = argparse.ArgumentParser(
        prog="zester-master",
        description="The Zester control plane.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    parser.add_argument("--debug", action="store_true", help="show where errors come from")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_run(commands.add_parser("run", help="run the master; also what flags alone do"), words)
    site.add_parsers(commands)
    dev.add_parser(commands)
    secrets.add_parsers(commands)
    trees = commands.add_parser("settings", help="settings trees of a site")
    settings.add_parsers(trees.add_subparsers(required=True, metavar="COMMAND"))
    config = commands.add_parser("config", help="the configuration of a master")
    _add_check(config.add_subparsers(required=True, metavar="COMMAND"), words)
    _add_buckets(commands.add_parser("buckets", help="show the buckets and streams"), words)
    return parser


def _add_flags(parser: argparse.ArgumentParser, words: Sequence[str], command: str) -> None:
    """Add the flags of the configuration where they are asked for: to gather them takes a while."""
    parser.add_argument("--config", type=Path, help="file to read; else /etc/zester/master.yaml")
    if words[:1] == [command]:
        from zester_master.config import MasterConfig  # noqa: PLC0415  # the same
        from zester_proto.config import add_flags  # noqa: PLC0415  # the same

        add_flags(parser, MasterConfig)


def _add_run(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    _add_flags(parser, words, "run")
    parser.set_defaults(handler=_run)


def _add_check(commands: Any, words: Sequence[str]) -> None:
    parser = commands.add_parser("check", help="read the configuration and show what holds")
    _add_flags(parser, words, "config")
    parser.set_defaults(handler=_check)


def _add_buckets(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    _add_flags(parser, words, "buckets")
    parser.add_argument("--adjust", action="store_true", help="change what is not as it should be")
    parser.set_defaults(handler=_buckets)


def _configured(arguments: argparse.Namespace) -> "Loaded[MasterConfig]":
    from zester_master.config import DEFAULT_FILE, MasterConfig  # noqa: PLC0415  # the same
    from zester_proto.config import load  # noqa: PLC0415  # the same

    return load(MasterConfig, arguments.config, DEFAULT_FILE, arguments)


def _run(arguments: argparse.Namespace) -> int:
    config = _configured(arguments).value
    from zester_master.start import run  # noqa: PLC0415  # the same

    return run(config)


def _check(arguments: argparse.Namespace) -> int:
    loaded = _configured(arguments)
    for name, origin in loaded.origin.items():
        value: Any = loaded.value
        for part in name.split("."):
            value = getattr(value, part)
        shown = "(not set)" if value is None else value
        sys.stdout.write(f"{name} = {shown}  ({origin})\n")
    return OK


def _buckets(arguments: argparse.Namespace) -> int:
    config = _configured(arguments).value
    from zester_master.buckets import show  # noqa: PLC0415  # the same

    return show(config, adjust=arguments.adjust)


if __name__ == "__main__":
    sys.exit(main())
