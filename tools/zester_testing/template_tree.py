"""Trees of templates in memory, and what comes out of them, for tests of the renderer."""

from typing import Any

from zester_proto.render.nodes import Dialect, Problem
from zester_proto.render.renderer import Rendered, Renderer


class Tree:
    """A tree of files in memory, and what comes out of them."""

    def __init__(self, **options: Any) -> None:
        self.files: dict[str, str | bytes] = {}
        self.asked: list[str] = []
        self.options = options

    def __setitem__(self, path: str, content: str | bytes) -> None:
        self.files[path] = content

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, and note that it was asked for."""
        self.asked.append(path)
        content = self.files.get(path)
        return content.encode() if isinstance(content, str) else content

    def renderer(self) -> Renderer:
        """Return a new renderer of this tree."""
        return Renderer(self.read, **self.options)

    def render(self, path: str, dialect: Dialect = "sls", **context: Any) -> Rendered:
        """Render one of the files."""
        return self.renderer().render(path, context, dialect=dialect)

    def text(self, template: str, dialect: Dialect = "sls", **context: Any) -> str:
        """Return what comes out of a template that lies at a/t.sls."""
        rendered = self.renderer().render("a/t.sls", context, dialect=dialect, text=template)
        assert rendered.problems == ()
        return rendered.text

    def problems(self, template: str, **context: Any) -> tuple[Problem, ...]:
        """Return what is wrong with a template."""
        rendered = self.renderer().render("a/t.sls", context, dialect="sls", text=template)
        assert rendered.text == ""
        return rendered.problems

    def problem(self, template: str, **context: Any) -> Problem:
        """Return the one thing that is wrong with a template."""
        (problem,) = self.problems(template, **context)
        return problem


def text(template: str, **context: Any) -> str:
    """Return what comes out of a template without a tree."""
    return Tree().text(template, **context)


def problem(template: str, **context: Any) -> Problem:
    """Return the one thing that is wrong with a template without a tree."""
    return Tree().problem(template, **context)


def said(template: str, **context: Any) -> list[tuple[str, str]]:
    """Return places and messages of all that is wrong with a template."""
    return [(str(p.place), p.message) for p in Tree().problems(template, **context)]
