import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.target.ast import (
    And,
    Comparison,
    Fact,
    FactRegex,
    Globs,
    Group,
    IdRegex,
    Listed,
    Node,
    Not,
    Or,
    Ranged,
    Subnet,
)
from zester_proto.target.errors import TargetError
from zester_proto.target.language import MAX_DEPTH, MAX_LENGTH, MAX_NODES, check_groups, parse
from zester_proto.target.writing import write
from zester_testing.targets import GROUPS, nodes

A, B, C = Globs(("a",)), Globs(("b",)), Globs(("c",))

MEANINGS: list[tuple[str, Node]] = [
    ("*", Globs(("*",))),
    ("web-*,db-?", Globs(("web-*", "db-?"))),
    ("web-[1,2],db", Globs(("web-[1,2]", "db"))),
    ("L@a,b", Listed(("a", "b"))),
    ("L@a,,b,", Listed(("a", "b"))),
    ("R@web-[01-20,30],db", Ranged(("web-[01-20,30]", "db"))),
    (r"E@(web|db)-\d+", IdRegex(r"(web|db)-\d+")),
    (r"E@a[)(]b\)", IdRegex(r"a[)(]b\)")),
    ("G@os:Debian", Fact(("os", "Debian"))),
    ("G@a:b:c", Fact(("a", "b", "c"))),
    ("G@note:", Fact(("note", ""))),
    ("G@:x", Fact(("", "x"))),
    ("G/@a/b:c", Fact(("a", "b:c"), delimiter="/")),
    ("G@roles:web,nginx", Fact(("roles", "web,nginx"))),
    ('G@os:"Red Hat*"', Fact(("os", "Red Hat*"))),
    ("G@os:'Red Hat'*", Fact(("os", "Red Hat*"))),
    ('G@"cost:centre":x', Fact(("cost:centre", "x"))),
    ('G@a:"say ""hi"""', Fact(("a", 'say "hi"'))),
    ("G@a:it's", Fact(("a", "it's"))),
    ("G@model:Xeon(R)", Fact(("model", "Xeon(R)"))),
    ("G@model:Xeon(R", Fact(("model", "Xeon(R"))),
    ('G@a:")"', Fact(("a", ")"))),
    ("I@env:prod", Fact(("env", "prod"), settings=True)),
    ("P@os:(Debian|Ubuntu)", FactRegex(("os", "(Debian|Ubuntu)"))),
    ("P@ip:^(?:10|192)", FactRegex(("ip", "^(?", "10|192)"))),
    ('P@os:"Red Hat"', FactRegex(("os", "Red Hat"))),
    (r"J|@app|v\|1", FactRegex(("app", r"v\|1"), settings=True, delimiter="|")),
    ("G@cpu:count:>=8", Comparison(("cpu", "count"), ">=", "8")),
    ("G@cpu:count:<8", Comparison(("cpu", "count"), "<", "8")),
    ("G@os:!=Deb*", Comparison(("os",), "!=", "Deb*")),
    ("G@v:>1:2.3", Comparison(("v",), ">", "1:2.3")),
    ('G@v:>"8"', Comparison(("v",), ">", "8")),
    ('G@v:">8"', Fact(("v", ">8"))),
    ('G@v:!=""', Comparison(("v",), "!=", "")),
    ("G>@v>>5", Comparison(("v",), ">", "5", delimiter=">")),
    ("I@tier:<=2", Comparison(("tier",), "<=", "2", settings=True)),
    ("S@10.0.0.0/8", Subnet("10.0.0.0/8")),
    ("S@2001:db8::/32", Subnet("2001:db8::/32")),
    ("a or b and c", Or((A, And((B, C))))),
    ("a and b or c", Or((And((A, B)), C))),
    ("a and b and c", And((A, B, C))),
    ("(a and b) and c", And((And((A, B)), C))),
    ("( a or b ) and c", And((Or((A, B)), C))),
    ("(a or b)and c", And((Or((A, B)), C))),
    ("((a))", A),
    ("not a and b", And((Not(A), B))),
    ("not not a", Not(Not(A))),
    ("not (a or b)", Not(Or((A, B)))),
    ("a not b", And((A, Not(B)))),
    ("a or b not c", Or((A, And((B, Not(C)))))),
    (" \t a\n", A),
    ('"and" or a', Or((Globs(("and",)), A))),
    ("android", Globs(("android",))),
    ("aa@b.c", Globs(("aa@b.c",))),
]

