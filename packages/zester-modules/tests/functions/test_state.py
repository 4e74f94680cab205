from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_modules.returns import Return
from zester_modules.states.trees import Trees, use

TREE = {
    "web.sls": """\
conf:
  file.managed:
    - name: /etc/a<b
    - mode: 0644
    - no_log: false
svc:
  service.running:
    - names: [nginx, php]
    - watch:
      - file: conf
secret:
  test.nop:
    - password: x
    - no_log: true
""",
    "broken.sls": "a:\n  test.nop: {}\n",
    "top.sls": "base:\n  '*': [web]\n",
}


def call(root: Path, function: str, *args: str, **kwargs: Any) -> Return:
    registry = Registry()
    for name, text in TREE.items():
        (root / name).write_text(text)
    context = Context(
        registry=registry, peel_id="web-1", facts={"id": "web-1"}, roots={"base": [root]}
    )
    return run_bound(bind(registry.find(function), args, kwargs), context)


def test_show_gives_the_states_in_running_order_as_plain_data(tmp_path: Path):
    for names in ((), ("web",), ("web,web",)):
        answer = call(tmp_path, "state.show", *names)
        assert (answer.outcome, answer.value["errors"]) == ("ok", [])
        conf, nginx, php, secret = answer.value["states"]
        assert conf == {
            "id": "conf", "function": "file.managed", "name": "/etc/a<b", "order": 1,
            "arguments": {"mode": 644}, "requisites": [],
            "source": {"file": "web.sls", "line": 2}, "unknown": conf["unknown"],
        }  # fmt: skip
        assert [nginx["name"], php["name"]] == ["nginx", "php"]
        assert nginx["requisites"] == [
            {"kind": "watch", "text": "file: conf", "ids": ["conf"], "line": 10}
        ]
        assert secret["arguments"] == "***"


def test_show_refuses_a_broken_tree_with_its_errors(tmp_path: Path):
    answer = call(tmp_path, "state.show", "broken")
    assert answer.outcome == "refused"
    assert answer.value["states"] == []
    (error,) = answer.value["errors"]
    assert (error["file"], error["line"], error["column"]) == ("broken.sls", 2, 13)
    assert answer.error.startswith("broken.sls:2: ")


def configured(root: Path, **given: Any) -> Return:
    """Show a tree as a peel does whose configuration says something of trees."""
    context = Context(registry=Registry(), peel_id="web-1", facts={"id": "web-1"})
    use(Trees(states={"base": (str(root),)}, **given), context)
    return run_bound(bind(context.registry.find("state.show"), (), {}), context)


def test_a_compile_heeds_what_the_peel_is_configured_with(tmp_path: Path):
    top = "base:\n  N@web:\n  - a\n  other:\n  - match: nodegroup\n  - b\n"
    (tmp_path / "top.sls").write_text(top)
    (tmp_path / "b.sls").write_text("b: test.nop\n")
    (tmp_path / "a.sls").write_text(
        "{% if true %}\n{% endif %}{{ opts.colour }}{{ salt['config.get']('colour') }}:\n"
        "  test.nop:\n  - onlyif: false\n"
    )
    groups = {"web": "web-*", "other": "N@web and db-*"}
    (state,) = configured(tmp_path, groups=groups, options={"colour": "red"}).value["states"]
    assert (state["id"], state["source"]["line"]) == ("redred", 3)
    assert "`onlyif: false` is passed over" in state["warnings"][0]
    strict = configured(tmp_path, groups=groups, options={"colour": "red"}, strict_guards=True)
    assert "warnings" not in strict.value["states"][0]

    (tmp_path / "a.sls").write_text("# for i in range(2)\na{{ i }}: test.nop\n# endfor\n")
    found = configured(tmp_path, groups=groups, jinja_sls_env={"line_statement_prefix": "#"})
    assert [one["id"] for one in found.value["states"]] == ["a0", "a1"]

    error = configured(tmp_path).value["errors"][0]
    assert (error["file"], error["line"]) == ("top.sls", 2)
    assert "web" in error["message"]


