"""What was made is kept up to a bound."""

from zester_proto.kept import Kept


def test_the_one_goes_that_was_not_asked_for_longest():
    kept = Kept[str, int](2)
    assert kept.put("a", 1) is None
    assert kept.put("b", 2) is None
    assert kept.get("a") == 1
    assert kept.put("c", 3) == "b"
    assert list(kept) == ["a", "c"]
    assert kept.get("b") is None


def test_a_value_that_is_put_again_counts_as_new():
    kept = Kept[str, int](2)
    for key, value in (("a", 1), ("b", 2), ("a", 3)):
        kept.put(key, value)
    assert kept.put("c", 4) == "b"
    assert kept.get("a") == 3


def test_only_what_is_wanted_stays():
    kept = Kept[str, int](9)
    for key, value in (("a", 1), ("b", 2), ("c", 3)):
        kept.put(key, value)
    kept.keep_if(lambda value: value != 2)
    assert list(kept) == ["a", "c"]
    assert kept.pop("a") == 1
    assert kept.pop("a") is None
