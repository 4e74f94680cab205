"""Random fleets and random expressions, small enough to hit each other."""

from typing import Any, cast

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
    Operator,
    Or,
    Ranged,
    Subnet,
)
from zester_proto.target.globs import glob_fault
from zester_proto.target.language import parse
from zester_proto.target.scanner import has_prefix

GROUPS = {
    "webs": "web-* or w",
    "a b": ["db-1", "db-2"],
    "old": "G@os:Debian and not N@webs",
}
"""What the groups in `nodes` mean."""

IDS = ["web-1", "web-2", "web-10", "db-1", "db-2.x", "w", "and", "(a)", "Web-1", "é"]
_KEYS = ["os", "a", "b", "c", "0", "1", "-1", "cost:centre", "network", "Kb", "*", ""]
_TEXTS = [
    "Debian", "debian", "web", "web-1", "os", "a", "a:b", "b/c", "0", "1", "1.0", "2.9", "2.10",
    "1.0-rc1", "-5", "true", "none", "", "x y", "(a", "a)", '"', "'", "[", ">5", "=", "ÄÖ", "a\nb",
]  # fmt: skip
_NUMBERS: list[Any] = [0, 1, -1, 2, 10, 2**40, 0.0, 1.0, 2.5, 1e20, True, False, None]
_ADDRESSES = [
    "10.0.0.1", "10.0.1.1", "10.1.2.3", "192.168.0.1", "127.0.0.1", "::1", "fe80::1%eth0",
    "2001:db8::1", "2001:db8:0:1::1", "no address", "",
]  # fmt: skip
_NETS = [
    "10.0.0.1", "10.0.0.0/8", "10.0.0.0/23", "0.0.0.0/0", "192.168.0.0/16", "::1", "::/0",
    "2001:db8::/32", "2001:db8::/63", "fe80::/10",
]  # fmt: skip
_REGEXES = [
    "web", "web-\\d+$", "(a|b)", ".*", ".*b", "^d.*n$", "[^a]", "1\\.0", "(?!web).", "(?:a|:)b?",
    "x\\sy", "", "(a+)+b", "\\w+", "none|true",
]  # fmt: skip
_GLOBS = ["*", "?", "web-*", "web-?", "*-1", "[wd]*", "d[!x]*", "a*", "*:b", "[0-9]", "*e*", "w"]
_RANGES = ["web-[1-2]", "web-[01-10]", "db-[1,2]", "[v-x]", "db-2.x", "web-[1-3,10]"]
_DELIMITERS = ["/", "|", ".", ";", "=", ">"]
_COMPARED = ["0", "1", "1.0", "2.9", "2.10", "-5", "1e20", "1.0-rc1", "v1"]

_scalars = st.sampled_from([*_TEXTS, *_NUMBERS]) | st.text(max_size=3)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3)
    ),
    max_leaves=6,
)
_addresses = st.lists(st.sampled_from(_ADDRESSES), max_size=3) | st.sampled_from(_ADDRESSES)


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Facts as they travel; with addresses, or what should have been some."""
    made = draw(st.dictionaries(st.sampled_from(_KEYS), _values, max_size=5))
    for key in ("ipv4", "ipv6"):
        if draw(st.booleans()):
            made[key] = draw(_addresses | _values)
    return made


def ids() -> st.SearchStrategy[str]:
    """Ids that the expressions know."""
    return st.sampled_from(IDS)


_words = st.sampled_from([*_KEYS, *_TEXTS, *_GLOBS]) | st.text(
    alphabet="ab:/()\"' \n,[]*?>=<!@é", max_size=4
)
_paths = st.lists(_words, min_size=1, max_size=4).map(tuple)
_delimiters = st.just(":") | st.sampled_from(_DELIMITERS)


def _is_glob(fact: Fact) -> bool:
    tails = (fact.delimiter.join(fact.words[cut:]) for cut in range(1, len(fact.words)))
    return all(glob_fault(tail) is None for tail in tails)


def _comparison(
    path: tuple[str, ...], compared: tuple[str, str], settings: bool, delimiter: str
) -> Comparison:
    return Comparison(path, cast("Operator", compared[0]), compared[1], settings, delimiter)


def _facts(settings: st.SearchStrategy[bool]) -> st.SearchStrategy[Node]:
    words = st.tuples(_paths, _words).map(lambda both: (*both[0], both[1]))
    regexes = st.tuples(_paths, st.sampled_from(_REGEXES)).map(lambda both: (*both[0], both[1]))
    ordered = st.tuples(st.sampled_from([">=", "<=", ">", "<"]), st.sampled_from(_COMPARED))
    unequal = st.tuples(
        st.just("!="), (st.sampled_from(_COMPARED) | _words).filter(lambda w: not glob_fault(w))
    )
    return st.one_of(
        st.builds(Fact, words, settings, _delimiters).filter(_is_glob),
        st.builds(FactRegex, regexes, settings, _delimiters),
        st.builds(_comparison, _paths, ordered | unequal, settings, _delimiters),
    )


def _group(name: str) -> Group:
    node = parse(f'N@"{name}"', groups=GROUPS)
    assert isinstance(node, Group)
    return node


def _terms(settings: st.SearchStrategy[bool]) -> st.SearchStrategy[Node]:
    names = st.sampled_from([*_GLOBS, *IDS]) | _words.filter(bool)
    globs = st.lists(names.filter(lambda n: not glob_fault(n)), min_size=1, max_size=3)
    plain = globs.filter(lambda made: not any(map(has_prefix, made)))
    return st.one_of(
        plain.map(lambda made: Globs(tuple(made))),
        st.lists(st.sampled_from(IDS) | _words.filter(bool), min_size=1, max_size=3).map(
            lambda made: Listed(tuple(made))
        ),
        st.lists(st.sampled_from(_RANGES), min_size=1, max_size=2).map(
            lambda made: Ranged(tuple(made))
        ),
        st.sampled_from([regex for regex in _REGEXES if regex]).map(IdRegex),
        st.sampled_from(_NETS).map(Subnet),
        st.sampled_from(list(GROUPS)).map(_group),
        _facts(settings),
        _facts(settings),
    )


def nodes(*, with_settings: bool = False) -> st.SearchStrategy[Node]:
    """Expressions of every kind, as nodes."""
    settings = st.booleans() if with_settings else st.just(value=False)
    return st.recursive(
        _terms(settings),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda made: And(tuple(made))),
            st.lists(inner, min_size=2, max_size=3).map(lambda made: Or(tuple(made))),
            inner.map(Not),
        ),
        max_leaves=5,
    )
