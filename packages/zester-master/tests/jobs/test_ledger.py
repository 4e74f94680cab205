"""The table of outcomes of bus.md 6.7."""

import pytest

from zester_master.jobs.ledger import (
    CANCEL_AGAIN,
    CANCEL_PATIENCE,
    DEADLINE_GRACE,
    GIVE_UP_AFTER,
    RESEND_AFTER,
    Ask,
    Close,
    Row,
    Step,
    Stop,
)
from zester_master.jobs.plan import BadPlan, share
from zester_proto.messages.jobs import Outcome
from zester_testing.ledgers import Bench


def test_all_peels_are_asked_at_once_and_the_job_closes_with_the_last_return() -> None:
    bench = Bench()
    assert bench.go() == [Ask([0, 1, 2, 3, 4], again=False)]
    assert bench.answer(0, 1, 2, 3) == []
    assert bench.answer(4) == [Close("complete")]
    assert bench.ledger.counts() == {"ok": 5}
    assert sorted(bench.ledger.log) == [0, 1, 2, 3, 4]


def test_stages_are_seen_before_outcomes() -> None:
    bench = Bench()
    assert bench.ledger.counts() == {"pending": 5}
    bench.go()
    bench.ack(1)
    bench.answer(2, outcome=Outcome.FAILED)
    assert bench.outcomes() == ["sent", "running", "failed", "sent", "sent"]
    assert bench.ledger.counts() == {"sent": 3, "running": 1, "failed": 1}


def test_a_peel_known_absent_does_not_make_the_job_wait() -> None:
    bench = Bench(absent={3})
    bench.go()
    assert bench.answer(0, 1, 2, 4) == [Close("complete")]
    assert bench.outcomes() == ["ok", "ok", "ok", "offline", "ok"]


def test_a_job_for_absent_peels_alone_ends_at_once() -> None:
    bench = Bench(absent=set(range(5)))
    assert bench.go() == [Ask([0, 1, 2, 3, 4], again=False), Close("complete")]
    assert bench.ledger.counts() == {"offline": 5}


def test_an_ack_overrides_absence_and_the_job_waits_for_that_peel() -> None:
    bench = Bench(absent={3})
    bench.go()
    bench.ack(3)
    assert bench.answer(0, 1, 2, 4) == []
    assert bench.answer(3, outcome=Outcome.CHANGED) == [Close("complete")]
    assert bench.outcomes()[3] == "changed"


def test_a_present_peel_without_ack_is_asked_once_more_and_then_offline() -> None:
    bench = Bench()
    bench.go()
    bench.answer(0, 1, 2, 3)
    assert bench.go(RESEND_AFTER - 0.1) == []
    assert bench.go(0.1) == [Ask([4], again=True)]
    assert bench.go(GIVE_UP_AFTER - 0.1) == []
    assert bench.go(0.1) == [Close("complete")]
    assert bench.outcomes()[4] == "offline"


def test_a_peel_with_an_ack_is_not_asked_again() -> None:
    bench = Bench()
    bench.go()
    bench.ack(0, 1, 2, 3, 4)
    assert bench.go(30) == []


def test_an_ack_after_the_peel_was_given_up_still_counts_while_others_run() -> None:
    bench = Bench()
    bench.go()
    bench.ack(0)
    bench.answer(1, 2, 3)
    bench.go(20)
    assert bench.outcomes() == ["running", "ok", "ok", "ok", "sent"]
    bench.ack(4)
    bench.answer(0)
    assert bench.outcomes()[4] == "running"
    assert bench.answer(4) == [Close("complete")]


def test_a_peel_that_goes_before_its_ack_is_offline_after_ten_seconds() -> None:
    bench = Bench()
    bench.go()
    bench.answer(0, 1, 2, 3)
    bench.absent.add(4)
    assert bench.go(9) == []
    assert bench.go(1.5) == [Close("complete")]
    assert bench.outcomes()[4] == "offline"


