from pathlib import Path

import pytest

from zester_proto.errors import FileProblem
from zester_proto.identity.keyfile import (
    read_key,
    read_public,
    read_seed,
    write_key,
    write_public,
    write_seed,
)
from zester_proto.identity.nkeys import NKey


def test_keys_survive_their_files_with_the_right_modes(tmp_path: Path):
    nkey = NKey.generate("account")
    write_key(tmp_path / "job.key", "job", b"k" * 32)
    write_public(tmp_path / "root.pub", "site-root", b"p" * 32)
    write_seed(tmp_path / "a.seed", nkey)

    assert read_key(tmp_path / "job.key", "job") == b"k" * 32
    assert read_public(tmp_path / "root.pub", "site-root") == b"p" * 32
    assert read_seed(tmp_path / "a.seed", "account").public == nkey.public
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"job.key": 0o600, "root.pub": 0o644, "a.seed": 0o600}


def test_a_key_for_something_else_is_refused(tmp_path: Path):
    write_key(tmp_path / "k", "job", b"k" * 32)
    write_public(tmp_path / "p", "job", b"k" * 32)

    with pytest.raises(FileProblem, match="holds the secret job key, where the secret return key"):
        read_key(tmp_path / "k", "return")
    with pytest.raises(FileProblem, match="where the public job key"):
        read_public(tmp_path / "k", "job")
    (tmp_path / "p").chmod(0o600)
    with pytest.raises(FileProblem, match="where the secret job key"):
        read_key(tmp_path / "p", "job")


@pytest.mark.parametrize("data", [b"", b"\xff", b"zester job secret 1\nzz\n", b"k" * 32])
def test_what_is_no_key_file_is_refused(tmp_path: Path, data: bytes):
    path = tmp_path / "k"
    path.touch(0o600)
    path.write_bytes(data)

    with pytest.raises(FileProblem, match="no key file"):
        read_key(path, "job")
    with pytest.raises(FileProblem, match="no seed that fits"):
        read_seed(path, "user")


def test_a_key_that_others_may_read_is_refused_with_the_chmod(tmp_path: Path):
    path = tmp_path / "job.key"
    write_key(path, "job", b"k" * 32)
    path.chmod(0o604)

    with pytest.raises(FileProblem) as caught:
        read_key(path, "job")
    assert caught.value.hint == f"chmod 600 {path}"