def test_lint_looks_at_every_file_and_fails_where_one_is_broken(tmp_path: Path):
    answer = call(tmp_path, "state.lint")
    assert answer.outcome == "failed"
    assert "broken.sls" in {one["file"] for one in answer.value["errors"]}
    assert answer.value["files"] == 2


def test_lint_reads_the_top_file_and_what_it_names(tmp_path: Path):
    top = "base:\n  '*': [web, wbe]\n  'web-* and': [web]\n  db:\n"
    (tmp_path / "top.zy").write_text(top)
    (tmp_path / "web.zy").write_text("x: {test.nop: []}\n")
    registry = Registry()
    context = Context(registry=registry, peel_id="web-1", roots={"base": [tmp_path]})
    found = run_bound(bind(registry.find("state.lint"), (), {}), context).value["errors"]
    assert [(one["file"], one["line"]) for one in found] == [("top.zy", n) for n in (2, 3, 4)]
    assert [one["message"] for one in found[::2]] == [
        "there is no state file 'wbe'", "'db' in a top file names no file",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["apply", "sls", "show", "lint", "graph", "prefetch"])
def test_a_misspelt_argument_is_no_state_file(tmp_path: Path, name: str):
    answer = call(tmp_path, f"state.{name}", "web", "saltenw=dev")
    assert (answer.outcome, answer.error) == (
        "refused", f"state.{name} has no argument 'saltenw'",
    )  # fmt: skip
    assert answer.hint == "did you mean saltenv?"


@pytest.mark.parametrize("word", ["", " ", ","])
def test_an_empty_name_is_not_the_whole_top_file(tmp_path: Path, word: str):
    answer = call(tmp_path, "state.apply", word)
    assert (answer.outcome, answer.error) == (
        "refused", f"state.apply: {word!r} names no state file",
    )  # fmt: skip


def test_lint_knows_the_environments(tmp_path: Path):
    answer = call(tmp_path, "state.lint", saltenv="nope")
    assert [one["message"] for one in answer.value["errors"]] == ["there is no environment 'nope'"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("web.sls", "write web: dots between folders, and no suffix"),
        ("./web", "write web: dots between folders, and no suffix"),
        ("salt://web.zy", "write web: dots between folders, and no suffix"),
        ("../web", "write dots between folders, and no suffix: web.nginx is web/nginx.zy"),
        (".web", "write dots between folders, and no suffix: web.nginx is web/nginx.zy"),
        ("wbe", "did you mean web?; wbe.zy, wbe.sls, wbe/init.zy and wbe/init.sls were looked for"),
    ],
)
def test_a_file_that_is_not_there_is_named_as_it_was_typed(tmp_path: Path, name: str, hint: str):
    (error,) = call(tmp_path, "state.show", name).value["errors"]
    assert error["message"] == f"there is no state file {name!r} in the environment 'base'"
    assert error["hint"] == hint


def test_without_a_tree_a_peel_says_how_to_get_one():
    registry = Registry()
    answer = run_bound(bind(registry.find("state.show"), (), {}), Context(registry=registry))
    assert (answer.outcome, answer.error) == ("refused", "there is no state tree on this peel")
    assert "--tree DIR" in answer.hint


def test_a_graph_is_text_dot_or_a_picture(tmp_path: Path):
    text = call(tmp_path, "state.graph", "web").value
    assert "1 file.managed conf (/etc/a<b)\n" in text
    assert "watch 1: file: conf\n" in text
    dot = call(tmp_path, "state.graph", "web", format="dot").value
    assert 's1 -> s2 [label="watch"' in dot
    svg = ET.fromstring(call(tmp_path, "state.graph", "web", format="svg").value)
    labels = [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert labels[0] == "watch"
    assert "file.managed conf (/etc/a<b)" in labels
    assert call(tmp_path, "state.graph", "broken").outcome == "refused"
