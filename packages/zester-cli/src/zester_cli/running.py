"""One command line from its words to its exit code, whatever goes wrong on the way."""

import os
import sys
from collections.abc import Sequence

from zester_cli import __version__
from zester_cli.argv import CommandCall, HelpCall, RunCall, VersionCall, parse
from zester_cli.errors import CliError, UsageError
from zester_cli.options import Options
from zester_cli.output.screen import Screen
from zester_proto.errors import ZesterError

BROKEN_PIPE = 141
"""What a shell calls a process that SIGPIPE ended: nobody reads any more."""
INTERRUPTED = 130


def run_words(words: Sequence[str]) -> int:
    """Run a command line; errors become text and an exit code.

    With --debug anything that is no error of ours shows its traceback.
    """
    debug = "--debug" in words
    screen = Screen(no_color="--no-color" in words)
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except ZesterError as error:
        if debug:
            _show_trace()
        return _fail(screen, error)
    except Exception as error:  # no traceback without --debug
        if debug:
            raise
        return _fail(screen, _unexpected(error))
    return code


def _run(words: Sequence[str]) -> int:
    call = parse(words)
    match call:
        case VersionCall():
            sys.stdout.write(f"zester {__version__}\n")
            return 0
        case HelpCall():
            return _help(call)
        case RunCall():
            from zester_cli.commands.run import run  # noqa: PLC0415  # help does without

            return run(call, _screen(call.options))
        case CommandCall():
            return _command(call)


def _screen(options: Options) -> Screen:
    return Screen(quiet=options.quiet, no_color=options.no_color)


def _help(call: HelpCall) -> int:
    if call.function:
        from zester_cli.commands.doc import doc  # noqa: PLC0415
        from zester_cli.invocation import Invocation  # noqa: PLC0415

        return doc(Invocation(Options(), _screen(Options())), call.function)
    from zester_cli.help import help_text  # noqa: PLC0415

    (sys.stdout if call.asked else sys.stderr).write(help_text())
    return 0 if call.asked else UsageError.exit_code


def _command(call: CommandCall) -> int:
    """Hand a named command to typer."""
    import typer.main  # noqa: PLC0415  # 60 ms that TARGET FUNCTION does not pay

    from zester_cli.commands.app import app  # noqa: PLC0415
    from zester_cli.invocation import Invocation  # noqa: PLC0415

    command = typer.main.get_command(app)
    invocation = Invocation(call.options, _screen(call.options))
    try:
        code = command.main(
            list(call.words), prog_name="zester", standalone_mode=False, obj=invocation
        )
    except typer.Exit as error:
        return error.exit_code
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        format_message = getattr(error, "format_message", None)
        if format_message is None or isinstance(error, ZesterError):
            raise
        raise UsageError(
            str(format_message()), hint=f"zester {' '.join(_path(call.words))} --help says more"
        ) from error
    return code if isinstance(code, int) else 0


def _path(words: tuple[str, ...]) -> tuple[str, ...]:
    from zester_cli.options import find_subcommand  # noqa: PLC0415  # beside its one use

    return words[:2] if find_subcommand(words) else words[:1]


def _fail(screen: Screen, error: ZesterError) -> int:
    from zester_proto.terminal import harmless  # noqa: PLC0415  # only errors pay

    try:
        screen.fail(f"zester: {harmless(error.message)}")
        if error.hint:
            screen.fail(f"  → {harmless(error.hint)}")
    except BrokenPipeError:
        _silence()
    return error.exit_code if isinstance(error, CliError) else _code_of(error)


def _code_of(error: ZesterError) -> int:
    """Give the exit code of an error that was not raised by the command itself."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"TargetError", "FleetError", "SettingsUnavailable", "BadId", "FileProblem"}:
        return 2
    return 5 if "LinkError" in names else 1


def _unexpected(error: Exception) -> CliError:
    return CliError(
        f"something went wrong inside zester: {type(error).__name__}: {error}",
        hint="--debug shows where; please report it",
    )


def _show_trace() -> None:
    import traceback  # noqa: PLC0415  # only --debug pays

    traceback.print_exc()


def _silence() -> None:
    """Keep the interpreter from complaining about what it cannot write when it ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nothing, stream.fileno())
    os.close(nothing)
