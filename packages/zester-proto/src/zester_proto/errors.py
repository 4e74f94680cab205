"""The root of every error that Zester raises on purpose."""


class ZesterError(Exception):
    """What happened, to what, and what to do next.

    Attributes:
        message: one sentence for an operator: what happened, and to what.
        hint: what to do next; empty where nothing sensible can be said.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CodecError(ZesterError):
    """Raised when bytes are no message of ours, or a value cannot travel."""


class BadId(ZesterError):
    """Raised when a text is no valid peel id, operator name, token or jid."""


class FileProblem(ZesterError):
    """Raised when a file of ours is missing, unreadable, or open to people who must not read it."""
