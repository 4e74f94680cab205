from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from zester_modules.resource import AnyResource, Changes, Plan, Resource, Scope
from zester_modules.states.model import Retry, State
from zester_modules.states.resources_table import Resources
from zester_modules.states.session import params_of
from zester_modules.words import Mode
from zester_testing.state_tree import StateTree


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file."""

    name: str
    mode: Mode | None = None
    contents: Annotated[str, msgspec.Meta(description="What is in it.")] = ""
    runas: str = ""


class Newer(File, frozen=True, kw_only=True):
    """A file, of a later release."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Takes all."""

    rest: dict[str, Any] = {}


def check(_params: Any, _scope: Scope) -> Plan:
    return Plan()


def apply(_plan: Plan, _scope: Scope) -> Changes:
    return Changes()


class Some(Resources):
    def family(self, module: str) -> dict[str, AnyResource]:
        file: AnyResource = Resource(
            name="file.managed", params=File, check=check, apply=apply, retires=("encoding",)
        )
        nop: AnyResource = Resource(
            name="test.nop", params=Open, check=check, apply=apply, open=True
        )
        return {"file": {file.name: file}, "test": {nop.name: nop}}.get(module, {})

    def modules(self) -> list[str]:
        return ["file", "test"]


def tree(root: Path, **files: str) -> StateTree:
    names = {name.replace("__", "/").replace("_zy", ".zy").replace("_sls", ".sls"): text
             for name, text in files.items()}  # fmt: skip
    return StateTree(root, names, resources=Some({}, None))


def states(root: Path, text: str, suffix: str = "zy", **request: Any) -> tuple[State, ...]:
    compiled = StateTree(root / suffix, {f"a.{suffix}": text}, resources=Some({}, None)).compile(
        "a", **request
    )
    assert compiled.errors == ()
    return compiled.states


def errors(root: Path, text: str, suffix: str = "zy", **request: Any) -> list[tuple[str, str]]:
    return StateTree(root / suffix, {f"a.{suffix}": text}, resources=Some({}, None)).errors(
        "a", **request
    )


THREE = """\
x:
  file.managed:
    - namex: /x
y:
  file.managed:
    - mode: 0689
z:
  test.nop:
    - require:
      - file: nothing
{% for n in [1, 2] %}
made_{{ n }}:
  file.managed:
    - mode: {{ n }}8
{% endfor %}
"""


def test_a_zy_with_several_mistakes_tells_them_all_with_file_line_and_column(tmp_path: Path):
    told = errors(tmp_path, THREE)
    assert ("a.zy:3:7", "file.managed has no argument 'namex'") in told
    assert ("a.zy:6:13", "file.managed: mode: '0689' is no mode in octal digits") in told
    assert ("a.zy:10:15", "`require` of 'z': there is no state `file: nothing`") in told
    assert ("a.zy:14", "file.managed: mode: '18' is no mode in octal digits") in told
    assert ("a.zy:14", "file.managed: mode: '28' is no mode in octal digits") in told
    assert len(told) == 5


def test_a_sls_runs_with_what_salt_lets_pass(tmp_path: Path):
    text = THREE.replace("      - file: nothing", "      - file: x").replace("namex", "contentsx")
    x, y, *_ = states(tmp_path, text, "sls")
    assert "line 3: file.managed has no argument 'contentsx' (did you mean contents?)" in x.warnings
    assert "'0689' is no mode" in y.problem
    assert "a.sls:6:13" in y.problem


