"""What can be said of a settings file without rendering it: its secrets and what it reaches.

A master asks this when it publishes (settings.md 2): which secrets a file names, which files it
may read. What cannot be known from the text is a problem with its line, and nothing is published.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from jinja2 import TemplateSyntaxError, nodes

from zester_proto.render.code_cache import CodeCache
from zester_proto.render.environment import NotText, TreeEnvironment, text_of
from zester_proto.render.header import split_header
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Place, Problem
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.undefined import Missing
from zester_proto.render.yaml import load
from zester_proto.secrets.references import NAMES, is_name
from zester_proto.settings.fold import (
    file_pattern,
    known_names,
    patterns,
    printed,
    says_something,
)
from zester_proto.settings.includes import SECRET_NAME, no_mapping, read_includes
from zester_proto.settings.source import MADE, Tag, constant, include_items, tags
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import absolute, reference_of

_FUNCTION: Final = "secret"
_DIALECTS: Final[dict[str, Dialect]] = {".zy": "zy", ".sls": "sls"}
_MADE_LATER: Final = re.compile(r"\{[{%#]|^#!|^\s*%", re.MULTILINE)
"""What a template may be told by; `%` begins statements where the configuration says so."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Files that a file may read."""

    pattern: str
    """A path, or for an include a reference; `*` stands for anything."""
    include: bool
    place: Place


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What a file's text says."""

    secrets: dict[str, Place] = {}
    """Names of secrets, and where each is first named."""
    encrypted: tuple[Tag, ...] = ()
    """Its `!encrypted` literals."""
    reaches: tuple[Reach, ...] = ()
    problems: tuple[Problem, ...] = ()


def analyse(env: str, path: str, data: bytes) -> Analysis:
    """Say what a file names.

    Args:
        env: its environment.
        path: from the tree's root.
        data: its content.
    """
    try:
        source = text_of(path, data)
    except NotText as error:
        problem = Problem(message=str(error), place=Place(path, error.line), hint=error.hint)
        return Analysis(problems=(problem,))
    return _Analyser(env, path, source).run()


