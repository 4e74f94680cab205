import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_modules.host.spool import EDGE, MEMORY, Spool
from zester_proto import codec


def fill(spool: Spool, *pieces: bytes) -> Spool:
    for piece in pieces:
        spool.write(piece)
    spool.end()
    return spool


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_bytes_are_kept_as_they_came(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]):
    path = tmp_path_factory.mktemp("spool") / "out"
    spool = fill(Spool(path, limit=1000, text=False), *pieces)
    whole = b"".join(pieces)
    assert b"".join(spool.chunks()) == whole
    assert spool.length == spool.kept == len(whole)
    assert spool.hex_digest() == codec.digest(whole).hex()
    assert not path.exists()


@given(st.lists(st.binary(max_size=10), max_size=10))
def test_text_is_what_python_would_decode_wherever_it_was_cut(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
):
    spool = fill(Spool(tmp_path_factory.mktemp("spool") / "out", limit=1000), *pieces)
    assert b"".join(spool.chunks()).decode() == b"".join(pieces).decode("utf-8", "replace")


def test_more_than_a_little_goes_to_a_private_file_and_leaves_with_it(tmp_path: Path):
    path = tmp_path / "out"
    pieces = [bytes([65 + n]) * 50_000 for n in range(10)]
    spool = fill(Spool(path, limit=10**9), *pieces)
    assert path.stat().st_size == spool.kept == 500_000
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"".join(spool.chunks()) == b"".join(pieces)
    assert spool.read(49_999, 2) == b"AB"
    assert not spool.cut
    spool.close()
    assert not path.exists()
    assert list(spool.chunks()) == []


def test_past_the_limit_the_beginning_and_the_end_are_kept(tmp_path: Path):
    spool = Spool(tmp_path / "out", limit=200_000)
    for number in range(100_000):
        spool.write(b"%07d\n" % number)
    spool.end()
    assert spool.cut
    assert (spool.length, spool.kept) == (800_000, 200_000)
    head, tail = spool.edges()
    assert (len(head), len(tail)) == (EDGE, EDGE)
    assert head.startswith(b"0000000\n")
    assert tail.endswith(b"0099999\n")
    assert (tmp_path / "out").stat().st_size == 200_000
    spool.close()


@given(st.integers(0, 3 * EDGE), st.sampled_from(["x", "ä", "\U0001f600"]))
def test_edges_are_valid_text_and_never_show_a_byte_twice(
    tmp_path_factory: pytest.TempPathFactory, count: int, letter: str
):
    text = letter * (count // len(letter.encode()))
    spool = fill(Spool(tmp_path_factory.mktemp("spool") / "out", limit=10), text.encode())
    spool = fill(Spool(tmp_path_factory.mktemp("spool") / "out", limit=10**6), text.encode())
    head, tail = spool.edges()
    assert len(head) + len(tail) <= len(text.encode())
    assert text.startswith(head.decode())
    assert text.endswith(tail.decode())
    spool.close()


def test_a_disk_that_fills_is_remembered_and_the_counting_goes_on(tmp_path: Path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool(tmp_path / "out", limit=10**9)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        for _ in range(10):
            spool.write(b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    spool.end()
    assert spool.problem == "the output does not fit on the disk: File too large"
    assert spool.length == 1_000_000
    assert spool.cut
    assert spool.edges()[1] == b"x" * EDGE
    spool.close()


def test_a_folder_that_is_gone_is_remembered_too(tmp_path: Path):
    spool = fill(Spool(tmp_path / "gone" / "out", limit=10**9), b"x" * (MEMORY + 1))
    assert spool.problem == "the output does not fit on the disk: No such file or directory"
    assert spool.kept == 0
    spool.close()


def test_an_open_spool_is_not_handed_to_children(tmp_path: Path):
    spool = fill(Spool(tmp_path / "out", limit=10**9), b"x" * (MEMORY + 1))
    with os.scandir("/proc/self/fd") as found:
        ours = [int(one.name) for one in found if str(tmp_path) in str(Path(one.path).readlink())]
    assert [os.get_inheritable(one) for one in ours] == [False]
    spool.close()