# What is wrong, where the caret stands, a part of the reason, a part of the hint.
MISTAKES: list[tuple[str, int, str, str]] = [
    ("", 0, "there is no target", "'*'"),
    ("  ", 0, "there is no target", "'*'"),
    ("and", 0, "a target is missing here", "L@and"),
    ("gw and", 6, "missing here after `and`", ""),
    ("gw or or bare", 6, "missing here after `or`", "L@or"),
    ("not", 3, "missing here after `not`", ""),
    ("()", 1, "a target is missing here", ""),
    ("( and gw )", 2, "a target is missing here", "L@and"),
    ("gw )", 3, "no parenthesis open", ""),
    ("(gw or (bare)", 0, "this parenthesis is never closed", ""),
    ("gw bare", 3, "`and` or `or` is missing", 'G@os:"Red Hat"'),
    ("gw AND bare", 3, "`and` or `or` is missing", "lower case: and"),
    ("NOT gw", 4, "`and` or `or` is missing", "lower case: not"),
    ("web-*, db-*", 6, "a glob is missing", "web-*,db-*"),
    ("L@a, b", 5, "`and` or `or` is missing", "web-*,db-*"),
    ("a and not(b)", 9, "`not` needs a space before this parenthesis", ""),
    ("X@foo", 0, "unknown kind of target `X@`", "G@"),
    ("gw or g@os:x", 6, "unknown kind of target `g@`", "write G@"),
    ("E/@web", 1, "E@ takes no delimiter", "P@"),
    ("G@", 2, "nothing stands behind G@", "G@os:debian"),
    ("L@,", 3, "nothing stands behind L@,", "L@web-1"),
    ("G@os", 4, "needs a fact and a value with `:`", "G@os:debian"),
    ("G/@a:b", 6, "with `/` between them", ""),
    ("web-[", 4, "this bracket is never closed", "[[]"),
    ("a,web-[9-1]", 7, "this range runs backwards", ""),
    ("G@os:x[", 6, "this bracket is never closed", "[[]"),
    ('G@os:"x[ y"', 7, "this bracket is never closed", "[[]"),
    ('G@os:"x', 5, "this quote is never closed", ""),
    ('"G@os:Red Hat"', 0, "are of globs, and this is none", 'G@os:"Red Hat"'),
    ("web-*,L@a", 6, "are of globs, and this is none", "join kinds with `or`"),
    ("P@os:(", 5, "not a regular expression", ""),
    ("P@os:a)", 6, "no parenthesis open", ""),
    ("gw or E@[a", 8, "not a regular expression", ""),
    ("E@*", 2, "not a regular expression", ""),
    ("E@a(?!b)(a+)+", 2, "look-around", "and not"),
    ("S@999.1.1.1", 2, "not an address or a network", "S@10.0.0.0/8"),
    ("S@10.0.0.1/8", 2, "host bits set", ""),
    ("S@", 2, "nothing stands behind S@", ""),
    ("N@", 2, "needs the name of a group", ""),
    ("gw or N@nope", 8, "unknown group `nope`", "known groups: a b, old, webs"),
    ("R@web-[1", 6, "this bracket is never closed", "R@"),
    ("R@web-[20-1]", 7, "runs backwards", ""),
    ("R@web-[1,20-1]", 9, "runs backwards", ""),
    ("R@web-[a-C]", 7, "the same case", ""),
    ("R@web-[a-1]", 7, "two numbers or two letters", ""),
    ("R@web-*", 6, "has no place in a range", ""),
    ("R@a,,b", 4, "a range is missing", ""),
    ("R@[1-99999][1-9]", 2, "more than 100,000", "a glob"),
    ("G@n:>=", 6, "nothing stands behind >=", ""),
    ("G@n:>=abc", 6, "neither", "in quotes"),
    ("G@n:>=*", 6, "neither", ""),
]


@pytest.mark.parametrize(("text", "node"), MEANINGS)
def test_an_expression_means_what_the_table_says(text: str, node: Node):
    assert parse(text) == node


@pytest.mark.parametrize(("text", "offset", "reason", "hint"), MISTAKES)
def test_a_mistake_is_named_and_pointed_at(text: str, offset: int, reason: str, hint: str):
    with pytest.raises(TargetError) as caught:
        parse(text, groups=GROUPS)

    error = caught.value
    assert reason in error.reason
    assert hint in error.hint
    assert (error.expression, error.offset) == (text, offset)
    shown, caret = error.caret.split("\n")
    assert caret.index("^") == offset + 2
    assert shown.strip() == text.strip()
    assert str(error) == error.message == f"{error.reason}\n{error.caret}"


