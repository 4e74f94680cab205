"""The target language: from an expression to its meaning, or to an error with a caret."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

from zester_proto.target.ast import And, Group, Node, Not, Or
from zester_proto.target.errors import TargetError
from zester_proto.target.scanner import Word, read_word
from zester_proto.target.terms import build_term

Groups: TypeAlias = Mapping[str, str | Sequence[str]]
"""Named groups: each an expression, or a list of ids, globs or expressions of which one holds."""

MAX_LENGTH: Final = 64 * 1024
"""Characters of an expression: some thousand ids in a list."""

MAX_DEPTH: Final = 50
"""Parentheses and `not` within each other."""

MAX_NODES: Final = 10_000
"""Terms and operators of an expression, groups counted wherever they are named."""

_OPERATORS: Final = frozenset({"and", "or", "not"})


def parse(text: str, *, groups: Groups | None = None) -> Node:
    """Read an expression.

    Args:
        text: what the operator wrote.
        groups: what `N@` may name.

    Raises:
        TargetError: it is malformed, too large, or names a group that is unknown or broken.
    """
    return _Parser(text, _Scope({} if groups is None else groups)).parse()


def check_groups(groups: Groups) -> None:
    """Read all groups, as a configuration is checked.

    Raises:
        TargetError: one is malformed, or they refer to each other in a circle.
    """
    for name in groups:
        _Scope(groups).node(name, name, 0)


class _Scope:
    """The groups of one parse: each is read once, and a circle is noticed."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._known: dict[str, Node] = {}
        self._sizes: dict[str, int] = {}
        self._open: list[str] = []
        self.size = 0

    def node(self, name: str, expression: str, offset: int) -> Node:
        """Give what a group means.

        Args:
            name: the group.
            expression: where it is named.
            offset: where in that.
        """
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise TargetError(f"the group `{name}` holds itself: {circle}", expression, offset)
        if name in self._known:
            self.grow(self._sizes[name], expression, offset)
            return self._known[name]
        if name not in self._groups:
            known = ", ".join(sorted(self._groups)[:10])
            hint = f"known groups: {known}" if known else "this master's configuration has none"
            raise TargetError(f"unknown group `{name}`", expression, offset, hint=hint)
        before = self.size
        self._open.append(name)
        node = self._known[name] = _Parser(_group_text(self._groups[name]), self, name).parse()
        self._open.pop()
        self._sizes[name] = self.size - before
        return node

    def grow(self, count: int, expression: str, offset: int) -> None:
        """Count nodes, and refuse what would take too long to answer."""
        self.size += count
        if self.size > MAX_NODES:
            raise TargetError(f"more than {MAX_NODES:,} terms", expression, offset)


