from typing import Any

import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.function import AnyFunction
from zester_modules.functions import sys
from zester_modules.registry import Return


def run(declared: AnyFunction, context: Context, *args: Any) -> Return:
    return run_bound(bind(declared, args, {}), context)


def test_functions_are_listed_by_glob(context: Context):
    names = run(sys.list_functions, context).value
    assert names == sorted(names)
    assert "cmd.run" in names
    assert run(sys.list_functions, context, "facts.?et").value == ["facts.get", "facts.set"]


def test_help_of_one_of_a_module_and_of_all(context: Context):
    one = run(sys.doc, context, "test.ping").value
    assert one == {"test.ping": "test.ping\n\nAnswer true: the peel is there and runs jobs."}
    module = run(sys.doc, context, "test").value
    assert set(module) == {
        "test.echo", "test.fail", "test.false", "test.ping", "test.provider", "test.sleep",
        "test.true", "test.version",
    }  # fmt: skip
    every = run(sys.doc, context).value
    assert every["test.ping"] == "Answer true: the peel is there and runs jobs."


@pytest.mark.parametrize(("name", "hint"), [("test.pnig", "test.ping"), ("tset", ", cmd, ")])
def test_help_of_what_is_not_there_is_refused_with_a_suggestion(
    context: Context, name: str, hint: str
):
    answer = run(sys.doc, context, name)
    assert answer.outcome == "refused"
    assert hint in answer.hint


def test_the_catalogue_travels_as_plain_data(context: Context):
    found = run(sys.catalogue, context).value
    (run_,) = [one for one in found["functions"] if one["name"] == "cmd.run"]
    assert run_["parameters"][0]["name"] == "command"
    assert found["broken"] == []
