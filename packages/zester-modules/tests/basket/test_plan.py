"""What a host declares to share: our forms, Salt's forms, and what makes no sense."""

from typing import Any

import pytest

from zester_modules.basket.plan import INTERVAL, LEAST, Declared, declared
from zester_modules.errors import Refused


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (None, {"function": "a.b"}),
        ([], {"function": "a.b"}),
        ({}, {"function": "a.b"}),
        ("test.ping", {"function": "test.ping"}),
        ({"fact": "os"}, {"fact": "os"}),
        ({"function": "x.y", "args": ["eth0"], "kwargs": {"k": 1}, "interval": "5m"},
         {"function": "x.y", "args": ("eth0",), "kwargs": {"k": 1}, "interval": 300.0}),
        ({"function": "x.y", "allow": "web-*"}, {"function": "x.y", "allow": "web-*"}),
        ({"fact": "os", "interval": 1}, {"fact": "os", "interval": LEAST}),
        # Salt's own
        (["eth0"], {"function": "a.b", "args": ("eth0",)}),
        ({"interface": "eth0"}, {"function": "a.b", "kwargs": {"interface": "eth0"}}),
        ([{"mine_function": "network.ip_addrs"}, "eth0", {"cidr": "10.0.0.0/8"}],
         {"function": "network.ip_addrs", "args": ("eth0",), "kwargs": {"cidr": "10.0.0.0/8"}}),
        ([{"allow_tgt": "role:web"}, {"allow_tgt_type": "grain"}],
         {"function": "a.b", "allow": "G@role:web"}),
        ({"allow_tgt": ["a", "b"]}, {"function": "a.b", "allow": "L@a,b"}),
    ],
)  # fmt: skip
def test_a_value_is_declared_in_each_form(how: Any, expected: dict[str, Any]):
    found = declared({"basket_functions": {"a.b": how}}, {})

    defaults: dict[str, Any] = {"name": "a.b", "interval": INTERVAL}
    assert found.values == {"a.b": Declared(**defaults | expected)}
    assert found.wrong == {}


def test_settings_win_over_the_configuration_and_salts_names_are_known():
    found = declared(
        {"mine_functions": {"a": "test.ping"}, "mine_interval": 5},
        {"a": "test.echo", "b": {"fact": "os"}},
    )

    assert {name: one.function or one.fact for name, one in found.values.items()} == {
        "a": "test.ping", "b": "os",
    }  # fmt: skip
    assert {one.interval for one in found.values.values()} == {300.0}


@pytest.mark.parametrize(
    ("name", "how", "problem"),
    [
        ("a b", None, "cannot name a value"),
        ("a", 5, "a is 5"),
        ("a", {"function": "x.y", "argz": []}, "unknown key 'argz'"),
        ("a", {"function": "x.y", "args": "b"}, "a list of args"),
        ("a", {"fact": "os", "interval": "soon"}, "not a duration"),
        ("a", {"fact": "os", "allow": "web-* and ("}, "a target is missing"),
        ("a", {"fact": "os", "allow": "I@role:web"}, "asks for settings"),
    ],
)
def test_what_makes_no_sense_is_named_and_holds_nothing_up(name: str, how: Any, problem: str):
    found = declared(
        {"basket_functions": {name: how, "good": {"fact": "os", "allow": "N@webs"}}}, {}
    )
    assert list(found.values) == ["good"]
    assert list(found.wrong) == [name]
    assert problem in found.wrong[name].message


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"basket_functions": ["a"]}, "basket_functions is no map"),
        ({"basket_functions": {f"a{n}": None for n in range(65)}}, "64 are taken at most"),
    ],
)
def test_what_makes_no_sense_as_a_whole_is_refused(settings: dict[str, Any], problem: str):
    with pytest.raises(Refused) as caught:
        declared(settings, {})
    assert problem in caught.value.message
