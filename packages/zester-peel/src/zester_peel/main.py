"""The command line of zester-peel: the agent, joining a site, and functions without a bus.

Exit codes: 0 all is well; 1 the function failed or said no, or the agent ended by a fault; 2 the
command line is wrong; 3 the configuration, keys or files of this host are not in order.
"""

import argparse
import atexit
import gc
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zester_peel.config import PeelConfig
    from zester_proto.config import Loaded

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_IN_ORDER: Final = 3

_ALLOCATIONS: Final = 200_000
"""Between two looks for cycles, in a process of one call."""

_TEXT: Final = """\
usage: zester-peel COMMAND [OPTIONS]

The Zester agent of a managed host.

commands:
  run           run the agent; also what happens without a command
  keys          make this host's keys, and print the line with which it asks to be admitted
  join FILE     install what a master made of that line
  call FUNCTION [ARG...] [KEY=VALUE...]
                run a function on this host, with no agent and no bus
  config check  read the configuration and show what holds

options:
  --help        show this; `zester-peel COMMAND --help` shows a command's own options
  --version     show the version
  --debug       show where in the code an error comes from

exit codes:
  0  all is well
  1  the function failed or said no, or the agent ended by a fault
  2  the command line is wrong
  3  the configuration, keys or files of this host are not in order
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words and (words.remove("--debug") is None)
    if words[:1] in (["--help"], ["-h"]):
        sys.stdout.write(_TEXT)
        return OK
    if words[:1] == ["--version"]:
        from zester_peel import __version__  # noqa: PLC0415  # all imports here are lazy: speed

        sys.stdout.write(f"zester-peel {__version__}\n")
        return OK
    # the runbook's unit gives flags alone
    name = words.pop(0) if words and not words[0].startswith("-") else "run"
    command = COMMANDS.get(name)
    if command is None:
        return _unknown(name)
    return _guarded(command, words, debug=debug)


def _unknown(name: str) -> int:
    from zester_proto.units import did_you_mean  # noqa: PLC0415  # the same

    hint = did_you_mean(name, COMMANDS)
    sys.stderr.write(f"zester-peel: there is no command {name!r}\n" + (f"{hint}\n" if hint else ""))
    return USAGE


def _guarded(command: Callable[[list[str]], int], words: list[str], *, debug: bool) -> int:
    from zester_proto.errors import ZesterError  # noqa: PLC0415  # the same

    try:
        return command(words)
    except ZesterError as error:
        if debug:
            raise
        sys.stderr.write(f"zester-peel: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"{error.hint}\n")
        return NOT_IN_ORDER
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(
            f"zester-peel: {type(error).__name__}: {error}\n"
            "this is a fault in Zester; --debug shows where it comes from\n"
        )
        return FAILED


def _parser(name: str, text: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"zester-peel {name}", description=text)


def _configured(name: str, text: str, words: list[str]) -> "Loaded[PeelConfig]":
    from zester_peel.config import DEFAULT_FILE, PeelConfig  # noqa: PLC0415  # the same
    from zester_proto.config import add_flags, load_in_child  # noqa: PLC0415  # the same

    parser = _parser(name, text)
    parser.add_argument("--config", type=Path, help=f"file to read; else {DEFAULT_FILE}")
    add_flags(parser, PeelConfig)
    given = parser.parse_args(words)
    return load_in_child(PeelConfig, given.config, DEFAULT_FILE, given)


def _run(words: list[str]) -> int:
    loaded = _configured("run", "Run the agent until it is told to stop.", words)
    from zester_peel.start import run  # noqa: PLC0415  # the same

    return run(loaded.value)


def _keys(words: list[str]) -> int:
    loaded = _configured("keys", "Make this host's keys and print its line for a master.", words)
    from zester_peel.config import default_id  # noqa: PLC0415  # the same
    from zester_peel.identity import make_line  # noqa: PLC0415  # the same
    from zester_proto.ids import check_peel_id  # noqa: PLC0415  # the same

    config = loaded.value
    peel_id = check_peel_id(config.id) if config.id else default_id()
    sys.stdout.write(make_line(config.auth, peel_id) + "\n")
    return OK


def _join(words: list[str]) -> int:
    parser = _parser("join", "Install the file that a master made of this host's line.")
    parser.add_argument("file", help="the file, or - for stdin")
    parser.add_argument("--force", action="store_true", help="let go of another identity")
    parser.add_argument("--config", help="file to read")
    parser.add_argument("--auth-dir", help="where keys and credentials lie")
    given = parser.parse_args(words)
    flags = [
        word
        for name in ("config", "auth_dir")
        if (value := getattr(given, name))
        for word in (f"--{name.replace('_', '-')}", value)
    ]
    loaded = _configured("join", "", flags)
    from zester_peel.identity import join  # noqa: PLC0415  # the same

    sys.stdout.write(join(loaded.value.auth, given.file, replace=given.force) + "\n")
    return OK


def _call(words: list[str]) -> int:
    # One call makes few cycles: looking for them all through the imports and the run, and once
    # more at the end, took a fifth of a small run's time.
    gc.set_threshold(_ALLOCATIONS)
    atexit.register(gc.freeze)
    from zester_peel.call import run_call  # noqa: PLC0415  # the same

    return run_call(words)


def _config(words: list[str]) -> int:
    if words[:1] != ["check"]:
        sys.stderr.write("usage: zester-peel config check [--config FILE]\n")
        return OK if words[:1] in (["--help"], ["-h"]) else USAGE
    loaded = _configured("config check", "Read the configuration and show it.", words[1:])
    for name, origin in loaded.origin.items():
        value: Any = loaded.value
        for part in name.split("."):
            value = getattr(value, part)
        sys.stdout.write(f"{name} = {_shown(value)}  ({origin})\n")
    return OK


def _shown(value: Any) -> str:
    if value is None:
        return "(not set)"
    return ",".join(str(one) for one in value) if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # a configured value


COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "run": _run,
    "keys": _keys,
    "join": _join,
    "call": _call,
    "config": _config,
}


if __name__ == "__main__":
    sys.exit(main())