def test_a_peel_that_comes_back_before_its_ack_is_asked_when_it_is_there() -> None:
    bench = Bench()
    bench.go()
    bench.answer(0, 1, 2, 3)
    bench.absent.add(4)
    bench.go(7.5)
    bench.absent.clear()
    assert bench.go(1) == [Ask([4], again=True)]
    assert bench.answer(4) == [Close("complete")]


def test_an_absent_peel_that_appears_while_others_run_gets_the_job() -> None:
    bench = Bench(absent={2})
    bench.go()
    bench.ack(0)
    bench.answer(1, 3, 4)
    bench.go(8)
    bench.absent.clear()
    assert bench.go(1.5) == [Ask([2], again=True)]
    assert bench.answer(0) == [Close("complete")]
    assert bench.outcomes()[2] == "offline"


def test_what_runs_at_the_deadline_is_timed_out_if_present_and_lost_if_not() -> None:
    bench = Bench(timeout=20.0)
    bench.go()
    bench.ack(0, 1)
    bench.answer(2, 3, 4)
    bench.absent.add(1)
    assert bench.go(20 + DEADLINE_GRACE) == [Close("complete")]
    assert bench.outcomes() == ["timed-out", "lost", "ok", "ok", "ok"]
    assert bench.ledger.rows[0] is not None
    assert bench.ledger.rows[0].error


def test_a_present_peel_has_a_moment_after_the_deadline_to_say_so_itself() -> None:
    bench = Bench(1, timeout=20.0)
    bench.go()
    bench.ack(0)
    assert bench.go(20.5) == []
    assert bench.answer(0, outcome=Outcome.TIMED_OUT) == [Close("complete")]
    assert bench.ledger.rows[0] == Row(Outcome.TIMED_OUT, returned=True)


def test_absent_peels_get_no_moment_after_the_deadline() -> None:
    bench = Bench(1, timeout=20.0)
    bench.go()
    bench.ack(0)
    bench.absent.add(0)
    assert bench.go(20) == [Close("complete")]
    assert bench.outcomes() == ["lost"]


def test_no_ack_until_a_short_deadline_is_offline() -> None:
    bench = Bench(1, timeout=3.0)
    bench.go()
    assert bench.go(3) == [Close("complete")]
    assert bench.outcomes() == ["offline"]


def test_what_comes_after_the_close_is_late_and_changes_no_sum() -> None:
    bench = Bench(2, absent={1})
    bench.go()
    bench.answer(0)
    counts = bench.ledger.counts()
    assert not bench.ledger.returned(1, Outcome.OK, bench.now)
    assert bench.ledger.counts() == counts == {"ok": 1, "offline": 1}
    assert bench.ledger.late[1].outcome == Outcome.OK
    bench.ack(1)
    assert bench.ledger.step(1) is Step.DONE


def test_the_same_return_twice_counts_once_and_is_not_late() -> None:
    bench = Bench(2)
    bench.go()
    bench.answer(0)
    assert not bench.ledger.returned(0, Outcome.OK, bench.now)
    assert bench.ledger.late == {}
    assert bench.ledger.log == [0]


def test_a_refused_peel_is_never_asked() -> None:
    bench = Bench(2)
    bench.ledger.refuse(0, "two live peels", bench.now)
    assert bench.go() == [Ask([1], again=False)]
    assert bench.answer(1) == [Close("complete")]
    assert bench.ledger.rows[0] == Row(Outcome.REFUSED, error="two live peels", asked=False)


def test_cancel_tells_those_asked_and_waits_for_what_they_say() -> None:
    bench = Bench()
    bench.go()
    bench.ack(0, 1)
    bench.answer(2)
    assert bench.ledger.cancel(bench.now) == [Stop([0, 1, 3, 4])]
    assert bench.answer(0, 1, outcome=Outcome.CANCELLED) == []
    assert bench.answer(3) == []
    assert bench.go(CANCEL_AGAIN) == [Close("cancelled")]
    assert bench.outcomes() == ["cancelled", "cancelled", "ok", "ok", "offline"]


