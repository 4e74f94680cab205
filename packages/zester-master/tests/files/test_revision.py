"""One state of a tree by digest, also while others write it."""

import os
from pathlib import Path

import pytest

from zester_master.files.revision import Changing, Digests, build, read_piece
from zester_master.files.scan import scan
from zester_proto.codec import digest
from zester_proto.messages.trees import PIECE, check_manifest


def test_a_revision_names_every_byte(tmp_path: Path):
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("one")
    (tmp_path / "empty").touch(mode=0o755)
    (tmp_path / "large").write_bytes(b"x" * PIECE + b"y")

    built = build(scan({"base": (tmp_path,)}), Digests())

    files = {one.path: one for one in check_manifest(built.manifests["base"], "base").files}
    assert files["a"].pieces == files["b"].pieces == (digest(b"one"),)
    assert (files["empty"].pieces, files["empty"].mode) == ((), 0o755)
    assert files["large"].pieces == (digest(b"x" * PIECE), digest(b"y"))
    assert {name: read_piece(name, piece) for name, piece in built.blobs.items()} == {
        digest(data): data for data in (b"one", b"y", b"x" * PIECE)
    }
    assert built.environments["base"].bytes == 3 + 3 + PIECE + 1


def test_the_same_files_have_the_same_root_wherever_they_lie(tmp_path: Path):
    roots: list[bytes] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("x")
        roots.append(build(scan({"base": (tmp_path / name,)}), Digests()).root)
    assert roots[0] == roots[1]


def test_a_file_that_changes_after_the_scan_is_not_taken(tmp_path: Path):
    (tmp_path / "a").write_text("one")
    found = scan({"base": (tmp_path,)})
    (tmp_path / "a").write_text("other")
    with pytest.raises(Changing):
        build(found, Digests())


def test_a_file_of_the_same_length_and_another_time_is_not_taken(tmp_path: Path):
    (tmp_path / "a").write_text("one")
    found = scan({"base": (tmp_path,)})
    os.utime(tmp_path / "a", (1, 1))
    with pytest.raises(Changing):
        build(found, Digests())


def test_a_blob_that_changed_before_it_was_sent_is_not_sent(tmp_path: Path):
    (tmp_path / "a").write_text("one")
    built = build(scan({"base": (tmp_path,)}), Digests())
    (tmp_path / "a").write_text("two")
    with pytest.raises(Changing):
        read_piece(digest(b"one"), built.blobs[digest(b"one")])
