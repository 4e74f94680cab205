import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.target.automaton import MAX_KEPT, Automaton
from zester_proto.target.regex import MAX_WAYS, SHORT, BadRegex, read_tree, regex_test, ways

_pieces = st.sampled_from(
    ["a", "b", "A", ".", r"\d", r"\W", r"\s", "[ab]", "[^a]", "[a-c_]", "^", "$", r"\b", r"\B",
     r"\A", r"\Z", r"\n", "1", "", "[^b]", "é"]
)  # fmt: skip
_patterns = st.recursive(
    _pieces,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda many: f"(?:{'|'.join(many)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?", "{0,1}"])).map(
            lambda both: f"({both[0]}){both[1]}"
        ),
    ),
    max_leaves=6,
)
_texts = st.text(alphabet="abAc1_ \né", max_size=7)


def _automaton(pattern: str, flags: re.RegexFlag) -> Automaton:
    return Automaton(*read_tree(pattern, flags))


@given(
    _patterns,
    st.lists(_texts, min_size=1, max_size=5),
    st.sampled_from([re.NOFLAG, re.IGNORECASE, re.DOTALL, re.ASCII]),
)
def test_the_automaton_agrees_with_python(pattern: str, texts: list[str], flags: re.RegexFlag):
    python = re.compile(pattern, flags)

    automaton = _automaton(pattern, flags)

    for text in texts:
        assert automaton.matches(text) == (python.match(text) is not None), text


@pytest.mark.parametrize("pattern", [r"\w+\d", r"[^\D5]", r"\S\s", "(?i)ß", "(?s).", "(?a)\\w"])
def test_the_automaton_agrees_with_python_on_every_kind_of_character(pattern: str):
    python = re.compile(pattern)
    automaton = _automaton(pattern, re.NOFLAG)

    for code in [*range(0x250), 0x660, 0x2028, 0x212A, 0x1F600]:
        for text in (chr(code), f"a{chr(code)}", f"{chr(code)} "):
            assert automaton.matches(text) == (python.match(text) is not None), text


@given(_patterns, _texts)
def test_a_test_agrees_with_python_whichever_way_it_goes(pattern: str, text: str):
    assert bool(regex_test(pattern)(text)) == (re.match(pattern, text) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a)*b", "(a|aa)+$", "(.*a){20}b", "a?" * 30 + "a" * 30 + "b", "(x+x+)+y",
     ".*.*.*.*.*.*b", r"^(\w+\s?)*$", "((a*)*)*b"],
)  # fmt: skip
def test_a_pattern_that_hangs_python_runs_on_the_automaton(pattern: str):
    test = regex_test(pattern)

    for text in ("a" * 5_000, "x" * 5_000 + "!", "b"):
        test(text)
    assert getattr(test, "__self__", None).__class__ is Automaton


def test_a_long_text_runs_on_the_automaton_even_with_a_simple_pattern():
    test = regex_test(".*b.*c")

    assert test("b" + "a" * (SHORT * 40) + "c")
    assert not test("b" * (SHORT * 40))


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("(?!web).*-1", "db-1", True),
        ("(?!web).*-1", "web-1", False),
        (r"(\w+)-\1", "a-a", True),
        ("(?<=a)b", "b", False),
        ("(?>a+)b", "aab", True),
        ("a++b", "aab", True),
        ("(?i:WEB)-1", "web-1", True),
        ("(?m)^a$", "a\nb", True),
        ("(a)?(?(1)b|c)", "c", True),
    ],
)
def test_what_only_python_can_do_is_left_to_it_while_it_is_cheap(
    pattern: str, text: str, found: bool
):
    assert bool(regex_test(pattern)(text)) is found


@pytest.mark.parametrize("pattern", ["(?!a)(a+)+b", r"(.*)-\1.*x.*y", "(?>a*)(b|c*)*d"])
def test_what_only_python_can_do_and_could_hang_it_is_refused(pattern: str):
    with pytest.raises(BadRegex, match="beside this many repeats") as caught:
        regex_test(pattern)

    assert "and not" in caught.value.hint


def test_only_the_beginning_of_a_text_counts_where_python_looks_around():
    assert regex_test("(?!x)a*b")("a" * (SHORT - 1) + "b")
    assert not regex_test("(?!x)a*b")("a" * SHORT + "b")


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("abc", 1),
        ("(a|bc|d)", 3),
        ("(a|bc){2}", 4),
        ("a?b", 2),
        ("a*", SHORT + 1),
        ("a+b*", SHORT * (SHORT + 1)),
        ("a{2,5}", 4),
        (".*.*.*", MAX_WAYS + 1),
        ("(a*)*", MAX_WAYS + 1),
        ("(a|bc)*", MAX_WAYS + 1),
        ("(?!a|bc)x", 2),
        ("(a)?(?(1)b|c)", 4),
        ("(?>a|bc)", 2),
    ],
)
def test_the_ways_to_try_a_pattern_are_counted(pattern: str, count: int):
    tree, _ = read_tree(pattern)

    assert ways(tree) == count


def test_case_counts_or_not_as_asked():
    assert not regex_test("WEB")("web")
    assert regex_test("WEB", ignore_case=True)("web")
    assert regex_test(r"\D+\d", ignore_case=True)("web1")


def test_a_doubtful_set_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert regex_test("[[a]")("[")


def test_what_an_automaton_remembers_stays_bounded():
    automaton = _automaton("(?:.|a)*b", re.NOFLAG)

    for start in range(0x1000, 0xD000, 0x400):
        automaton.matches("".join(map(chr, range(start, start + 0x400))))

    assert automaton.kept <= MAX_KEPT + 0x400