def test_cancel_ends_what_was_never_asked() -> None:
    bench = Bench(batch=2)
    assert bench.go() == [Ask([0, 1], again=False)]
    assert bench.ledger.cancel(bench.now) == [Stop([0, 1])]
    assert bench.outcomes() == ["sent", "sent", "cancelled", "cancelled", "cancelled"]
    assert bench.answer(0, 1, outcome=Outcome.CANCELLED) == [Close("cancelled")]
    row = bench.ledger.rows[2]
    assert row is not None
    assert not row.asked


def test_cancel_is_repeated_to_peels_that_still_run_and_ends_in_any_case() -> None:
    bench = Bench(1, timeout=3600.0)
    bench.go()
    bench.ack(0)
    bench.ledger.cancel(bench.now)
    effects = bench.go(CANCEL_PATIENCE + DEADLINE_GRACE)
    assert effects[0] == Stop([0])
    assert effects[-1] == Close("cancelled")
    assert bench.outcomes() == ["timed-out"]


def test_a_second_cancel_and_one_after_the_end_do_nothing() -> None:
    bench = Bench(1)
    bench.go()
    bench.ledger.cancel(bench.now)
    assert bench.ledger.cancel(bench.now) == []
    bench.answer(0)
    assert bench.ledger.cancel(bench.now) == []


def test_a_batch_keeps_so_many_busy() -> None:
    bench = Bench(batch=2)
    assert bench.go() == [Ask([0, 1], again=False)]
    assert bench.answer(1) == [Ask([2], again=False)]
    assert bench.answer(0, 2) == [Ask([3, 4], again=False)]
    assert bench.answer(3, 4) == [Close("complete")]


def test_offline_peels_take_no_place_in_a_batch() -> None:
    bench = Bench(batch=1, absent={0, 1, 3})
    assert bench.go() == [Ask([0, 1, 2], again=False)]
    assert bench.answer(2) == [Ask([3, 4], again=False)]
    assert bench.answer(4) == [Close("complete")]
    assert bench.ledger.counts() == {"ok": 2, "offline": 3}


def test_a_silent_peel_blocks_a_batch_for_ten_seconds_at_most() -> None:
    bench = Bench(2, batch=1)
    bench.go()
    assert bench.go(RESEND_AFTER + GIVE_UP_AFTER) == [
        Ask([0], again=True),
        Ask([1], again=False),
    ]


def test_a_place_in_a_batch_stays_empty_for_the_wait() -> None:
    bench = Bench(2, batch=1, batch_wait=3.0)
    bench.go()
    assert bench.answer(0) == []
    assert bench.go(2.9) == []
    assert bench.go(0.2) == [Ask([1], again=False)]


def test_max_fail_stops_when_more_failed() -> None:
    bench = Bench(batch=1, max_fail=1)
    bench.go()
    assert bench.answer(0, outcome=Outcome.FAILED) == [Ask([1], again=False)]
    assert bench.answer(1, outcome=Outcome.FAILED) == [Close("stopped")]
    assert bench.ledger.counts() == {"failed": 2, "cancelled": 3}


def test_canaries_go_first_and_alone() -> None:
    bench = Bench(canary=2)
    assert bench.go() == [Ask([0, 1], again=False)]
    assert bench.answer(0) == []
    assert bench.answer(1) == [Ask([2, 3, 4], again=False)]


def test_a_canary_that_fails_stops_the_job() -> None:
    bench = Bench(canary=1)
    bench.go()
    assert bench.answer(0, outcome=Outcome.REFUSED) == [Close("stopped")]
    assert bench.ledger.counts() == {"refused": 1, "cancelled": 4}


def test_canaries_are_chosen_among_the_present() -> None:
    bench = Bench(canary=1, absent={0, 1})
    assert bench.go() == [Ask([2], again=False)]
    assert bench.answer(2) == [Ask([0, 1, 3, 4], again=False)]


def test_a_silent_canary_stops_the_job() -> None:
    bench = Bench(canary=1)
    bench.go()
    assert bench.go(10)[-1] == Close("stopped")
    assert bench.ledger.counts() == {"offline": 1, "cancelled": 4}


