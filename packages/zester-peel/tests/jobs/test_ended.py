"""Many jids in little room."""

from hypothesis import given
from hypothesis import strategies as st

from zester_peel.jobs.ended import Ended
from zester_proto.ids import new_jid

JIDS = st.text("0123456789ABCDEFabcdef", min_size=27, max_size=27)


@given(st.dictionaries(JIDS, st.floats(0, 10_000)), JIDS, st.floats(0, 10_000))
def test_a_jid_is_kept_until_its_moment_and_forgotten_soon_after(
    kept: dict[str, float], other: str, now: float
) -> None:
    ended = Ended()
    for jid, until in kept.items():
        ended.add(jid, until)

    assert len(ended) == len(kept)
    assert (other in ended) == (other in kept)
    ended.forget(now)
    for jid, until in kept.items():
        if until >= now:
            assert jid in ended
        elif until < now - 120:
            assert jid not in ended


@given(st.lists(st.sampled_from("ab"), min_size=54, max_size=200))
def test_neighbours_do_not_make_a_third(letters: list[str]) -> None:
    text = "".join(letters)[: len(letters) // 27 * 27]
    jids = [text[at : at + 27] for at in range(0, len(text), 27)]
    ended = Ended()
    for jid in jids:
        ended.add(jid, 0)

    for at in range(len(text) - 26):
        assert (text[at : at + 27] in ended) == (text[at : at + 27] in jids)


def test_what_it_gives_it_takes_back() -> None:
    ended, again = Ended(), Ended()
    jids = [new_jid() for _ in range(100)]
    for number, jid in enumerate(jids):
        ended.add(jid, number * 10.0)
    for until, text in ended.generations():
        again.add_generation(until, text)
    again.forget(500)

    assert all(jid in again for jid in jids[50:])
    assert dict(again.generations()).items() <= dict(ended.generations()).items()
