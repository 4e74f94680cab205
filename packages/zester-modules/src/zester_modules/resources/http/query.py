"""http.query and http.wait_for_successful_query: a server of the web answers as it should."""

import re
import time
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from zester_modules.host.address import shown
from zester_modules.host.machine import HostProblem, Unknowable, WebAnswer, WebRequest
from zester_modules.regexes import compiled
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources.http.asking import RETIRES, Asking, request_of
from zester_modules.words import Duration

OUTPUT: Final = 64 * 1024
"""Characters of an answer in a result."""
INTERVAL: Final = 1.0
"""Seconds between two requests, unless the state says otherwise."""


class Params(Asking, frozen=True, kw_only=True):
    """Ask a server of the web, and look at its answer.

    What only looks (GET, HEAD, OPTIONS) changes nothing, and is asked in a dry run, too. Anything
    else counts as changed, and is not sent in a dry run.
    """

    name: Annotated[str, Meta(description="the address")]
    match: Annotated[str, Meta(description="what the answer's text must hold")] = ""
    match_type: Annotated[
        Literal["string", "pcre"], Meta(description="how match is read: as it is, or as a pattern")
    ] = "string"
    status: Annotated[
        int | str | list[int] | None, Meta(description="the answer's status; of a list any of them")
    ] = None
    status_type: Annotated[
        Literal["string", "pcre", "list"], Meta(description="how status is read")
    ] = "string"
    wait_for: Annotated[
        Duration | None, Meta(description="ask again for so long until the answer is good")
    ] = None
    request_interval: Annotated[Duration, Meta(description="the time between two requests")] = (
        INTERVAL
    )


class Waiting(Params, frozen=True, kw_only=True):
    """Ask a server of the web until it answers as it should."""

    wait_for: Annotated[Duration | None, Meta(description="for how long")] = 300.0


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A request to send, or the good answer that check had."""

    request: WebRequest
    params: Params
    answer: WebAnswer | None = None


def check(params: Params, scope: Scope) -> Plan:
    """Ask, if asking changes nothing."""
    if not params.match and params.status is None:
        raise HostProblem("nothing is said of the answer", hint="give match or status, or both")
    _hold_patterns(params)
    request = request_of(params.name, params, scope.machine)
    todo = Todo(request=request, params=params)
    address = shown(request.url)
    if not request.reads:
        leaf = Leaf(path=address, after=request.method)
        return Plan(leaves=(leaf,), comment=f"would send a {request.method}", todo=todo)
    try:
        answer = scope.machine.look_up(request)
        wrong = said_of(params, answer)
    except Unknowable as unknown:
        # to ask changes nothing, so what comes after is as certain as it was
        return Plan(certain=False, comment=f"only known after: {', '.join(unknown.because)}")
    except HostProblem as problem:
        answer, wrong = None, problem.message
    if not wrong:
        todo = msgspec.structs.replace(todo, answer=answer)
        return Plan(comment=f"{address} answers as it should", todo=todo)
    if not params.wait_for:
        raise HostProblem(wrong, hint=_excerpt(answer, scope))
    return Plan(certain=False, comment=f"{wrong}; would wait for it", todo=todo)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Give the good answer that there is, or ask until there is one."""
    todo: Todo = plan.todo
    if todo.answer is not None:
        return Changes(output=_output(todo.answer, scope), comment=plan.comment)
    params = todo.params
    until = time.monotonic() + (params.wait_for or 0)
    while True:
        answer = None
        try:
            answer = scope.machine.send(todo.request)
            wrong = said_of(params, answer)
        except HostProblem as problem:
            wrong = problem.message
        if not wrong or time.monotonic() + params.request_interval > until:
            break
        time.sleep(params.request_interval)
    return Changes(
        leaves=plan.leaves,
        output=_output(answer, scope),
        comment=f"{shown(todo.request.url)} answers as it should",
        failed=wrong,
    )


def said_of(params: Params, answer: WebAnswer) -> str:
    """Say what is wrong with an answer; "" is nothing."""
    if params.status is not None and not _has_status(params, str(answer.status)):
        wished = params.status if isinstance(params.status, list) else [params.status]
        words = " or ".join(map(str, wished))
        return f"{shown(params.name)} answers {answer.status}, not {words}"
    text = answer.body.decode("utf-8", "replace")
    if params.match and not (
        re.search(params.match, text) if params.match_type == "pcre" else params.match in text
    ):
        return f"{shown(params.name)} answers without {params.match[:100]!r}"
    return ""


def _has_status(params: Params, status: str) -> bool:
    if isinstance(params.status, list):
        return status in map(str, params.status)
    if params.status_type == "pcre":
        return re.search(str(params.status), status) is not None
    return str(params.status) == status


def _hold_patterns(params: Params) -> None:
    for name, text, how in (
        ("match", params.match, params.match_type),
        ("status", str(params.status or ""), params.status_type),
    ):
        if how == "pcre":
            compiled(text, argument=name)


def _output(answer: WebAnswer | None, scope: Scope) -> dict[str, Any] | None:
    if answer is None or scope.sensitive:
        return None
    return {"status": answer.status, "text": answer.body.decode("utf-8", "replace")[:OUTPUT]}


def _excerpt(answer: WebAnswer | None, scope: Scope) -> str:
    if answer is None or scope.sensitive:
        return ""
    text = " ".join(answer.body[:2000].decode("utf-8", "replace").split())
    return f"it says: {text[:200]}" if text else ""


QUERY: Final = Resource(
    name="http.query", params=Params, check=check, apply=apply, kind="action", retires=RETIRES
)
WAIT: Final = Resource(
    name="http.wait_for_successful_query", params=Waiting, check=check, apply=apply,
    kind="action", retires=RETIRES,
)  # fmt: skip
