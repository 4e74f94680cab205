import pytest
from jinja2 import UndefinedError

from zester_proto.errors import ZesterError
from zester_proto.render.undefined import collecting
from zester_testing.template_tree import Tree, problem, said, text


def test_all_undefined_names_of_a_file_are_told():
    source = """\
{{ one }}
{% if two == 3 %}{% endif %}
{% for x in three %}{% endfor %}
{{ d.four }}{{ d['five'] }}
{{ six.a.b }}{{ (seven + 1) * 2 }}{{ eight() }}
{{ nine | upper }}{{ 1 if ten }}{{ -eleven }}
{{ d.keys().twelve }}
{{ fine | default('x') }}{{ fine is defined }}{{ d.four | default(1) }}
"""
    assert said(source, d={"for": 1}) == [
        ("a/t.sls:1", "'one' is undefined"),
        ("a/t.sls:2", "'two' is undefined"),
        ("a/t.sls:3", "'three' is undefined"),
        ("a/t.sls:4", "'dict object' has no attribute 'four'"),
        ("a/t.sls:4", "'dict object' has no attribute 'five'"),
        ("a/t.sls:5", "'six' is undefined"),
        ("a/t.sls:5", "'seven' is undefined"),
        ("a/t.sls:5", "'eight' is undefined"),
        ("a/t.sls:6", "'nine' is undefined"),
        ("a/t.sls:6", "'ten' is undefined"),
        ("a/t.sls:6", "'eleven' is undefined"),
        ("a/t.sls:7", "'dict_keys object' has no attribute 'twelve'"),
    ]


def test_one_name_in_one_line_is_told_once_and_at_most_fifty_are():
    assert said("{% for i in [1, 2] %}{{ x }}{% endfor %}") == [("a/t.sls:1", "'x' is undefined")]
    source = "".join(f"{{{{ x{n} }}}}\n" for n in range(80))
    assert len(said(source)) == 50


def test_a_name_that_is_nearly_there_is_suggested():
    assert problem("{{ d.naem }}", d={"name": 1}).hint == "did you mean name?"
    assert problem("{{ d[1] }}", d={"name": 1}).hint == ""


def test_undefined_names_in_imported_files_name_the_way():
    tree = Tree()
    tree["m"] = "\n{% macro m() %}\n{{ nope }}\n{% endmacro %}"
    found = tree.problem("\n{% from 'm' import m %}\n{{ m() }}")
    assert (str(found.place), found.because) == ("m:3", ("used by a/t.sls:3",))


def test_what_follows_from_an_undefined_name_is_no_news():
    assert said("{{ a.b }}\n{{ raise('later') }}") == [("a/t.sls:1", "'a' is undefined")]
    assert said("{{ a }}{% include b %}") == [
        ("a/t.sls:1", "'a' is undefined"), ("a/t.sls:1", "'b' is undefined"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "use",
    [
        "x + 1", "1 + x", "x - 1", "1 - x", "x * 2", "2 * x", "x / 2", "2 / x", "x // 2", "2 // x",
        "x % 2", "2 ** x", "x ** 2", "+x", "-x", "x < 1", "x <= 1", "x > 1", "x >= 1", "x == 1",
        "x != 1", "1 in x", "x[0]", "x.a", "x()", "x | length", "x | int", "x | float", "x | list",
        "x ~ 'a'", "not x", "{x: 1}", "x | string", "x.fail()",
    ],
)  # fmt: skip
def test_each_use_is_an_error_and_is_found_again(use: str):
    assert said("\n{{ " + use + " }}\n{{ y }}") == [
        ("a/t.sls:2", "'x' is undefined"), ("a/t.sls:3", "'y' is undefined"),
    ]  # fmt: skip


def test_the_collecting_one_is_no_container_of_pythons():
    def note(missing: object) -> None:
        del missing

    kind = collecting(note)
    with pytest.raises(AttributeError):
        _ = kind(name="x").__html__
    assert complex(kind(name="x")) == 0


@pytest.mark.parametrize(
    ("source", "place", "message", "hint"),
    [
        ("a\n{% foreach %}", 2, "Encountered unknown tag 'foreach'.", "did you mean for?"),
        ("a\n{% qqqqqqqq %}", 2, "Encountered unknown tag 'qqqqqqqq'.", ""),
        (
            "{{ 1 | regex_replce }}",
            1,
            "No filter named 'regex_replce'.",
            "did you mean regex_replace?",
        ),
        ("{{ 1 is equalt(1) }}", 1, "No test named 'equalt'.", "did you mean equalto?"),
        ("a\n{% if x %}\n", 2, "Unexpected end of template.", ""),
        ("a\n{{ x", 2, "unexpected end of template", ""),
        ("{% load_yaml as %}{% endload %}", 1, "Expected an expression", ""),
        ("{% import_yaml x %}", 1, "expected token 'as'", ""),
    ],
)
def test_what_is_no_jinja_is_told_with_a_hint(source: str, place: int, message: str, hint: str):
    found = problem(source)
    assert str(found.place) == f"a/t.sls:{place}"
    assert found.message.startswith("not Jinja: ")
    assert message in found.message
    assert found.hint == hint


def test_broken_jinja_in_an_imported_file_is_of_that_file():
    tree = Tree()
    tree["m"] = "\n\n{% nope %}"
    found = tree.problem("{% import 'm' as m %}")
    assert (str(found.place), found.because) == ("m:3", ())


def test_our_own_errors_keep_their_hint():
    def fail() -> None:
        raise ZesterError("cmd.run may not be called here", hint="list it in template_functions")

    found = problem("\n{{ f() }}", f=fail)
    assert (found.message, found.hint) == (
        "cmd.run may not be called here", "list it in template_functions",
    )  # fmt: skip


def test_errors_without_a_text_are_named():
    def fail() -> None:
        raise ValueError

    assert problem("{{ f() }}", f=fail).message == "ValueError"


def test_a_surrogate_in_a_result_does_no_harm():
    assert text("{{ x }}", x="\udc80") == "\udc80"
    assert "no UTF-8" in problem("{{ x | md5 }}", x="\udc80").message


def test_a_use_by_a_function_of_the_caller_is_an_error_too():
    def use(value: object) -> str:
        return str(value)

    with pytest.raises(UndefinedError):
        str(collecting_none())
    assert said("{{ f(x) }}", f=use) == [("a/t.sls:1", "'x' is undefined")]


def collecting_none() -> object:
    from zester_proto.render.undefined import Missing

    return Missing(name="x")
