"""Reads what a template made as YAML, JSON or text: `load_yaml`, `import_json` and their like."""

import json
from typing import Any

from jinja2.exceptions import TemplateRuntimeError

from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Problem
from zester_proto.render.secret_text import Secrets
from zester_proto.render.values import plain
from zester_proto.render.yaml import load


class BadData(TemplateRuntimeError):
    """Raised when a text that a template wants as data is none.

    Attributes:
        problems: what is wrong; without a place where the text is no file's.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


class TextReader:
    """Reads texts in one dialect.

    Args:
        dialect: whose words count.
        secrets: what `!secret NAME` means; without it the tag is passed over.
    """

    def __init__(self, dialect: Dialect, secrets: Secrets | None = None) -> None:
        self._dialect: Dialect = dialect
        self._tagged = None if secrets is None else secrets.tagged

    def read(self, kind: str, lines: LineMap, file: str) -> Any:
        """Read a rendered file as `yaml`, `json` or `text`.

        Raises:
            BadData: it is not what it should be.
        """
        if kind == "text":
            return lines.text
        return self.yaml(lines, file) if kind == "yaml" else self.json(lines)

    def yaml(self, lines: LineMap, file: str) -> Any:
        """Read YAML.

        Raises:
            BadData: it is none.
        """
        loaded = load(lines.text, file, self._dialect, lines)
        if loaded.problems:
            raise BadData(loaded.problems)
        return plain(loaded.root, self._dialect, self._tagged)

    def json(self, lines: LineMap) -> Any:
        """Read JSON.

        Raises:
            BadData: it is none.
        """
        try:
            return json.loads(lines.text)
        except json.JSONDecodeError as error:
            message = f"not JSON: {error.msg}"
            raise BadData((lines.problem(error.lineno, error.colno, message),)) from error
        except RecursionError as error:
            raise BadData((Problem(message="not JSON: too many levels"),)) from error


def read_value(kind: str, value: Any, dialect: Dialect, secrets: Secrets | None = None) -> Any:
    """Read a value of a template, whose text has no place.

    Raises:
        BadData: it is not what it should be.
    """
    text = value.decode() if isinstance(value, bytes) else str(value)
    try:
        return TextReader(dialect, secrets).read(kind, LineMap.plain("", text), "")
    except BadData as bad:
        raise BadData(tuple(_placeless(problem, text) for problem in bad.problems)) from bad


def _placeless(problem: Problem, text: str) -> Problem:
    if problem.place is None:
        return problem
    line, column = problem.place.line, problem.place.column or 1
    shown = text.split("\n")[line - 1 : line]
    return Problem(
        message=f"{problem.message} (line {line} of this text)",
        hint=problem.hint,
        rendered=f"{shown[0]}\n{' ' * (column - 1)}^" if shown else "",
    )
