"""Records on the disk survive what happens to processes and disks, or say that they did not."""

import os
import resource
from pathlib import Path

import pytest

from zester_peel.jobs.journal import Journal
from zester_proto.errors import FileProblem


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def _opened(path: Path) -> Journal:
    journal = Journal(path)
    journal.open()
    return journal


def test_a_new_journal_is_empty_and_private(path: Path) -> None:
    journal = Journal(path)

    assert journal.open() == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert not journal.damaged


async def test_what_was_added_is_there_again(path: Path) -> None:
    journal = _opened(path)
    for record in (b"one", b"x" * 100_000, b"three"):
        journal.append(record)
    await journal.sync()
    journal.close()

    assert Journal(path).open() == [b"one", b"x" * 100_000, b"three"]


@pytest.mark.parametrize("cut", [1, 4, 8, 10])
def test_half_a_record_at_the_end_is_taken_away_and_told(path: Path, cut: int) -> None:
    journal = _opened(path)
    journal.append(b"whole")
    journal.append(b"halved")
    journal.close()
    os.truncate(path, path.stat().st_size - cut)

    again = Journal(path)
    assert again.open() == [b"whole"]
    assert again.damaged
    again.append(b"next")
    assert Journal(path).open() == [b"whole", b"next"]


@pytest.mark.parametrize("rubbish", [b"\0" * 64, b"\xff" * 64, b"nonsense"])
def test_rubbish_at_the_end_is_taken_away_and_told(path: Path, rubbish: bytes) -> None:
    journal = _opened(path)
    journal.append(b"whole")
    journal.close()
    with path.open("ab") as file:
        file.write(rubbish)

    again = Journal(path)
    assert again.open() == [b"whole"]
    assert again.damaged


def test_a_full_disk_leaves_no_half_record(path: Path) -> None:
    journal = _opened(path)
    journal.append(b"fits")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.size + 20, before[1]))
    try:
        with pytest.raises(FileProblem, match="cannot keep"):
            journal.append(b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.append(b"fits again")

    assert Journal(path).open() == [b"fits", b"fits again"]


async def test_a_rewritten_journal_goes_on(path: Path) -> None:
    journal = _opened(path)
    for _ in range(100):
        journal.append(b"x" * 100)
    journal.rewrite([b"all of it"])
    journal.append(b"next")
    await journal.sync()

    assert Journal(path).open() == [b"all of it", b"next"]
    assert journal.size == len(b"all of it") + len(b"next") + 16
