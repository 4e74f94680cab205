"""Events, by Salt's name."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.events import tell
from zester_modules.function import function
from zester_modules.returns import Outcome, Return
from zester_modules.words import Value


@function("event.send", dry=True)
def send(context: Context, tag: str, data: dict[str, Value] | None = None, **more: Value) -> Return:
    """Send an event to the masters; without an agent it is only logged.

    Args:
        tag: what has happened, such as `myco/deploy/finished`.
        data: what is to be known of it.
        more: the same, by name.
    """
    if context.test:
        return Return(value=False, outcome=Outcome.WOULD_CHANGE)
    tell(context, tag, {**(data or {}), **more})
    return Return(value=True)
