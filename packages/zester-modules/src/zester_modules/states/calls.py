"""Execution functions as states call them: those that read, and by module.run all."""

from typing import Any

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.states.template_calls import TemplateCalls, as_ours
from zester_proto.errors import ZesterError
from zester_proto.messages.jobs import SUCCESSES, Outcome


class StateCalls:
    """What `Scope.call` is in a real run.

    Args:
        reading: calls those that may be called while a template renders.
        context: handed to the others.
    """

    def __init__(self, reading: TemplateCalls, context: Context) -> None:
        self._reading = reading
        self._context = context

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function that reads."""
        return self._reading(name, *args, **kwargs)

    def change(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call any function, and give its value.

        Raises:
            ZesterError: there is none, or it failed.
        """
        function = self._context.registry.find(name)
        done = run_bound(bind(function, args, as_ours(name, kwargs), words=False), self._context)
        if Outcome(done.outcome) not in SUCCESSES:
            raise ZesterError(done.error or f"{name} ended as {done.outcome}", hint=done.hint)
        return done.value
