"""debconf.set: answers to the questions of Debian's packages, before they ask."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, Effects, HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Deed, Todo, apply, text_at
from zester_proto.secrets.masker import MASK

ANSWERS: Final = ("/var/cache/debconf/config.dat", "/var/cache/debconf/passwords.dat")
"""`debconf-show` says no passwords, so that they could never be compared."""
TYPES: Final = frozenset(
    {"boolean", "error", "multiselect", "note", "password", "select", "string", "text", "title"}
)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have debconf know answers."""

    name: Annotated[str, Meta(description="the package that asks")]
    data: Annotated[dict[str, Any], Meta(description="questions, each with its `type` and `value`")]


class _Answer(msgspec.Struct, frozen=True):
    question: str
    type: str
    value: str


def check(params: Params, scope: Scope) -> Plan:
    """Compare the answers with those that debconf has."""
    if len(params.name.split()) != 1:
        raise HostProblem(f"{params.name!r} is no package")
    wanted = [_answer(question, told) for question, told in params.data.items()]
    known: dict[str, str] = {}
    for path in ANSWERS:
        known |= answers(text_at(scope.machine, path))
    odd = [one for one in wanted if known.get(one.question) != one.value]
    leaves = tuple(_leaf(one, known.get(one.question), scope) for one in odd)
    lines = "".join(f"{params.name} {one.question} {one.type} {one.value}\n" for one in odd)
    # by stdin: an answer may be a password
    command = Command(argv=("debconf-set-selections",), stdin=lines.encode())
    return Plan(
        leaves=leaves, comment="" if leaves else "debconf knows these answers",
        todo=Todo(deeds=(Deed(command=command, effects=Effects(unknown=ANSWERS)),)),
    )  # fmt: skip


def answers(text: str) -> dict[str, str]:
    """Read a file of debconf: the questions that have an answer."""
    found: dict[str, str] = {}
    for stanza in text.split("\n\n"):
        pairs = (line.partition(":") for line in stanza.splitlines())
        fields = {key.lower(): value.strip() for key, _, value in pairs}
        if "name" in fields and "value" in fields:
            found[fields["name"]] = fields["value"]
    return found


def _answer(question: str, told: object) -> _Answer:
    if not isinstance(told, Mapping):
        raise HostProblem(f"{question} needs a type and a value")
    given = cast("Mapping[str, Any]", told)
    kind, value = given.get("type"), given.get("value")
    if kind not in TYPES or set(given) != {"type", "value"} or len(question.split()) != 1:
        raise HostProblem(
            f"{question!r} needs a type and a value", hint=f"types: {', '.join(sorted(TYPES))}"
        )
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if value is None or isinstance(value, (list, Mapping)) or len(text.splitlines()) > 1:
        raise HostProblem(f"the answer to {question} is no single line")
    return _Answer(question, kind, text)


def _leaf(answer: _Answer, before: str | None, scope: Scope) -> Leaf:
    if answer.type == "password" or scope.sensitive:
        old = None if before is None else MASK
        return Leaf(path=answer.question, before=old, after=f"{MASK} (new)")
    return Leaf(path=answer.question, before=before, after=answer.value)


def _paths(_params: Params) -> tuple[str, ...]:
    return ANSWERS


SET: Final = Resource(
    name="debconf.set", params=Params, paths=_paths, check=check, apply=apply,
    needs=("debconf-set-selections",),
)  # fmt: skip
