"""Returns on the disk: whole or absent, and in bounded room."""

from pathlib import Path

import msgspec

from zester_peel.jobs.letter import Letter
from zester_peel.jobs.shelf import Shelf
from zester_proto.ids import new_jid
from zester_proto.messages.jobs import Outcome, ReturnMeta

META = ReturnMeta(instance="i", started=1.0, seconds=2.0)


def opened(folder: Path, limit: int = 10_000_000) -> Shelf:
    shelf = Shelf(folder / "spool", limit=limit)
    shelf.open()
    return shelf


def a_letter(size: int = 10) -> Letter:
    return Letter(
        jid=new_jid(), epoch=1, outcome=Outcome.CHANGED, meta=META, value=b"\xc4" + bytes(size)
    )


def with_file(shelf: Shelf, folder: Path, size: int) -> Letter:
    letter = a_letter()
    value = folder / "value"
    value.write_bytes(bytes(size))
    shelf.adopt(letter.jid, value)
    return msgspec.structs.replace(letter, value=b"", file_size=size)


def test_what_is_put_is_there_after_a_restart_oldest_first(tmp_path: Path) -> None:
    shelf = opened(tmp_path)
    letters = [a_letter(), with_file(shelf, tmp_path, 5000), a_letter(100)]
    for letter in letters:
        shelf.put(letter)

    again = Shelf(tmp_path / "spool", limit=10_000_000)

    assert sorted(again.open()) == sorted(letter.jid for letter in letters)
    assert [again.get(letter.jid) for letter in letters] == letters
    assert again.bytes == shelf.bytes > 5000


def test_halves_are_taken_away(tmp_path: Path) -> None:
    shelf = opened(tmp_path)
    letter = with_file(shelf, tmp_path, 100)
    (tmp_path / "spool" / "rubbish.return").write_bytes(b"x")
    (tmp_path / "spool" / f"{new_jid()}.tmp").write_bytes(b"x")

    assert Shelf(tmp_path / "spool", limit=1).open() == []
    assert not list((tmp_path / "spool").iterdir())
    assert shelf.get(letter.jid) is None


def test_a_damaged_return_is_none(tmp_path: Path) -> None:
    shelf = opened(tmp_path)
    letter = a_letter()
    shelf.put(letter)
    (tmp_path / "spool" / f"{letter.jid}.return").write_bytes(b"nonsense")

    assert shelf.get(letter.jid) is None


def test_what_is_dropped_is_gone(tmp_path: Path) -> None:
    shelf = opened(tmp_path)
    letter = with_file(shelf, tmp_path, 100)
    shelf.put(letter)
    shelf.drop(letter.jid)

    assert shelf.bytes == 0
    assert not shelf.holds(letter.jid)
    assert not list((tmp_path / "spool").iterdir())


def test_the_oldest_make_room_and_leave_a_word(tmp_path: Path) -> None:
    shelf = opened(tmp_path, limit=25_000)
    letters = [with_file(shelf, tmp_path, 10_000) for _ in range(1)]
    shelf.put(letters[0])
    for _ in range(3):
        letters.append(with_file(shelf, tmp_path, 10_000))
        shelf.put(letters[-1])
        shelf.make_room("now")

    assert shelf.bytes <= 25_000
    first, last = shelf.get(letters[0].jid), shelf.get(letters[-1].jid)
    assert first is not None
    assert first.outcome == "failed"
    assert "changed, 10" in first.meta.error
    assert "spool full" in first.meta.error
    assert last == letters[-1]
