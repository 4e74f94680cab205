import sys
from types import ModuleType
from typing import Any

import pytest

from zester_modules.registry import (
    BUILTIN,
    IN_AGENT,
    BrokenModule,
    Context,
    Provider,
    Registry,
    UnknownFunction,
    function,
)


def module(name: str, *functions: object) -> ModuleType:
    made = ModuleType(name)
    for number, one in enumerate(functions):
        setattr(made, f"f{number}", one)
    return made


def declare(name: str, module_name: str = "theirs"):
    def call(_context: Context) -> str:
        """Answer."""
        return name

    call.__module__ = module_name
    return function(name)(call)


def provider(name: str, load: Any, package: str = "theirs 1.0") -> Provider:
    return Provider(name=name, package=package, load=load)


def never():
    raise AssertionError("the metadata was read")


def test_built_in_functions_are_found_without_asking_for_third_parties():
    registry = Registry(never)
    assert registry.find("test.ping").name == "test.ping"
    run = registry.in_agent("cmd.run")
    assert run is not None
    assert run.runs == "command"
    assert registry.in_agent("test.nosuch") is None
    assert registry.in_agent("nginx.reload") is None
    assert registry.in_agent("") is None


def test_every_built_in_module_declares_its_own_functions():
    registry = Registry()
    for name in BUILTIN:
        functions = registry.functions(name)
        assert functions
        assert all(one.startswith(f"{name}.") for one in functions)
    assert set(BUILTIN) >= IN_AGENT


def test_only_functions_of_modules_in_the_agent_run_there():
    registry = Registry()
    for name in set(BUILTIN) - IN_AGENT:
        assert all(one.runs == "worker" for one in registry.functions(name).values())


def test_a_third_partys_module_is_loaded_when_it_is_asked_for():
    loads: list[str] = []

    def load(name: str):
        loads.append(name)
        return module("theirs", declare(f"{name}.go"))

    registry = Registry(lambda: [provider(name, lambda name=name: load(name)) for name in "xy"])
    assert registry.modules() == [*sorted(BUILTIN), "x", "y"]
    assert loads == []
    assert registry.find("x.go").name == "x.go"
    assert registry.find("x.go") is registry.find("x.go")
    assert loads == ["x"]
    assert registry.package("x") == "theirs 1.0"


_MODULES = (
    f"a function is written module.function; modules: {', '.join(sorted([*BUILTIN, 'widget']))}"
)


@pytest.mark.parametrize(
    ("name", "suggestion", "hint"),
    [
        ("test.pnig", "test.ping", "did you mean test.ping?"),
        ("tset.ping", "test.ping", "did you mean test.ping?"),
        ("shadow.zzzzzz", "", "known are shadow.info"),
        ("zzzzzz.y", "", "sys.list_functions names them all"),
        ("zzz", "", _MODULES),
        ("", "", _MODULES),
        ("wdiget.reload", "widget.reload", "did you mean widget.reload?"),
    ],
)
def test_an_unknown_function_is_refused_with_what_was_perhaps_meant(
    name: str, suggestion: str, hint: str
):
    registry = Registry(
        lambda: [provider("widget", lambda: module("theirs", declare("widget.reload")))]
    )
    with pytest.raises(UnknownFunction) as caught:
        registry.find(name)
    assert (caught.value.suggestion, caught.value.hint) == (suggestion, hint)


def test_two_distributions_with_one_module_are_both_refused_by_name():
    registry = Registry(lambda: [provider("x", never, "one 1.0"), provider("x", never, "two 2.0")])
    with pytest.raises(BrokenModule, match=r"the functions x\.\* of one 1\.0, two 2\.0 are there"):
        registry.find("x.go")


def test_a_third_party_never_takes_a_built_in_modules_place():
    registry = Registry(lambda: [provider("test", never)])
    assert registry.modules() == sorted(BUILTIN)
    assert registry.find("test.ping").call.__module__ == "zester_modules.functions.test"
    assert [one.packages for one in registry.shadowed()] == [("theirs 1.0",)]


def untyped(_context: Context, thing: str) -> None:
    pass


del untyped.__annotations__["thing"]


@pytest.mark.parametrize(
    ("load", "problem"),
    [
        (lambda: __import__("no_such_package"), "ModuleNotFoundError"),
        (lambda: module("theirs", declare("other.go")), "other.go does not belong to the module x"),
        (lambda: module("theirs", declare("x.a"), declare("x.a")), "x.a is declared twice"),
        (lambda: module("theirs", function("x.a")(untyped)), "the parameter thing has no type"),
        (lambda: module("theirs"), "it declares no function x.*"),
        (lambda: 3, "TypeError"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda: sys.exit("no licence"), "SystemExit: no licence"),
    ],
)
def test_a_module_that_cannot_be_loaded_names_its_distribution(load: Any, problem: str):
    registry = Registry(lambda: [provider("x", load)])
    with pytest.raises(BrokenModule) as caught:
        registry.find("x.go")
    assert caught.value.message.startswith("the functions x.* of theirs 1.0 cannot be loaded: ")
    assert problem in caught.value.message
    assert caught.value.packages == ("theirs 1.0",)
    assert Registry(lambda: [provider("x", load)]).find("test.ping")
    with pytest.raises(UnknownFunction):
        registry.find("xx.go")


def test_functions_that_a_module_only_imported_are_not_its_own():
    ping = Registry().find("test.ping")
    registry = Registry(lambda: [provider("x", lambda: module("theirs", ping, declare("x.go")))])
    assert list(registry.functions("x")) == ["x.go"]


def test_nothing_was_put_into_the_interpreter_that_tests_should_take_away():
    assert "theirs" not in sys.modules


def test_what_was_installed_meanwhile_is_found_after_forgetting():
    installed: list[Provider] = []
    registry = Registry(lambda: installed)
    with pytest.raises(UnknownFunction):
        registry.find("lemon.squeeze")
    theirs = module("theirs", declare("lemon.squeeze"))
    installed.append(provider("lemon", lambda: theirs))
    with pytest.raises(UnknownFunction):
        registry.find("lemon.squeeze")
    registry.forget()
    assert registry.find("lemon.squeeze").name == "lemon.squeeze"