def test_the_caret_stays_under_the_mistake_in_a_long_expression_with_tabs():
    text = " or\t".join(["web-*"] * 50 + ["X@1"] + ["db-*"] * 50)

    with pytest.raises(TargetError) as caught:
        parse(text)

    shown, caret = caught.value.caret.split("\n")
    assert len(shown) < 110
    assert shown[caret.index("^") :].startswith("X@1 or db-*")


@given(nodes(with_settings=True))
def test_what_is_written_is_read_again_as_the_same(node: Node):
    assert parse(write(node), groups=GROUPS) == node


@given(st.text(alphabet="gGPISNRLE@:/,*?[]()\"' \n\\><=!-0a.dno", max_size=30))
def test_any_text_is_an_expression_or_a_mistake_with_a_place(text: str):
    try:
        node = parse(text, groups=GROUPS)
    except TargetError as caught:
        error = caught
    else:
        assert parse(write(node), groups=GROUPS) == node
        return
    assert 0 <= error.offset <= len(error.expression)


@pytest.mark.parametrize(
    "text",
    [
        "G@os:Debian and (web-* or db-*) and not N@webs",
        r"E@(lb|cache)-.+ and P@os:(Debian|Ubuntu)",
        'G@os:"Red Hat" or G@cpu:count:>=8',
        "not (not a)",
    ],
)
def test_no_more_quotes_and_parentheses_are_written_than_needed(text: str):
    written = write(parse(text, groups=GROUPS))

    assert written == text.replace("(not a)", "not a")


def test_a_group_counts_as_if_in_parentheses():
    groups = {"big": "a or b"}

    node = parse("not N@big and c", groups=groups)

    assert node == And((Not(Group("big", Or((A, B)))), C))


def test_a_group_may_be_a_list_of_alternatives_or_of_the_words_of_one_expression():
    groups = {"some": ["a", "b or c"], "words": ["a", "and", "not", "b"]}

    assert parse("N@some", groups=groups) == Group("some", Or((A, B, C)))
    assert parse("N@words", groups=groups) == Group("words", And((A, Not(B))))


def test_groups_may_name_groups():
    groups = {"one": "a", "two": "N@one or b"}

    assert parse("N@two", groups=groups) == Group("two", Or((Group("one", A), B)))


def test_groups_in_a_circle_are_an_error_that_names_the_circle():
    groups = {"a": "x or N@b", "b": "N@c", "c": "N@a"}

    with pytest.raises(TargetError, match=r"in the group `c`: .* a -> b -> c -> a") as caught:
        parse("N@a", groups=groups)

    assert caught.value.expression == "N@a"
    with pytest.raises(TargetError, match="holds itself"):
        check_groups(groups)


def test_a_mistake_in_a_group_is_shown_in_the_group():
    with pytest.raises(TargetError, match="in the group `bad`: `and` or `or` is missing") as caught:
        parse("web-* and N@bad", groups={"bad": "a b"})

    assert (caught.value.expression, caught.value.offset) == ("a b", 2)


def test_good_groups_pass_the_check():
    check_groups(GROUPS)


def test_groups_that_double_each_other_are_stopped():
    groups = {"g0": "a"} | {f"g{i}": f"N@g{i - 1} or N@g{i - 1}" for i in range(1, 40)}

    with pytest.raises(TargetError, match=f"more than {MAX_NODES:,} terms"):
        parse("N@g39", groups=groups)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * (MAX_LENGTH + 1), "at most 65,536 characters"),
        ("(" * (MAX_DEPTH + 1) + "a", "at most 50 deep"),
        ("not " * (MAX_DEPTH + 1) + "a", "at most 50 deep"),
        ("a or " * MAX_NODES + "a", "more than 10,000 terms"),
        ("G@" + "a:" * 64 + "a", "at most 64 words"),
        ("E@" + "a" * 1025, "at most 1024 characters"),
        ("E@(?:a{900}){90}", "too large"),
        ("E@" + "(" * 60 + ")" * 60, "nested too deep"),
    ],
)
def test_what_is_too_large_is_refused(text: str, reason: str):
    with pytest.raises(TargetError, match=reason):
        parse(text)


def test_what_is_just_not_too_deep_is_read():
    assert write(parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)) == "a"
