"""What can be wrong with a call before it runs, and how a function says no."""

from zester_proto.errors import ZesterError
from zester_proto.providers import BrokenProvider


class Refused(ZesterError):
    """Raised when a function, or the agent before it, says no: nothing was done."""


class UnknownFunction(Refused):
    """Raised when nobody on this host provides a function.

    Attributes:
        function: the name that was asked for.
        suggestion: the name that was perhaps meant, or "".
    """

    def __init__(self, function: str, suggestion: str = "", *, hint: str = "") -> None:
        super().__init__(f"there is no function {function!r} on this host", hint=hint)
        self.function = function
        self.suggestion = suggestion


class BadArgument(Refused):
    """Raised when a call does not fit its function's signature.

    Attributes:
        function: the function's name.
        argument: the argument's name, or "" where the call as a whole is wrong.
        expects: what would have been right, in words; "" where nothing fits.
    """

    def __init__(
        self, function: str, argument: str, problem: str, *, expects: str = "", hint: str = ""
    ) -> None:
        where = f"{function}: {argument}: " if argument else f"{function}: "
        super().__init__(where + problem, hint=hint)
        self.function = function
        self.argument = argument
        self.expects = expects


class BrokenModule(Refused):
    """Raised when the functions or states of a third party cannot be used.

    Attributes:
        module: the first part of their names.
        packages: the distributions at fault.
    """

    def __init__(self, cause: BrokenProvider) -> None:
        super().__init__(cause.message, hint=cause.hint)
        self.module = cause.name
        self.packages = cause.packages
