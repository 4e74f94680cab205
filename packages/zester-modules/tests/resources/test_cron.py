"""cron.* on a throw-away Debian root with its own crontab, held to the law of resources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hosts.root import Root
from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes
from zester_modules.resources.cron import ABSENT, ENV_ABSENT, ENV_PRESENT, FILE, PRESENT
from zester_testing.root_machine import RootMachine

Held = Callable[..., Changes]
BY_HAND = b"# by hand\nPATH=/bin\n\n*/5  * * * *   /bin/five  minutes\n"


@pytest.fixture
def tab(debian_root: Root) -> Callable[[], bytes]:
    """Gives the crontab of root as cron's own tool shows it; it begins with lines by hand."""
    debian_root.run(["crontab", "-"], stdin=BY_HAND).check()

    def show() -> bytes:
        return debian_root.run(["crontab", "-l"]).out.encode()

    return show


def test_a_job_is_put_at_the_end_and_lines_by_hand_stay(
    held: Held, tab: Callable[[], bytes]
) -> None:
    done = held(PRESENT, "/bin/job  a", minute="1", hour="2", comment="mine")
    assert done.leaves[0].path == "crontab of root:/bin/job a"
    assert done.leaves[0].after == "1 2 * * * /bin/job  a # mine"
    assert tab() == BY_HAND + b"# mine ZESTER_CRON_ID:/bin/job a\n1 2 * * * /bin/job  a\n"
    assert not held(PRESENT, "/bin/job  a", minute="1", hour="2").leaves


def test_a_job_is_known_by_its_identifier_when_its_command_changes(
    held: Held, tab: Callable[[], bytes]
) -> None:
    held(PRESENT, "/bin/old", identifier="nightly", special="@daily")
    held(PRESENT, "/bin/new", identifier="nightly", special="daily")
    assert tab() == BY_HAND + b"# ZESTER_CRON_ID:nightly\n@daily /bin/new\n"
    held(PRESENT, "nightly", command="/bin/newer", commented=True)
    assert tab() == BY_HAND + b"# ZESTER_CRON_ID:nightly\n#DISABLED#* * * * * /bin/newer\n"


def test_a_job_by_hand_is_taken_over(held: Held, tab: Callable[[], bytes]) -> None:
    held(PRESENT, "/bin/five minutes", minute="*/10", identifier="five")
    assert tab() == (
        b"# by hand\nPATH=/bin\n\n# ZESTER_CRON_ID:five\n*/10 * * * * /bin/five minutes\n"
    )


def test_salts_own_jobs_are_known_and_stay_salts(
    held: Held, tab: Callable[[], bytes], debian_root: Root
) -> None:
    salts = b"# SALT_CRON_IDENTIFIER:nightly\n0 3 * * * /bin/old\n"
    debian_root.run(["crontab", "-"], stdin=BY_HAND + salts).check()
    assert not held(PRESENT, "/bin/old", identifier="nightly", minute="0", hour="3").leaves
    held(PRESENT, "/bin/new", identifier="nightly", minute="0", hour="3")
    assert tab() == BY_HAND + b"# SALT_CRON_IDENTIFIER:nightly\n0 3 * * * /bin/new\n"


def test_a_random_minute_is_drawn_once(held: Held, tab: Callable[[], bytes]) -> None:
    held(PRESENT, "/bin/job", minute="random")
    first = tab()
    minute = first.splitlines()[-1].split()[0]
    assert 0 <= int(minute) < 60
    assert not held(PRESENT, "/bin/job", minute="random").leaves


def test_a_job_goes_with_its_comment(held: Held, tab: Callable[[], bytes]) -> None:
    held(PRESENT, "/bin/job", identifier="a", user="root")
    held(ABSENT, "/bin/else", identifier="a")
    assert tab() == BY_HAND
    held(ABSENT, "/bin/five minutes")
    assert tab() == b"# by hand\nPATH=/bin\n\n"
    assert not held(ABSENT, "/bin/job", user="nemo").leaves


def test_variables_stand_before_all_jobs(held: Held, tab: Callable[[], bytes]) -> None:
    held(ENV_PRESENT, "MAILTO", value="ops@example.com")
    held(ENV_PRESENT, "PATH", value="/bin:/sbin")
    assert tab().startswith(b"# by hand\nPATH=/bin:/sbin\n\nMAILTO=ops@example.com\n")
    held(ENV_ABSENT, "PATH")
    assert b"PATH" not in tab()


def test_a_whole_crontab_comes_from_a_source(
    held: Held, tab: Callable[[], bytes], tmp_path: Path
) -> None:
    source = tmp_path / "tab"
    source.write_bytes(b"@daily /bin/true")
    held(FILE, str(source))
    assert tab() == b"@daily /bin/true\n"
    source.write_bytes(b"@hourly /bin/true\n")
    assert not held(FILE, str(source), replace=False).leaves


def test_another_user_has_a_crontab_of_its_own(
    held: Held, tab: Callable[[], bytes], machine: RootMachine
) -> None:
    held(PRESENT, "/bin/job", user="games")
    assert tab() == BY_HAND
    assert b"/bin/job" in (machine.read("/var/spool/cron/crontabs/games") or b"")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "a\nb"}, "one line"),
        ({"name": "a", "user": "nemo"}, "no user 'nemo'"),
        ({"name": "a", "minute": "1 2"}, "no field"),
        ({"name": "a", "minute": "61"}, "crontab ended with exit code 1"),
        ({"name": "a", "special": "@a b"}, "no word"),
    ],
)
def test_what_cannot_be_is_refused(held: Held, given: dict[str, Any], message: str) -> None:
    with pytest.raises(HostProblem, match=message):
        held(PRESENT, given.pop("name"), **given)
