"""What can be wrong with a target, with the place at which it is wrong."""

from typing import Final

from zester_proto.errors import ZesterError

_WINDOW: Final = 96


class TargetError(ZesterError):
    """Raised when an expression is malformed; the command that asked ends with exit code 2.

    The message holds three lines: the reason, the expression, and a caret under the mistake.

    Attributes:
        reason: the first line alone.
        expression: what was parsed: the operator's text, or a group's.
        offset: the character of `expression` at which the mistake stands, from 0.
        caret: two lines: the expression (a part of it, if it is long) and the caret.
    """

    def __init__(self, reason: str, expression: str, offset: int, *, hint: str = "") -> None:
        self.reason = reason
        self.expression = expression
        self.offset = offset
        self.caret = _caret(expression, offset)
        super().__init__(f"{reason}\n{self.caret}", hint=hint)


class SettingsUnavailable(ZesterError):
    """Raised when a target asks for settings (`I@`, `J@`) where none are known."""

    def __init__(self, term: str) -> None:
        super().__init__(
            f"{term} asks for settings, and the settings of peels are not known here",
            hint="target by facts (G@, P@) or ids; zester target --fleet FILE takes settings along",
        )


def _caret(expression: str, offset: int) -> str:
    # One column a character, whatever stands there: a tab or an escape would move the caret away.
    shown = "".join(c if c.isprintable() else " " for c in expression)
    first = max(0, min(offset - _WINDOW // 2, len(shown) - _WINDOW))
    head = "..." if first else ""
    tail = "..." if first + _WINDOW < len(shown) else ""
    line = f"{head}{shown[first : first + _WINDOW]}{tail}"
    return f"  {line}\n  {' ' * (len(head) + offset - first)}^"
