"""What can end a command, and the exit code that each kind has."""

from zester_proto.errors import ZesterError


class CliError(ZesterError):
    """The root of the command's own errors; the table of codes is in docs/cli.md.

    Attributes:
        exit_code: what the process ends with.
    """

    exit_code = 1


class UsageError(CliError):
    """Raised when the command line, or a file that it rests on, is wrong."""

    exit_code = 2


class NobodyMatched(CliError):
    """Raised when the target matches no peel."""

    exit_code = 3


class NoBus(CliError):
    """Raised when there is no connection to the bus."""

    exit_code = 5


class NoMaster(CliError):
    """Raised when the bus is there and no master answers, or none that can be believed."""

    exit_code = 5


class RoleRefused(CliError):
    """Raised when the operator's role does not allow what was asked."""

    exit_code = 6


class Detached(CliError):
    """Raised when Ctrl-C ends the command and the job goes on."""

    exit_code = 130