def test_an_unknown_function_is_an_error_in_a_zy_and_a_state_that_fails_in_a_sls(tmp_path: Path):
    text = "a:\n  file.managedx: []\n"
    assert errors(tmp_path, text) == [("a.zy:2:3", "there is no state file.managedx")]
    (state,) = states(tmp_path, text, "sls")
    assert state.unknown
    assert state.hint == "did you mean file.managed?"
    (half,) = states(tmp_path, "x:\n  .managed: []\n", "sls")
    assert half.hint.startswith("a state is written module.function; modules: ")
    assert errors(tmp_path, text, "sls", strict=True) == [
        ("a.sls:2:3", "there is no state file.managedx")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  test.nop: []\n",
        "a:\n  test: [nop]\n",
        "a: test.nop\n",
        "a:\n  test:\n    - nop\n    - x: 1\n",
        "#!jinja|yaml\na: test.nop\n",
        "#!yaml\na: test.nop\n",
    ],
)
@pytest.mark.parametrize("suffix", ["zy", "sls"])
def test_every_form_of_a_block_is_read(text: str, suffix: str, tmp_path: Path):
    (state,) = states(tmp_path, text, suffix)
    assert (state.id, state.state, state.function, state.name) == ("a", "test", "nop", "a")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("- a\n", "a.zy:1:1", "a.zy is a list, and must be a mapping of ids"),
        ("a: 1\n", "a.zy:1:1", "the id 'a' holds '1', not a state"),
        ("a:\n", "a.zy:1:1", "the id 'a' holds nothing, not a state"),
        ("a: [b]\n", "a.zy:1:1", "the id 'a' holds a list, not a state"),
        ("'': test.nop\n", "a.zy:1:1", "an id is empty"),
        ("a:\n  file.managed: [{name: [x]}]\n", "a.zy:2:25", "`name` of 'a' is no text"),
        ("a:\n  test: [nop, /x]\n", "a.zy:2:15", "'/x' in 'a' is no function, and no argument"),
        ("a:\n  test.nop:\n    - require: [{test: b}, ]\n    - watch:\n      -\nb: test.nop\n",
         "a.zy:5:8", "an entry of `watch` of 'a' is empty"),
        ("include: [./b]\n", "a.zy:1:11", "there is no state file './b'"),
        ("a:\n  test.nop:\n", "a.zy:2:3", "test.nop of 'a' has a colon and nothing behind it"),
        ("a:\n  test: []\n", "a.zy:2:3", "'a' names no function of test"),
        ("a:\n  test: [nop, fail]\n", "a.zy:2:3",
         "'a' names several functions of test: fail, nop"),
        ("a:\n  test.nop: {x: 1}\n", "a.zy:2:13",
         "arguments of test.nop of 'a' are a mapping, not a list"),
        ("a:\n  test.nop: []\n  test.fail: []\n", "a.zy:3:3", "the id 'a' has two states of test"),
        ("a:\n  test.nop:\n    - require: {test: b}\n", "a.zy:3:7",
         "`require` of 'a' must be a list"),
        ("a:\n  test.nop:\n    - require: [{test: b, c: d}]\n", "a.zy:3:17",
         "a line of `require` of 'a' is not one `state: id`"),
        ("a:\n  test.nop:\n    - order: soon\n", "a.zy:3:7",
         "`order` of 'a' is neither a number nor first or last"),
        ("a:\n  test.nop:\n    - x: 1\n    - x: 2\n", "a.zy:4:7",
         "the argument 'x' is also in a.zy:3:7"),
        ("a:\n  test.nop: []\na:\n  test.nop: []\n", "a.zy:3:1", "the key 'a' is there twice"),
        ("include: b\n", "a.zy:1:10", "`include` must be a list"),
        ("extend: [b]\n", "a.zy:1:9", "`extend` must be a mapping of ids"),
        ("exclude: b\n", "a.zy:1:10", "`exclude` must be a list"),
        ("extend:\n  b:\n    test.nop: []\n", "a.zy:2:3",
         "`extend` of 'b': there is no such id"),
        ("#!stateconf\na: test.nop\n", "a.zy:1:1",
         "a.zy asks for the renderer 'stateconf', which Zester has not"),
        ("#!py\n", "a.zy:1:1", "a.zy asks for the renderer 'py', which Zester has not"),
        ("a:\n  test.nop:\n    - retry: many\n", "a.zy:3:7",
         "`retry` of 'a' does not say how often"),
        ("a:\n  test.nop:\n    - use: [{test: b}]\n", "a.zy:3:13",
         "`use` of 'a' names a state that is not there"),
        ("a:\n  test.nop:\n    - listen: [{test: b}]\n", "a.zy:3:23",
         "`listen` of 'a': there is no state `test: b`"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_told_with_its_place(
    text: str, place: str, message: str, tmp_path: Path
):
    ((where, what),) = errors(tmp_path, text)
    assert where == place
    assert what.startswith(message)


def test_a_cycle_is_named_with_every_edges_line(tmp_path: Path):
    names = "abcde"
    text = "".join(
        f"{one}:\n  test.nop:\n    - require:\n      - test: {names[(place + 1) % 5]}\n"
        for place, one in enumerate(names)
    )
    compiled = StateTree(tmp_path, {"a.zy": text}, resources=Some({}, None)).compile("a")
    (problem,) = compiled.errors
    assert problem.message.startswith("requisites go in a circle: ")
    lines = [4, 8, 12, 16, 20]
    assert sorted(int(line.split(":")[1]) for line in problem.because) == lines


def test_a_file_that_failed_hides_no_other_and_references_into_it_are_not_reported(tmp_path: Path):
    found = tree(
        tmp_path,
        main_sls="include: [broken, other]\nown:\n  test.nop:\n    - require:\n"
        "      - test: lost\n      - test: made_3\n      - sls: broken\n      - test: nowhere\n",
        broken_sls="lost:\n  test.nop: []\nmade_{{ x }}:\n  test.nop: [\n",
        other_sls="a:\n  test.nop: {}\n",
    )
    told = found.errors("main")
    assert [where for where, _ in told] == ["broken.sls:3", "main.sls:8:15", "other.sls:2:13"]


def test_at_most_fifty_errors_are_told_and_the_rest_is_counted(tmp_path: Path):
    text = "".join(f"i{n}:\n  file.managed:\n    - wrong: 1\n" for n in range(60))
    compiled = StateTree(tmp_path, {"a.zy": text}, resources=Some({}, None)).compile("a")
    assert (len(compiled.errors), compiled.more_errors, compiled.states) == (50, 10, ())


def test_a_requisite_names_one_function_in_a_zy_alone(tmp_path: Path):
    text = "a:\n  test.nop:\n    - require: [file.managed: b, 'file.managed:b']\nb: file.managed\n"
    b, a = states(tmp_path, text)
    assert (b.id, [one.states for one in a.requisites]) == ("b", [(0,), (0,)])
    assert errors(tmp_path, text, "sls")[0] == (
        "a.sls:3:17", "`file.managed: b` in `require` of 'a' names a function",
    )  # fmt: skip


def test_in_forms_are_turned_round_also_for_names_and_whole_files(tmp_path: Path):
    text = """\
many:
  test.nop:
    - names: [n1, n2]
    - watch_in: [{test: late}]
    - listen_in: [late]
late:
  test.nop: []
early:
  test.nop:
    - prereq_in: [{test: n2}]
"""
    found = states(tmp_path, text)
    late = next(one for one in found if one.id == "late")
    kinds = {one.kind: [found[place].name for place in one.states] for one in late.requisites}
    assert kinds == {"watch": ["n1", "n2"], "listen": ["n1", "n2"]}
    n2 = next(one for one in found if one.name == "n2")
    assert [one.kind for one in n2.requisites] == ["prereq"]
    assert [one.name for one in found] == ["n1", "n2", "late", "early"]


def test_options_are_taken_off_the_arguments(tmp_path: Path):
    (state,) = states(
        tmp_path,
        """\
a:
  file.managed:
    - contents: x
    - onlyif: [test -e /a, {fun: file.file_exists, args: [/b], get_return: x}]
    - unless: "true"
    - creates: /c
    - retry: {attempts: 3, interval: 5}
    - failhard: true
    - parallel: yes
    - fire_event: my/tag
    - runas: www
    - cwd: /tmp
    - umask: 022
    - env: [{A: b}]
    - timeout: 5m
    - no_log: true
    - aggregate: true
""",
    )
    options = state.options
    assert sorted(state.arguments) == ["contents", "runas"]
    assert [(one.kind, one.command, one.function, one.args) for one in options.guards] == [
        ("onlyif", "test -e /a", "", ()), ("onlyif", None, "file.file_exists", ("/b",)),
        ("unless", "true", "", ()), ("creates", "/c", "", ()),
    ]  # fmt: skip
    assert options.retry is not None
    assert (options.retry.attempts, options.retry.interval) == (3, 5)
    assert (options.failhard, options.parallel, options.fire_event) == (True, True, "my/tag")
    assert (options.runas, options.cwd, options.umask) == ("www", "/tmp", 0o22)
    assert (options.env, options.timeout, options.no_log) == ({"A": "b"}, 300, True)


def test_a_boolean_as_a_guard_means_what_it_says_but_in_a_sls(tmp_path: Path):
    text = "a:\n  test.nop:\n    - onlyif: false\n    - unless: [true]\n"
    (state,) = states(tmp_path, text)
    assert [one.truth for one in state.options.guards] == [False, True]
    (state,) = states(tmp_path, text, "sls")
    assert state.options.guards == ()
    assert len(state.warnings) == 2
    (state,) = states(tmp_path, text, "sls", strict_guards=True)
    assert [one.truth for one in state.options.guards] == [False, True]


def test_retry_is_true_a_number_or_a_mapping(tmp_path: Path):
    text = "".join(
        f"r{place}:\n  test.nop:\n    - retry: {value}\n"
        for place, value in enumerate(["true", "5", "[{attempts: 4}, {until: false}]", "false"])
    )
    found = [one.options.retry for one in states(tmp_path, text)]
    assert [one and (one.attempts, one.interval, one.until) for one in found] == [
        (2, 30, True), (5, 30, True), (4, 30, False), None,
    ]  # fmt: skip


def test_no_attempts_are_one_for_salt_and_a_mistake_in_a_zy(tmp_path: Path):
    text = "r:\n  test.nop:\n    - retry: {attempts: 0, interval: 5}\n"
    (state,) = states(tmp_path, text, "sls")
    assert (state.problem, state.options.retry) == ("", Retry(attempts=0, interval=5))
    found = StateTree(tmp_path / "zy", {"a.zy": text}, resources=Some({}, None)).compile("a")
    assert [one.message for one in found.errors] == ["`retry` of 'r' does not say how often"]


def test_text_stays_as_it_was_written(tmp_path: Path):
    (state,) = states(tmp_path, "a:\n  file.managed:\n    - name: 1.10\n    - contents: 010\n")
    assert state.name == "1.10"
    (state,) = states(tmp_path, "a:\n  file.managed:\n    - name: 42\n", "sls")
    assert state.name == "a"


def test_exclude_leaves_out_files_and_ids(tmp_path: Path):
    found = tree(
        tmp_path,
        main_zy="include: [web.*]\nexclude:\n  - sls: web.b*\n  - id: c\n  - id: nothing\n",
        web__a_zy="a: test.nop\nc: test.nop\n",
        web__b_zy="b: test.nop\n",
    )
    assert [one.id for one in found.compile("main").states] == ["a"]
    assert [one.id for one in found.compile("web.*", exclude=["web.a"]).states] == ["b"]
    assert [one.id for one in found.compile("web.a", exclude=[{"id": "a"}]).states] == ["c"]


def test_extend_adds_requisites_and_replaces_the_rest(tmp_path: Path):
    found = tree(
        tmp_path,
        base_sls="a:\n  file.managed:\n    - name: /a\n    - mode: 600\n"
        "    - require: [{test: x}]\nx: test.nop\ny: test.nop\n",
        main_sls="include: [base]\nextend:\n  /a:\n    file:\n      - mode: 644\n"
        "      - require: [{test: y}]\n",
    )
    compiled = found.compile("main")
    assert compiled.errors == ()
    a = next(one for one in compiled.states if one.id == "a")
    assert [one.text for one in a.requisites] == ["test: x", "test: y"]
    assert getattr(a.arguments["mode"], "text", "") == "644"
    assert a.sls == "base"


def test_an_id_is_in_one_file_only(tmp_path: Path):
    found = tree(tmp_path, main_zy="include: [b]\na: test.nop\n", b_zy="a:\n  file.managed: []\n")
    ((_, message),) = found.errors("main")
    assert message.startswith("the id 'a' is also in ")


def test_arguments_are_fitted_once_unless_the_resource_is_another_by_then(tmp_path: Path):
    (state,) = states(tmp_path, "a:\n  file.managed:\n    - mode: '0644'\n")
    found = Some({}, None).find("file.managed")
    assert found is not None
    assert params_of(found, state) is state.params
    assert state.params == File(name="a", mode=0o644)
    new: AnyResource = Resource(name="file.managed", params=Newer, check=check, apply=apply)
    assert params_of(new, state) == Newer(name="a", mode=0o644)


def test_what_cannot_be_excluded_is_told(tmp_path: Path):
    files = {
        "a.sls": "exclude: [sls: nosuch, id: other]\nx: test.nop\n",
        "web.sls": "y: test.nop\n",
    }
    found = StateTree(tmp_path, files).compile("a", exclude=["wbe", "web"])
    assert [one.id for one in found.states] == ["x"]
    assert [(str(one.place or ""), one.message, one.hint) for one in found.warnings] == [
        ("a.sls:1:11", "there is no state file 'nosuch' to exclude", "known are a, web"),
        ("", "there is no state file 'wbe' to exclude", "did you mean web?"),
    ]
