from typing import Annotated, Any, Literal

import msgspec
import pytest

from zester_modules.params import Fitted, default_of, fit, help_of, parameters
from zester_modules.resource import Changes, Plan, Resource, Scope
from zester_modules.words import Duration, Mode
from zester_proto.render.nodes import Dialect, Mapping
from zester_proto.render.yaml import load
from zester_testing.state_trees import RESOURCES


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """A file."""

    name: str
    version: Annotated[str, msgspec.Meta(description="Which one.")] = ""
    mode: Annotated[Mode | None, msgspec.Meta(description="Octal.")] = None
    count: int = 3
    wait: Duration = 1.0
    keep: bool | None = None
    pkgs: list[str | dict[str, str]] = []
    env: dict[str, str] = {}
    kind: Literal["a", "b"] = "a"
    any_: Any = msgspec.field(default=None, name="any")


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Takes all."""

    rest: dict[str, Any] = {}


def check(_params: Any, _scope: Scope) -> Plan:
    return Plan()


def apply(_plan: Plan, _scope: Scope) -> Changes:
    return Changes()


FILE = Resource(name="file.managed", params=Params, check=check, apply=apply, retires=("old",))
OPEN = Resource(name="test.nop", params=Open, check=check, apply=apply, open=True)


def fitted(text: str, dialect: Dialect = "zy") -> Fitted:
    root = load(text, "f.zy", dialect).root
    assert isinstance(root, Mapping)
    return fit(FILE, "n", {key.text: value for key, value in root.pairs}, dialect)


def value(text: str, name: str, dialect: Dialect = "zy") -> Any:
    found = fitted(text, dialect)
    assert not found.problems
    return getattr(found.params, name)


@pytest.mark.parametrize("text", ["0644", "644", "'0644'", "0o644"])
@pytest.mark.parametrize("dialect", ["zy", "sls"])
def test_a_mode_is_read_from_its_digits(text: str, dialect: Dialect):
    assert value(f"mode: {text}", "mode", dialect) == 0o644


def test_text_is_what_was_written():
    assert value("version: 1.10", "version") == "1.10"
    assert value("version: 0x1f", "version") == "0x1f"
    assert value("env: {A: 1.0, B: yes}", "env", "sls") == {"A": "1.0", "B": "yes"}


def test_numbers_booleans_and_anything_follow_their_types():
    assert value("count: 1_000", "count", "sls") == 1000
    assert value("keep: on", "keep", "sls") is True
    assert value("wait: 2m", "wait") == 120
    assert value("any: [1, yes, {a: '1'}]", "any_") == [1, "yes", {"a": "1"}]
    assert value("any: yes", "any_", "sls") is True
    assert value("kind: b", "kind") == "b"


def test_one_word_is_a_list_of_one_and_a_list_of_maps_is_a_map():
    assert value("pkgs: vim", "pkgs") == ["vim"]
    assert value("pkgs: [vim, {nano: 1.10}]", "pkgs") == ["vim", {"nano": "1.10"}]
    assert value("env: [{A: b}, {C: d}]", "env") == {"A": "b", "C": "d"}


def test_null_is_none_or_the_default():
    assert value("mode:", "mode") is None
    assert value("count: null", "count") == 3


def test_every_wrong_argument_is_told_with_its_place():
    found = fitted("mode: 0689\ncuont: 1\ncount: many\nold: 1\npkgs: {a: [b]}\nenv: word\n")
    told = [(one.kind, one.argument, one.place.line if one.place else 0) for one in found.problems]
    assert found.params is None
    assert told == [
        ("type", "mode", 1), ("unknown", "cuont", 2), ("type", "count", 3), ("type", "pkgs", 5),
        ("type", "env", 6),
    ]  # fmt: skip
    assert found.problems[1].hint == "did you mean count?"


def test_an_unknown_argument_alone_leaves_the_parameters_whole():
    found = fitted("cuont: 1\ncount: 2\n")
    assert len(found.problems) == 1
    assert found.params == Params(name="n", count=2)


def test_words_and_plain_values_are_taken_too():
    found = fit(FILE, "n", {"mode": "0600", "pkgs": ["a"], "keep": "yes", "count": 4})
    assert found.params == Params(name="n", mode=0o600, pkgs=["a"], keep=True, count=4)


def test_an_open_resource_keeps_the_rest():
    assert fit(OPEN, "n", {"x": 1, "y": [2]}).params == Open(rest={"x": 1, "y": [2]})


def test_a_missing_argument_is_told():
    class Needs(msgspec.Struct, frozen=True, kw_only=True):
        source: str

    resource = Resource(name="a.b", params=Needs, check=check, apply=apply)
    (problem,) = fit(resource, "n", {}).problems
    assert (problem.kind, problem.message) == ("missing", "a.b needs the argument 'source'")


def test_help_and_defaults_come_from_the_struct():
    fields = parameters(FILE)
    assert help_of(fields["version"]) == "Which one."
    assert (default_of(fields["count"]), default_of(fields["pkgs"])) == (3, [])
    assert "any" in fields


@pytest.mark.parametrize(
    ("given", "lacks"), [(True, True), ("yes", True), (False, False), (None, False)]
)
def test_what_is_passed_over_is_named_where_it_asks_for_something(given: Any, *, lacks: bool):
    resource = RESOURCES.find("file.managed")
    assert resource is not None
    words = {"source": "salt://x", "selinux": given, "keep_source": True}
    fitted = fit(resource, "/srv/x", words)
    assert fitted.params is not None
    assert [(one.kind, one.argument) for one in fitted.problems] == [("lacking", "selinux")] * lacks
