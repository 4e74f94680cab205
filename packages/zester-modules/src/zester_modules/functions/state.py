"""States: what a tree holds, whether it is well written, and what can be written in it."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any, Literal

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.state_apply import apply, highstate, single, sls
from zester_modules.functions.state_names import state_names
from zester_modules.functions.state_prefetch import prefetch
from zester_modules.functions.state_test import run_tests
from zester_modules.returns import Outcome, Return

__all__ = [
    "apply",
    "graph",
    "highstate",
    "lint",
    "prefetch",
    "run_tests",
    "schema",
    "show",
    "single",
    "sls",
]


@function("state.show", reads=True)
def show(
    context: Context,
    *names: str,
    exclude: list[str] | None = None,
    saltenv: str = "",
    strict: bool = False,
) -> Return:
    """Answer the states of a tree in the order in which they would run, or all its errors.

    Args:
        names: state files, such as `nginx` or `nginx.config`; without any, what the top file says.
        exclude: files, or globs of them, to leave out.
        saltenv: their environment; else `base`, or every one for the top file.
        strict: refuse what Salt lets pass in a `.sls`.
    """
    from zester_modules.states import show as shown  # noqa: PLC0415  # YAML is a worker's alone
    from zester_modules.states.from_context import compiler_of, request_of  # noqa: PLC0415  # the same

    request = request_of(
        context, state_names(show, names), env=saltenv, strict=strict, exclude=exclude or ()
    )
    compiled = compiler_of(context, request).compile()
    return _return(shown.show(compiled), len(compiled.errors) + compiled.more_errors)


@function("state.lint", reads=True)
def lint(context: Context, *names: str, saltenv: str = "") -> Return:
    """Answer everything that a strict compile refuses, and what roots hide of each other.

    Args:
        names: state files or globs; without any, each file of the tree by itself.
        saltenv: their environment; else `base`.
    """
    from zester_modules.states import lint as linted  # noqa: PLC0415  # YAML is a worker's alone

    found = linted.lint(context, state_names(lint, names), saltenv)
    errors = len(found["errors"])
    if not errors:
        return Return(found)
    return Return(found, Outcome.FAILED, error=f"{_count(errors)} in the tree")


@function("state.schema", reads=True)
def schema(context: Context, *names: str) -> dict[str, Any]:
    """Answer what states take, as JSON Schema.

    Args:
        names: states such as `file.managed`, or first names; without any, all.
    """
    from zester_modules.states.resources_table import resources_of  # noqa: PLC0415  # a worker's alone
    from zester_modules.states.schema import schema as schema_of  # noqa: PLC0415  # the same

    resources = resources_of(context)
    wanted = names or tuple(resources.modules())
    found: dict[str, Any] = {}
    for name in wanted:
        module, dot, _ = name.partition(".")
        family = resources.family(module)
        some = {name: family[name]} if name in family else {} if dot else family
        if not some:
            raise Refused(f"there is no state {name}", hint=resources.hint(name))
        found |= {full: schema_of(one) for full, one in some.items()}
    return found


@function("state.graph", reads=True)
def graph(
    context: Context,
    *names: str,
    format: Literal["text", "dot", "svg"] = "text",  # noqa: A002  # the word that operators know
    saltenv: str = "",
) -> Return:
    """Answer the states and their requisites as a picture.

    Args:
        names: state files; without any, what the top file says.
        format: text, dot (for Graphviz) or svg.
        saltenv: their environment.
    """
    from zester_modules.states import graph as drawn  # noqa: PLC0415  # YAML is a worker's alone
    from zester_modules.states.from_context import compiler_of, request_of  # noqa: PLC0415  # the same
    from zester_modules.states.show import problem_data  # noqa: PLC0415  # the same

    request = request_of(context, state_names(graph, names), env=saltenv)
    compiled = compiler_of(context, request).compile()
    if compiled.errors:
        errors = [problem_data(one) for one in compiled.errors]
        return _return({"errors": errors}, len(errors) + compiled.more_errors)
    return Return(drawn.graph(compiled, format))


def _return(value: dict[str, Any], errors: int) -> Return:
    if not errors:
        return Return(value)
    first = value["errors"][0]
    where = f"{first['file']}:{first['line']}: " if first["file"] else ""
    more = f" (and {errors - 1} more)" if errors > 1 else ""
    return Return(
        value, Outcome.REFUSED, error=f"{where}{first['message']}{more}", hint=first["hint"]
    )


def _count(errors: int) -> str:
    return f"{errors} error{'s' * (errors != 1)}"
