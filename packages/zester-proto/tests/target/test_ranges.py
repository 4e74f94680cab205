import pytest

from zester_proto.target import ranges


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web", ["web"]),
        ("web-[1-3]", ["web-1", "web-2", "web-3"]),
        ("web-[08-11]", ["web-08", "web-09", "web-10", "web-11"]),
        ("web-[098-101]", ["web-098", "web-099", "web-100", "web-101"]),
        ("web-[9-11].x", ["web-9.x", "web-10.x", "web-11.x"]),
        ("db-[a-c]", ["db-a", "db-b", "db-c"]),
        ("[A-B][1,3]", ["A1", "A3", "B1", "B3"]),
        ("r[1,5-6,x]", ["r1", "r5", "r6", "rx"]),
    ],
)
def test_a_pattern_spells_names(pattern: str, names: list[str]):
    assert ranges.names((pattern,)) == frozenset(names)
    assert ranges.size(pattern) == len(names)


def test_several_patterns_spell_together():
    assert ranges.names(("a[1-2]", "b")) == {"a1", "a2", "b"}


def test_the_size_of_a_huge_range_is_known_without_spelling_it():
    assert ranges.size("[1-999999999]" * 3) == 999_999_999**3


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [
        ("web-[1-", 4), ("web-1]", 5), ("web-*", 4), ("web-?[1-2]", 4), ("[2-1]", 1), ("[c-a]", 1),
        ("[a-C]", 1), ("[]", 1), ("[1,,2]", 3), ("[1-a]", 1), ("[aa-bb]", 1), ("[1-2-3]", 1),
        ("x[1][3-2]", 5),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_it_is(pattern: str, offset: int):
    with pytest.raises(ranges.BadRange) as caught:
        ranges.names((pattern,))

    assert caught.value.offset == offset
