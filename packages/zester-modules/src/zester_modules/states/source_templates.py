"""Renders the sources of file.managed at a state's turn, with what the state and its file know."""

from collections.abc import Mapping
from typing import Any

from zester_modules.states.model import State
from zester_modules.states.template_context import Templates
from zester_proto.errors import ZesterError
from zester_proto.tree.folders import split_source


class SourceTemplates:
    """What a resource is handed as `scope.render`; one for each state.

    Args:
        templates: of the compile that made the state.
        state: whose `sls` and `slspath` the template sees, beside the source's own place.
    """

    def __init__(self, templates: Templates, state: State) -> None:
        self._templates = templates
        self._state = state

    def __call__(
        self, text: str, *, source: str, context: Mapping[str, Any], defaults: Mapping[str, Any]
    ) -> str:
        """Render; `context` beats `defaults`, and these beat all other names.

        Raises:
            ZesterError: it cannot be rendered; file and line are in the message.
        """
        state = self._state
        path, env = split_source(source) or (source.lstrip("/") or state.sls, "")
        names = {**state.context, "source": source, **defaults, **context}
        rendered = self._templates.render(
            env or state.env, path, names, dialect=state.dialect, text=text, source=True
        )
        if rendered.problems:
            first, more = rendered.problems[0], len(rendered.problems) - 1
            where = f"{first.place}: " if first.place else ""
            text = f"{where}{first.message}" + (f" (and {more} more)" if more else "")
            raise ZesterError(text, hint=first.hint)
        return rendered.text
