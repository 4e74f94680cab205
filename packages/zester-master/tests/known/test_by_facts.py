"""What is kept for who has the same facts, and that nothing of it stays for ever."""

from collections.abc import Callable

from zester_master.known.by_facts import ByFacts


def packed(facts: dict[str, str]) -> Callable[[tuple[str, ...]], tuple[bytes, ...]]:
    return lambda names: tuple(facts[name].encode() for name in names)


def asked_for(kept: ByFacts[str, int], key: str) -> list[tuple[str, ...]]:
    """Give which facts are compared where nobody has them."""
    found: list[tuple[str, ...]] = []

    def nobody(names: tuple[str, ...]) -> tuple[bytes, ...]:
        found.append(names)
        return ()

    assert kept.get(key, nobody) is None
    return found


def test_who_has_the_same_of_the_facts_that_decided_gets_the_same():
    kept = ByFacts[str, int](9)
    kept.put("web", ("os",), (b"debian",), 1)
    kept.put("web", ("os", "role"), (b"alpine", b"db"), 2)

    assert kept.get("web", packed({"os": "debian", "role": "any"})) == (1, ("os",))
    assert kept.get("web", packed({"os": "alpine", "role": "db"})) == (2, ("os", "role"))
    assert kept.get("web", packed({"os": "alpine", "role": "app"})) is None
    assert kept.get("db", packed({"os": "debian"})) is None


def test_facts_are_compared_only_as_long_as_something_is_kept_for_them():
    kept = ByFacts[str, int](2)
    kept.put("web", ("a",), (b"1",), 1)
    kept.put("web", ("a",), (b"1",), 1)
    kept.put("web", ("b",), (b"1",), 2)
    kept.put("web", ("c",), (b"1",), 3)
    assert asked_for(kept, "web") == [("b",), ("c",)]
    kept.put("web", ("c",), (b"2",), 4)
    assert asked_for(kept, "web") == [("c",)]
    kept.keep_if(lambda value: value == 4)
    kept.put("db", ("d",), (b"1",), 5)
    kept.put("db", ("d",), (b"2",), 6)
    assert asked_for(kept, "web") == []
