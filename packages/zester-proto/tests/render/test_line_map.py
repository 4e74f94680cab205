import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from zester_proto.render.lines import LineMap
from zester_proto.render.trail import LineBuilder, Trail
from zester_testing.template_tree import Tree

_OPEN = {
    "if": ("if true", "endif"),
    "for": ("for i in [1, 2]", "endfor"),
    "with": ("with x = 1", "endwith"),
    "raw": ("raw", "endraw"),
    "block": ("block b{}", "endblock"),
}
_tag = st.tuples(st.sampled_from(["", "-"]), st.sampled_from(["", "-"]))
_leaf = st.sampled_from(["text", "text", "blank", "comment", "set", "expression", "macro", "long"])
_tree = st.recursive(
    _leaf,
    lambda inner: st.tuples(
        st.sampled_from(sorted(_OPEN)), _tag, _tag, st.lists(inner, max_size=4)
    ),
    max_leaves=14,
)


class _Writer:
    """Writes a template, each line of text with its own number."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.blocks = 0

    def write(self, node: Any, *, raw: bool = False) -> None:
        number = len(self.lines) + 1
        match node:
            case "text":
                self.lines.append(f"  text-{number}: x")
            case "blank":
                self.lines.append("")
            case "comment":
                self.lines.append("{# no\nthing #}")
                self.lines[-1:] = self.lines[-1].split("\n")
            case "set":
                self.lines.append("{% set y = 1 %}")
            case "expression":
                self.lines.append("e: {{ 1 }}")
            case "macro":
                self.lines.append("{{ m(1) }}")
            case "long":
                self.lines += ["{{ 1 +", "   2 }} z"]
            case _:
                self.compound(*node, raw=raw)

    def compound(self, kind: str, before: Any, after: Any, inner: list[Any], *, raw: bool):
        if raw:
            return
        begin, end = _OPEN[kind]
        self.blocks += 1
        self.lines.append(self.tag(begin.format(self.blocks), before))
        for node in inner:
            self.write(node, raw=kind == "raw")
        self.lines.append(self.tag(end, after))

    @staticmethod
    def tag(text: str, dashes: tuple[str, str]) -> str:
        return f"{{%{dashes[0]} {text} {dashes[1]}%}}"


@settings(max_examples=200, deadline=None)
@given(st.lists(_tree, max_size=6), st.booleans())
def test_every_line_of_text_comes_from_the_line_where_it_stands(nodes: list[Any], last: bool):
    writer = _Writer()
    writer.lines.append("{% macro m(x) %}made{% endmacro %}")
    for node in nodes:
        writer.write(node)
    source = "\n".join(writer.lines) + "\n" * last
    rendered = Tree().renderer().render("t", {}, text=source)
    assert rendered.problems == ()
    origins = rendered.lines.origins
    lines = rendered.text.split("\n")
    assert len(origins) == len(lines)
    for line, origin in zip(lines, origins, strict=True):
        found = re.fullmatch(r"  text-(\d+): x", line)
        if found is not None:
            assert (origin.line, origin.exact) == (int(found[1]), True)
        assert origin.exact == (writer.lines[origin.line - 1 : origin.line] == [line]) or (
            last and origin.line == len(writer.lines) + 1
        )


def origins(source: str, tree: Tree | None = None) -> list[tuple[str, str, tuple[str, ...]]]:
    rendered = (tree or Tree()).renderer().render("t", {}, text=source)
    assert rendered.problems == ()
    pairs = zip(rendered.text.split("\n"), rendered.lines.origins, strict=True)
    return [(line, f"{o.file}:{o.line}", o.because) for line, o in pairs]


def test_what_an_expression_makes_is_of_its_line():
    assert origins("a\n{{ 'x\ny' }}\nb") == [
        ("a", "t:1", ()), ("x", "t:2", ()), ("y", "t:2", ()), ("b", "t:4", ()),
    ]  # fmt: skip
    assert origins("{% set s %}\nx\ny\n{% endset %}\n{{ s }}")[2] == ("x", "t:5", ())


def test_what_a_macro_makes_is_of_the_call_and_names_the_macro():
    tree = Tree()
    tree["m"] = (
        "\n{% macro inner() %}\nin{% endmacro %}{% macro m() %}{{ inner() }}\nout{% endmacro %}"
    )
    way = ("in macro m, m:3", "in macro inner, m:2")
    assert origins("{% from 'm' import m %}a\n{{ m() }}\nb", tree)[2:] == [
        ("in", "t:2", way), ("out", "t:2", way), ("b", "t:3", ()),
    ]  # fmt: skip


def test_call_and_filter_blocks_and_recursive_loops_are_of_their_own_line():
    head = "{% macro m() %}<\n{{ caller() }}>{% endmacro %}"
    assert [place for _, place, _ in origins(head + "\n{% call m() %}x\ny{% endcall %}")] == [
        "t:2", "t:3", "t:3", "t:3",
    ]  # fmt: skip
    assert origins("\n{% filter upper %}a\nb{% endfilter %}")[1:] == [
        ("A", "t:2", ()), ("B", "t:2", ()),
    ]  # fmt: skip
    loop = "\n{% for x in [[], []] recursive %}r\n{{ loop(x) }}{% endfor %}\nend"
    assert [place for _, place, _ in origins(loop)] == ["t:1", "t:2", "t:2", "t:2", "t:4"]


def test_included_files_count_for_themselves():
    tree = Tree()
    tree["i"] = "one\n{% include 'j' %}\ntwo"
    tree["j"] = "deep"
    assert origins("a\n{% include 'i' %}\nb", tree) == [
        ("a", "t:1", ()),
        ("one", "i:1", ("included by t:2",)),
        ("deep", "j:1", ("included by i:2", "included by t:2")),
        ("two", "i:3", ("included by t:2",)),
        ("b", "t:3", ()),
    ]


def test_an_include_within_a_macro_is_the_macros():
    tree = Tree()
    tree["i"] = "x\ny"
    source = "{% macro m() %}{% include 'i' %}{% endmacro %}\n\n{{ m() }}"
    assert origins(source, tree)[2:] == [
        ("x", "t:3", ("in macro m, t:1",)), ("y", "t:3", ("in macro m, t:1",)),
    ]  # fmt: skip


def test_the_first_visible_piece_of_a_line_says_where_it_is_from():
    trail = Trail()
    lines = LineBuilder("t")
    for line, piece in ((1, ""), (2, " \t"), (3, "x"), (4, "y\n"), (9, "z")):
        lines.add(trail.at("t", line, False, piece), trail)
    made = lines.finish({})
    assert made.text == " \txy\nz"
    assert [origin.line for origin in made.origins] == [3, 9]


def test_lines_beyond_a_map_are_its_last():
    lines = LineMap.plain("t", "a\nb")
    assert [lines.origin(number).line for number in (0, 1, 2, 3)] == [1, 1, 2, 2]
