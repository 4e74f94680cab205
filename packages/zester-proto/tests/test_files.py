import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zester_proto import files
from zester_proto.errors import FileProblem


def test_a_file_is_private_from_its_first_byte(tmp_path: Path):
    path = tmp_path / "key"

    files.write_atomic(path, b"secret")

    assert path.read_bytes() == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_mode_asked_for_holds_whatever_the_umask(tmp_path: Path):
    before = os.umask(0o077)
    try:
        files.write_atomic(tmp_path / "cert", b"x", 0o644)
    finally:
        os.umask(before)

    assert (tmp_path / "cert").stat().st_mode & 0o777 == 0o644


def test_a_missing_folder_is_one_clear_error(tmp_path: Path):
    with pytest.raises(FileProblem, match=r"cannot write .*No such file") as caught:
        files.write_atomic(tmp_path / "no" / "key", b"x")
    assert "folder" in caught.value.hint


def test_the_old_content_stays_when_the_disk_is_full(tmp_path: Path):
    path = tmp_path / "state"
    files.write_atomic(path, b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4));"
        "from zester_proto import files; files.write_atomic(Path(sys.argv[1]), b'longer than four')"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )

    assert "FileProblem: cannot write" in done.stderr
    assert os.strerror(errno.EFBIG) in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path):
    path = tmp_path / "key"
    files.write_atomic(path, b"x", 0o640)

    with pytest.raises(FileProblem, match="mode 0640") as caught:
        files.read_private(path)
    assert caught.value.hint == f"chmod 600 {path}"


def test_a_private_file_is_read(tmp_path: Path):
    files.write_atomic(tmp_path / "key", b"x")

    assert files.read_private(tmp_path / "key") == b"x"
    assert files.read_file(tmp_path / "key") == b"x"


@pytest.mark.parametrize("read", [files.read_private, files.read_file])
def test_a_missing_file_is_one_clear_error(tmp_path: Path, read: Callable[[Path], bytes]):
    with pytest.raises(FileProblem, match=r"cannot read .*key: No such file"):
        read(tmp_path / "key")


def test_a_folder_is_no_secret(tmp_path: Path):
    with pytest.raises(FileProblem, match="not a plain file"):
        files.read_private(tmp_path)


def test_a_private_folder_is_made_and_what_is_in_the_way_is_named(tmp_path: Path):
    files.make_private_folder(tmp_path / "a" / "b")
    files.make_private_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_bytes(b"")

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileProblem, match="cannot make the folder"):
        files.make_private_folder(tmp_path / "file" / "b")