def test_a_batch_that_meets_its_deadline_asks_nobody_else() -> None:
    bench = Bench(batch=1, timeout=20.0)
    bench.go()
    bench.ack(0)
    assert bench.go(20 + DEADLINE_GRACE) == [Close("stopped")]
    assert bench.ledger.counts() == {"timed-out": 1, "cancelled": 4}


def test_a_peel_that_hangs_gives_its_place_in_a_batch_back_when_its_time_is_up() -> None:
    bench = Bench(3, batch=1, peel_time=10.0, timeout=100.0)
    bench.go()
    bench.ack(0)
    assert bench.go(10 + DEADLINE_GRACE) == [Ask([1], again=False)]
    bench.ack(1)
    bench.absent.add(1)
    assert bench.go(10 + DEADLINE_GRACE) == [Ask([2], again=False)]
    assert bench.answer(2) == [Close("complete")]
    assert bench.outcomes() == ["timed-out", "lost", "ok"]


def test_a_takeover_asks_those_again_who_said_nothing_and_waits_for_none_that_was_absent() -> None:
    bench = Bench(absent={2, 3})
    bench.ledger.returned(1, Outcome.OK, bench.now)
    bench.ledger.resume({3}, bench.now)
    assert bench.go() == [Ask([0, 4], again=True)]
    bench.answer(0, 4)
    assert bench.outcomes() == ["ok", "ok", "sent", "sent", "ok"]
    assert bench.go(GIVE_UP_AFTER + 1) == [Close("complete")]
    assert bench.ledger.counts() == {"ok": 3, "offline": 2}


def test_a_takeover_after_the_deadline_asks_nobody_and_closes() -> None:
    bench = Bench(2, timeout=0.0)
    bench.ledger.returned(1, Outcome.OK, bench.now)
    bench.ledger.resume(set(), bench.now)
    assert bench.go() == [Close("complete")]
    assert bench.ledger.counts() == {"ok": 1, "offline": 1}


def test_a_takeover_asks_only_those_whose_return_is_not_there() -> None:
    bench = Bench()
    bench.ledger.returned(1, Outcome.OK, bench.now)
    bench.ledger.returned(3, Outcome.FAILED, bench.now)
    assert bench.go() == [Ask([0, 2, 4], again=False)]
    assert bench.answer(0, 2, 4) == [Close("complete")]
    assert bench.ledger.counts() == {"ok": 4, "failed": 1}


def test_a_takeover_of_a_job_whose_returns_are_all_there_closes_it() -> None:
    bench = Bench(2)
    bench.ledger.returned(0, Outcome.OK, bench.now)
    bench.ledger.returned(1, Outcome.OK, bench.now)
    assert bench.go() == [Close("complete")]


def test_a_mirror_takes_the_owners_word_and_shows_its_own_as_late() -> None:
    bench = Bench(3)
    bench.ledger.returned(0, Outcome.OK, bench.now)
    bench.ledger.returned(1, Outcome.OK, bench.now)
    rows = [Row(Outcome.OK, returned=True), Row(Outcome.LOST), Row(Outcome.OFFLINE)]
    bench.ledger.settle(rows, "complete", bench.now)
    assert bench.ledger.counts() == {"ok": 1, "lost": 1, "offline": 1}
    assert bench.ledger.late[1].outcome == Outcome.OK
    assert bench.ledger.log == [0, 1, 1, 2]
    assert bench.ledger.advance(bench.now) == []


@pytest.mark.parametrize(
    ("text", "count", "number"), [("3", 10, 3), ("50%", 5, 2), ("100%", 7, 7), ("0", 4, 0)]
)
def test_a_share_is_a_number_or_a_part(text: str, count: int, number: int) -> None:
    assert share(text, count, "--batch") == number


@pytest.mark.parametrize("text", ["", "x", "-1", "5.5", "101%", "1 2", "%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BadPlan):
        share(text, 10, "--batch")