class _Analyser:
    def __init__(self, env: str, path: str, source: str) -> None:
        self._env = env
        self._path = path
        self._source = source
        self._secrets: dict[str, Place] = {}
        self._encrypted: list[Tag] = []
        self._reaches: list[Reach] = []
        self._problems: list[Problem] = []

    def run(self) -> Analysis:
        """Look at all of the file."""
        header, rest, skipped = split_header(self._source)
        environment = _environment(header)
        try:
            tree = environment.parse(rest, self._path, self._path)
        except TemplateSyntaxError as error:
            message = f"not Jinja: {error.message or error}"
            place = Place(self._path, error.lineno + bool(skipped))
            return Analysis(problems=(Problem(message=message, place=place),))
        if skipped:
            for node in tree.find_all(nodes.Node):
                node.lineno += node.lineno >= skipped
        names = known_names(self._env, self._path, tree)
        self._calls(tree)
        self._imports(tree, names)
        text = constant(self._source)
        self._tags(text)
        self._includes(text, environment, names)
        if not self._problems and not header and not _MADE_LATER.search(self._source):
            self._constant()
        return Analysis(
            secrets=self._secrets, encrypted=tuple(self._encrypted),
            reaches=tuple(self._reaches), problems=tuple(self._problems),
        )  # fmt: skip

    def _constant(self) -> None:
        """Read a file that is no template, as the peels will."""
        dialect = _DIALECTS.get(posixpath.splitext(self._path)[1])
        if dialect is None:
            return  # what templates take in, whatever it is
        loaded = load(
            self._source, self._path, dialect, LineMap.plain(self._path, self._source)
        )  # fmt: skip
        problems = Problems()
        problems.extend(loaded.problems)
        if isinstance(loaded.root, MapNode):
            read_includes(loaded.root, dialect, problems)
        elif loaded.root is not None:
            problems.add(no_mapping(self._path, loaded.root))
        self._problems += problems.errors

    def _say(self, line: int, message: str, hint: str) -> None:
        self._problems.append(Problem(message=message, place=Place(self._path, line), hint=hint))

    def _calls(self, tree: nodes.Template) -> None:
        """Note calls of `secret`; any other use of that name hides which secret is meant."""
        called: set[int] = set()
        for call in tree.find_all(nodes.Call):
            callee = call.node
            if not isinstance(callee, nodes.Name) or callee.name != _FUNCTION:
                continue
            called.add(id(callee))
            if len(call.args) == 1 and not call.kwargs and isinstance(call.args[0], nodes.Const):
                self._secret(str(call.args[0].value), call.lineno)
            else:
                self._say(
                    call.lineno, "the name of this secret is not known before it is rendered",
                    "write it as text: secret('NAME')",
                )  # fmt: skip
        own = any(one.ctx != "load" for one in _names(tree))
        for name in _names(tree):
            if name.ctx == "load" and id(name) not in called and not own:
                self._say(
                    name.lineno, "`secret` is used otherwise than as secret('NAME')",
                    "call it where its value is printed",
                )  # fmt: skip
        for const in tree.find_all(nodes.Const):
            value: Any = const.value
            if isinstance(value, str) and ("!secret" in value or "!encrypted" in value):
                self._say(
                    const.lineno, "a tag that an expression makes: its secret cannot be known",
                    "write secret('NAME') in the expression",
                )  # fmt: skip

    def _secret(self, name: str, line: int) -> None:
        if not is_name(name):
            self._say(line, f"{name[:80]!r} is no name of a secret", NAMES)
        self._secrets.setdefault(name, Place(self._path, line))

    def _tags(self, text: str) -> None:
        for tag in tags(text):
            if tag.value is None:
                is_secret = tag.tag == "secret"
                what = "the name of a secret" if is_secret else "a text in quotes"
                hint = NAMES if is_secret else ""
                self._say(tag.line, f"behind !{tag.tag} stands {what}, and nothing else", hint)
            elif tag.tag == "secret":
                self._secret(tag.value, tag.line)
            else:
                self._encrypted.append(tag)

    def _imports(self, tree: nodes.Template, names: dict[str, Any]) -> None:
        for node, template in _templates(tree):
            for text in patterns(template, names):
                pattern = file_pattern(text, self._path)
                if pattern is None:
                    message = f"{text} lies outside of the tree"
                    self._say(node.lineno, message, "paths begin at the tree's root")
                else:
                    self._reach(pattern, node.lineno, include=False)

    def _includes(self, text: str, environment: TreeEnvironment, names: dict[str, Any]) -> None:
        sls = reference_of(self._path)
        if sls is None:
            return
        items = list(include_items(text, self._source))
        tagged = next((item for item in items if item.text.startswith("!")), None)
        if tagged is not None:  # what it names is perhaps no name, and is not said
            self._say(tagged.line, SECRET_NAME, "")
            return
        for item in items:
            for name in self._item(item.text, environment, names):
                reference = absolute(name.replace("/", "."), sls, self._path)
                if reference is None:
                    self._say(item.line, f"`include` of {name!r} leads out of the tree", "")
                else:
                    self._reach(reference, item.line, include=True)

    def _item(self, text: str, environment: TreeEnvironment, names: dict[str, Any]) -> list[str]:
        if MADE not in constant(text):
            return [text]
        try:
            return printed(environment.parse(text), names)
        except TemplateSyntaxError:
            return ["*"]

    def _reach(self, pattern: str, line: int, *, include: bool) -> None:
        if not says_something(pattern):
            self._say(
                line, "nothing says which files this may be, so they cannot be published",
                "write a part of the name as text, such as a folder",
            )  # fmt: skip
            return
        place = Place(self._path, line)
        self._reaches.append(Reach(pattern=pattern, include=include, place=place))


def _environment(header: dict[str, Any]) -> TreeEnvironment:
    dialect: Dialect = "sls"
    return TreeEnvironment(_nothing, CodeCache(), dialect, header, Missing)


def _nothing(_path: str) -> None:
    return None


def _names(tree: nodes.Template) -> Iterator[nodes.Name]:
    return (one for one in tree.find_all(nodes.Name) if one.name == _FUNCTION)


def _templates(tree: nodes.Template) -> Iterator[tuple[nodes.Node, nodes.Expr]]:
    """Give what names files: Jinja's own statements, and our `import_yaml` and its like."""
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        yield node, node.template
    for call in tree.find_all(nodes.Call):
        callee = call.node
        if isinstance(callee, nodes.EnvironmentAttribute) and callee.name == "imported":
            yield call, call.args[2]
