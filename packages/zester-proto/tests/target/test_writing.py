import pytest

from zester_proto.target.ast import Fact, Globs, Group, Listed
from zester_proto.target.language import parse
from zester_proto.target.writing import write


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Globs(("and",)), '"and"'),
        (Globs(("web-*", "a b")), 'web-*,"a b"'),
        (Listed(("a,b", "c")), 'L@"a,b","c"'),
        (Fact(("os", "Red Hat")), 'G@os:"Red Hat"'),
        (Fact(("os", ">5")), 'G@os:">5"'),
        (Fact(("a:b", "c")), 'G@"a:b":"c"'),
        (Fact(("a", "b/c"), delimiter="/"), 'G/@a/"b/c"'),
        (Fact(("say", '"hi"')), "G@say:'\"hi\"'"),
        (Fact(("say", '"it\'s"')), 'G@say:"""it\'s"""'),
        (Group("a b", parse("*")), 'N@"a b"'),
    ],
)
def test_quotes_stand_where_a_plain_spelling_would_mean_something_else(
    node: Globs | Fact | Group, text: str
):
    assert write(node) == text
