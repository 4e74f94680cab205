"""The site's time goes on by a clock that nobody sets."""

from zester_peel.clock import SiteClock, since_boot


class Hands:
    """Two clocks that a test moves."""

    def __init__(self) -> None:
        self.steady = 100.0
        self.wall = 5_000_000.0

    def make(self) -> SiteClock:
        return SiteClock(steady=lambda: self.steady, wall=lambda: self.wall)


def test_before_the_first_welcome_there_is_no_time() -> None:
    clock = Hands().make()

    assert not clock.known
    assert clock.welcomed is None
    assert clock.now() == 0.0


def test_the_time_goes_on_whatever_the_wall_clock_does() -> None:
    hands = Hands()
    clock = hands.make()
    clock.set(7_000.0, asked=98.0, answered=100.0)

    assert clock.now() == 7_001.0
    hands.steady += 50
    hands.wall -= 100_000
    assert clock.now() == 7_051.0


def test_the_wall_clocks_distance_is_known() -> None:
    hands = Hands()
    clock = hands.make()
    clock.set(hands.wall - 3600, asked=100.0, answered=100.0)

    assert clock.off == 3600.0


def test_only_the_first_welcome_of_a_connection_counts_as_its_welcome() -> None:
    hands = Hands()
    clock = hands.make()
    clock.set(7_000.0, asked=100.0, answered=100.0)
    hands.steady += 600
    clock.set(7_601.0, asked=700.0, answered=700.0)
    assert clock.welcomed == 7_000.0

    clock.disconnected()
    assert clock.welcomed is None
    assert clock.known
    clock.set(7_700.0, asked=700.0, answered=700.0)
    assert clock.welcomed == 7_700.0


def test_the_hosts_steady_clock_rises() -> None:
    assert since_boot() <= since_boot()