def _group_text(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    items = [str(item) for item in value]
    if any(item in {"and", "or", "not", "(", ")"} for item in items):
        return " ".join(items)  # as in Salt, the words of one expression
    return " or ".join(items)


class _Parser:
    """Recursive descent over one text: `or` binds weakest, then `and`, then `not`."""

    def __init__(self, text: str, scope: _Scope, group: str = "") -> None:
        self._text = text
        self._scope = scope
        self._group = group
        self._place = 0
        self._depth = 0
        self._last = ""

    def parse(self) -> Node:
        if len(self._text) > MAX_LENGTH:
            self._fail(f"a target has at most {MAX_LENGTH:,} characters", MAX_LENGTH)
        try:
            if not self._peek():
                self._fail("there is no target", 0, "for example '*' or 'G@os:debian'")
            node = self._either()
            if self._peek() == ")":
                self._fail("there is no parenthesis open that this one closes", self._place)
        except TargetError as error:
            if not self._group or error.expression != self._text:
                raise
            reason = f"in the group `{self._group}`: {error.reason}"
            raise TargetError(reason, self._text, error.offset, hint=error.hint) from error
        return node

    def _either(self) -> Node:
        parts = [self._all()]
        while self._operator() == "or":
            self._take("or")
            parts.append(self._all())
        return self._join(Or, parts)

    def _all(self) -> Node:
        parts = [self._one()]
        while self._operator() in {"and", "not"}:
            # as in Salt, `A not B` is `A and not B`
            if self._operator() == "and":
                self._take("and")
            parts.append(self._one())
        following = self._peek()
        if following and following != ")" and self._operator() != "or":
            self._fail_between()
        return self._join(And, parts)

    def _join(self, kind: type[And | Or], parts: list[Node]) -> Node:
        if len(parts) == 1:
            return parts[0]
        self._scope.grow(1, self._text, self._place)
        return kind(tuple(parts))

    def _one(self) -> Node:
        sign, operator, start = self._peek(), self._operator(), self._place
        if operator == "not":
            self._take("not")
            return Not(self._nested(start, self._one))
        if sign == "(":
            self._place += 1
            node = self._nested(start, self._either)
            if self._peek() != ")":
                self._fail("this parenthesis is never closed", start)
            self._place += 1
            self._last = ")"
            return node
        if not sign or sign == ")" or operator:
            self._fail_missing(operator)
        return self._term()

    def _nested(self, start: int, rule: Callable[[], Node]) -> Node:
        self._depth += 1
        self._scope.grow(1, self._text, start)
        if self._depth > MAX_DEPTH:
            self._fail(f"parentheses and `not` go at most {MAX_DEPTH} deep", start)
        node = rule()
        self._depth -= 1
        return node

    def _term(self) -> Node:
        start = self._place
        word = read_word(self._text, start)
        opening = self._text[start : word.end].partition("(")
        if opening[0] in _OPERATORS and opening[1]:
            place = start + len(opening[0])
            self._fail(f"`{opening[0]}` needs a space before this parenthesis", place)
        self._scope.grow(1, self._text, start)
        node = self._named(word) if word.letter == "N" else build_term(self._text, word)
        self._place = word.end
        self._last = self._text[start : word.end]
        return node

    def _named(self, word: Word) -> Group:
        name = word.fields[0].text
        if not name:
            self._fail("N@ needs the name of a group", word.end, "for example N@webservers")
        return Group(name, self._scope.node(name, self._text, word.fields[0].start))

    def _peek(self) -> str:
        """Give the next sign that is no white space; empty at the end."""
        while self._place < len(self._text) and self._text[self._place].isspace():
            self._place += 1
        return self._text[self._place : self._place + 1]

    def _operator(self) -> str:
        """Give the operator that stands next, if one does."""
        self._peek()
        for operator in _OPERATORS:
            end = self._place + len(operator)
            if self._text.startswith(operator, self._place) and (
                end == len(self._text) or self._text[end].isspace() or self._text[end] == ")"
            ):
                return operator
        return ""

    def _take(self, operator: str) -> None:
        self._place += len(operator)
        self._last = operator

    def _fail(self, reason: str, offset: int, hint: str = "") -> NoReturn:
        raise TargetError(reason, self._text, offset, hint=hint)

    def _fail_missing(self, operator: str) -> NoReturn:
        after = f" after `{self._last}`" if self._last in _OPERATORS else ""
        hint = (
            f'a peel with the name {operator} is L@{operator} or "{operator}"' if operator else ""
        )
        self._fail(f"a target is missing here{after}", self._place, hint)

    def _fail_between(self) -> NoReturn:
        word = self._text[self._place :].split(maxsplit=1)[0]
        hint = 'a value with a space in it needs quotes: G@os:"Red Hat"'
        shouted = next((w.lower() for w in (word, self._last) if w.lower() in _OPERATORS), "")
        if shouted:
            hint = f"operators are written in lower case: {shouted}"
        elif self._last.endswith(","):
            hint = "a list has commas and no spaces: web-*,db-*"
        self._fail("`and` or `or` is missing before this", self._place, hint)
