from typing import Any

import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.function import AnyFunction
from zester_modules.functions import test as functions
from zester_modules.registry import Return
from zester_testing.plain_machine import PlainMachine


def run(declared: AnyFunction, context: Context, *args: Any) -> Return:
    return run_bound(bind(declared, args, {}), context)


def test_ping_and_echo_and_version_and_sleep_answer(context: Context):
    context.version = "1.2.3"
    assert run(functions.ping, context) == Return(True)
    assert run(functions.true, context) == Return(True)
    assert run(functions.false, context) == Return(False)
    assert run(functions.echo, context, "a  b") == Return("a  b")
    assert run(functions.version, context) == Return("1.2.3")
    assert run(functions.sleep, context, "1ms") == Return(0.001)


def test_what_manages_packages_and_services_has_salts_names(context: Context):
    context.machine = PlainMachine()
    assert run(functions.provider, context, "service") == Return("systemd_service")
    assert run(functions.provider, context, "pkg") == Return("aptpkg")
    other = run(functions.provider, context, "user")
    assert (other.outcome, other.error) == ("refused", "'user' has no provider")


@pytest.mark.parametrize(
    ("args", "error"), [((), "test.fail was asked to fail"), (("why",), "why")]
)
def test_fail_fails_with_its_reason(context: Context, args: Any, error: str):
    assert run(functions.fail, context, *args) == Return(None, "failed", error=error)
