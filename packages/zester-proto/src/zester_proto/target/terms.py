"""From words to nodes: each term's own rules, checked where it is written."""

from collections.abc import Callable
from typing import Final, cast

from zester_proto.target import ranges
from zester_proto.target.ast import (
    Comparison,
    Fact,
    FactRegex,
    Globs,
    IdRegex,
    Listed,
    Operator,
    Ranged,
    Subnet,
    Term,
)
from zester_proto.target.errors import TargetError
from zester_proto.target.globs import glob_fault
from zester_proto.target.plan import MAX_WORDS, is_comparable
from zester_proto.target.regex import BadRegex, regex_test
from zester_proto.target.scanner import Field, Word, has_prefix
from zester_proto.target.subnets import network


def build_term(expression: str, word: Word) -> Term:
    """Turn a word into a node; `N@` is the parser's own, which knows the groups.

    Raises:
        TargetError: the word breaks its term's rules.
    """
    if word.letter and not any(map(_says_something, word.fields)):
        raise TargetError(
            f"nothing stands behind {expression[word.start : word.end]}",
            expression,
            word.end,
            hint=_EXAMPLES[word.letter],
        )
    return _BUILDERS[word.letter](expression, word)


def _says_something(field: Field) -> bool:
    return bool(field.text or field.quoted or field.operator)


def _globs(expression: str, word: Word) -> Globs:
    for field in word.fields:
        if has_prefix(field.text):
            raise TargetError(
                "quotes and lists with commas are of globs, and this is none",
                expression,
                field.start,
                hint='quote the value alone: G@os:"Red Hat"; join kinds with `or`',
            )
        if not field.text:
            raise TargetError(
                "a glob is missing here",
                expression,
                field.start,
                hint="a list of globs has commas and no spaces: web-*,db-*",
            )
        _check_glob(expression, field, field.text)
    return Globs(tuple(field.text for field in word.fields))


def _check_glob(expression: str, field: Field, pattern: str) -> None:
    fault = glob_fault(pattern)
    if fault is not None:
        reason, offset = fault
        hint = "write [[] for the sign itself"
        raise TargetError(reason, expression, _inside(field, offset), hint=hint)


def _inside(field: Field, offset: int) -> int:
    return field.start + len(field.operator) + field.quoted + offset


def _listed(_expression: str, word: Word) -> Listed:
    # as in Salt, a comma too many does no harm
    return Listed(tuple(field.text for field in word.fields if _says_something(field)))


def _ranged(expression: str, word: Word) -> Ranged:
    total = 0
    for field in word.fields:
        if not field.text:
            raise TargetError("a range is missing here", expression, field.start)
        try:
            total += ranges.size(field.text)
        except ranges.BadRange as error:
            place = _inside(field, error.offset)
            raise TargetError(str(error), expression, place, hint=_EXAMPLES["R"]) from error
        if total > ranges.MAX_NAMES:
            raise TargetError(
                f"these ranges spell more than {ranges.MAX_NAMES:,} ids",
                expression,
                field.start,
                hint="use a glob or a regular expression",
            )
    return Ranged(tuple(field.text for field in word.fields))


def _id_regex(expression: str, word: Word) -> IdRegex:
    field = word.fields[0]
    try:
        regex_test(field.text)
    except BadRegex as error:
        place = _inside(field, error.offset)
        raise TargetError(str(error), expression, place, hint=error.hint) from error
    return IdRegex(field.text)


def _subnet(expression: str, word: Word) -> Subnet:
    field = word.fields[0]
    try:
        network(field.text)
    except ValueError as error:
        reason = f"not an address or a network: {error}"
        raise TargetError(reason, expression, field.start, hint=_EXAMPLES["S"]) from error
    return Subnet(field.text)


def _fact(expression: str, word: Word) -> Fact | Comparison:
    words = _words(expression, word)
    settings, delimiter = word.letter == "I", word.delimiter or ":"
    for place, field in enumerate(word.fields):
        if field.operator:
            value = delimiter.join(words[place:])
            _check_value(expression, field, value)
            operator = cast("Operator", field.operator)
            return Comparison(words[:place], operator, value, settings, delimiter)
    for place, field in enumerate(word.fields[1:], 1):
        _check_glob(expression, field, delimiter.join(words[place:]))
    return Fact(words, settings, delimiter)


def _check_value(expression: str, field: Field, value: str) -> None:
    place = field.start + len(field.operator)
    if not value and not field.quoted:
        raise TargetError(f"nothing stands behind {field.operator}", expression, place)
    if field.operator == "!=":
        _check_glob(expression, field, value)
    elif not is_comparable(value):
        raise TargetError(
            f"{field.operator} compares numbers and versions, and this is neither",
            expression,
            place,
            hint="to match a text that begins with this sign put it in quotes",
        )


def _fact_regex(expression: str, word: Word) -> FactRegex:
    words = _words(expression, word)
    delimiter = word.delimiter or ":"
    fault: tuple[Field, BadRegex] | None = None
    for place in range(1, len(words)):
        try:
            regex_test(delimiter.join(words[place:]), ignore_case=True)
        except BadRegex as error:
            fault = fault or (word.fields[place], error)
        else:
            return FactRegex(words, word.letter == "J", delimiter)
    field, error = cast("tuple[Field, BadRegex]", fault)  # two words or more leave one
    place = _inside(field, error.offset)
    raise TargetError(str(error), expression, place, hint=error.hint) from error


def _words(expression: str, word: Word) -> tuple[str, ...]:
    delimiter = word.delimiter or ":"
    if len(word.fields) < 2:
        raise TargetError(
            f"{word.letter}@ needs a fact and a value with `{delimiter}` between them",
            expression,
            word.end,
            hint=_EXAMPLES[word.letter],
        )
    if len(word.fields) > MAX_WORDS:
        field = word.fields[MAX_WORDS]
        raise TargetError(f"a path has at most {MAX_WORDS} words", expression, field.start)
    return tuple(field.text for field in word.fields)


_BUILDERS: Final[dict[str, Callable[[str, Word], Term]]] = {
    "": _globs,
    "G": _fact,
    "I": _fact,
    "P": _fact_regex,
    "J": _fact_regex,
    "E": _id_regex,
    "L": _listed,
    "S": _subnet,
    "R": _ranged,
}

_EXAMPLES: Final = {
    "G": "for example G@os:debian or G@cpu:count:>=8",
    "P": "for example P@os:(debian|ubuntu)",
    "I": "for example I@env:prod",
    "J": r"for example J@version:2\.[01]",
    "E": r"for example E@web-\d+",
    "L": "for example L@web-1,web-2",
    "S": "for example S@10.0.0.0/8 or S@2001:db8::/32",
    "N": "for example N@webservers",
    "R": "for example R@web-[01-20],db-[a-c]",
}
