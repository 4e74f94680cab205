"""A return as it is cut into parts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_peel.jobs.letter import Letter, said
from zester_proto.codec import decode, pack, unpack
from zester_proto.errors import FileProblem
from zester_proto.ids import new_jid
from zester_proto.messages.jobs import RETURN_CHUNK, Outcome, ReturnMeta, split_return

META = ReturnMeta(instance="i", started=1.0, seconds=2.0)


@given(st.integers(0, 3), st.integers(-3, 3), st.booleans())
def test_the_parts_joined_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, chunks: int, more: int, filed: bool
) -> None:
    size = max(0, chunks * RETURN_CHUNK + more)
    value = bytes(size)
    letter = Letter(jid=new_jid(), epoch=1, outcome=Outcome.OK, meta=META, value=value)
    file = tmp_path_factory.mktemp("letter") / "value"
    if filed:
        file.write_bytes(value)
        letter = Letter(
            jid=letter.jid, epoch=1, outcome=Outcome.OK, meta=META, file_size=len(value)
        )

    parts = list(letter.chunks(file))

    assert sum(map(len, parts)) == letter.size
    assert all(len(part) == RETURN_CHUNK for part in parts[:-1])
    assert len(parts) == -(-letter.size // RETURN_CHUNK)
    meta, packed = split_return(b"".join(parts))
    assert decode(meta, ReturnMeta) == META
    assert packed == value


def test_a_file_that_is_gone_or_shorter_is_an_error(tmp_path: Path) -> None:
    letter = Letter(jid=new_jid(), epoch=1, outcome=Outcome.OK, meta=META, file_size=100)

    with pytest.raises(FileProblem, match="cannot read"):
        list(letter.chunks(tmp_path / "none"))
    (tmp_path / "short").write_bytes(bytes(50))
    with pytest.raises(FileProblem, match="lost its end"):
        list(letter.chunks(tmp_path / "short"))


def test_what_the_agent_says_has_no_value() -> None:
    letter = said(new_jid(), 1, Outcome.FAILED, instance="i", error="no", hint="do")

    assert unpack(letter.value) is None
    assert letter.value == pack(None)
    assert (letter.meta.error, letter.meta.hint) == ("no", "do")
