"""YAML text to a tree with lines: the one place that loads PyYAML for configuration."""

from typing import Any, Final

import yaml

from zester_proto.config_tree import (
    MAX_DEPTH,
    MAX_NODES,
    ConfigError,
    Mapping,
    Node,
    Scalar,
    Sequence,
)

_yaml: Final[Any] = yaml  # its types say nothing of events
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML in C where it was built with it."""


def parse(text: str, name: str) -> Mapping | None:
    """Read one document; None where it is empty.

    Built from events and not by PyYAML's composer, which in C calls itself at each level: 20,000
    brackets would end the process.

    Args:
        text: the document.
        name: how errors name it; the line is put behind it.

    Raises:
        ConfigError: it is not YAML, not a mapping, or uses what configuration does without.
    """
    builder = _Builder(name)
    try:
        for event in _yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _not_yaml(error, name) from error
    root = builder.root
    if root is None or (isinstance(root, Scalar) and root.plain and not root.text):
        return None
    if not isinstance(root, Mapping):
        raise ConfigError(f"{name}:{root.line}: not a mapping", hint="write KEY: VALUE lines")
    return root


def _not_yaml(error: yaml.YAMLError, name: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    hint = ""
    if "\\t" in problem or "tab character" in problem:
        hint = "indent with spaces, YAML allows no tabs"
    elif "mapping values are not allowed" in problem:
        hint = "put quotes around a value that holds ': '"
    where = f"{name}:{mark.line + 1}" if mark is not None else name
    return ConfigError(f"{where}: not YAML: {problem}", hint=hint)


class _Open:
    """A list or mapping that is being read."""

    def __init__(self, line: int, *, mapping: bool) -> None:
        self.line = line
        self.mapping = mapping
        self.items: list[Node] = []
        self.pairs: list[tuple[Scalar, Node]] = []
        self.key: Scalar | None = None
        self.lines: dict[str, int] = {}


class _Builder:
    """Puts events together.

    Attributes:
        root: the document.
    """

    def __init__(self, name: str) -> None:
        self.root: Node | None = None
        self._name = name
        self._stack: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event.

        Raises:
            ConfigError: it is something that configuration does without.
        """
        line: int = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._error(line, "a second document", "one file holds one")
            case yaml.AliasEvent():
                raise self._error(line, "an alias (*)", "write the value out")
            case yaml.ScalarEvent():
                self._check_tag(event, line)
                self._add(Scalar(event.value, line, not event.style), line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_tag(event, line)
                self._stack.append(_Open(line, mapping=isinstance(event, yaml.MappingStartEvent)))
                if len(self._stack) > MAX_DEPTH:
                    raise self._error(line, f"more than {MAX_DEPTH} levels", "")
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self._stack.pop()
                made = Mapping(done.pairs, done.line) if done.mapping else None
                self._add(made or Sequence(done.items, done.line), done.line)
            case _:
                pass

    def _error(self, line: int, what: str, hint: str) -> ConfigError:
        return ConfigError(f"{self._name}:{line}: {what} has no place here", hint=hint)

    def _check_tag(self, event: Any, line: int) -> None:
        if event.tag is not None and event.tag != "!":
            raise self._error(line, f"the tag {event.tag}", "write the value without it")

    def _add(self, node: Node, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._error(line, f"more than {MAX_NODES} values", "")
        if not self._stack:
            self.root = node
            return
        into = self._stack[-1]
        if not into.mapping:
            into.items.append(node)
        elif into.key is not None:
            into.pairs.append((into.key, node))
            into.key = None
        elif isinstance(node, Scalar):
            self._check_key(into, node)
            into.key = node
        else:
            raise self._error(line, "a key that is a list or mapping", "keys are words")

    def _check_key(self, into: _Open, key: Scalar) -> None:
        if key.text == "<<" and key.plain:
            raise self._error(key.line, "a merge key (<<)", "write the values out")
        if key.text in into.lines:
            raise ConfigError(
                f"{self._name}:{key.line}: the key {key.text!r} is there twice, "
                f"first in line {into.lines[key.text]}",
                hint="keep one of them",
            )
        into.lines[key.text] = key.line
