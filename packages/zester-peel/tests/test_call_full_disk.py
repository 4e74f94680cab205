"""A local run on a disk without room: what was there stays whole, nothing half-written is left."""

import json
import subprocess
import tarfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from zester_testing.peels import PEEL

pytestmark = pytest.mark.hosts("root", "mount")

LARGE = "{{ 'x' * 200000 }}"
STATES = {
    "managed": f"file.managed:\n    - name: DISK/conf\n    - contents: {LARGE}",
    "append": f"file.append:\n    - name: DISK/conf\n    - text: {LARGE}",
    "serialize": "file.serialize:\n    - name: DISK/conf\n    - formatter: json\n"
                 f"    - dataset: {{a: {LARGE}}}",
    "copy": "file.copy:\n    - name: DISK/copied\n    - source: TREE/large",
    "backup": f"file.managed:\n    - name: DISK/conf\n    - backup: true\n    - contents: {LARGE}",
}  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A file system of 128 KiB, with a file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    try:
        (folder / "conf").write_text("old\n")
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def run(disk: Path, state: str) -> dict[str, Any]:
    """Run one state, which must fail, and give its row."""
    tree = disk.with_name("tree")
    tree.mkdir(exist_ok=True)
    text = state.replace("DISK", str(disk)).replace("TREE", str(tree))
    (tree / "run.sls").write_text(f"it:\n  {text}\n")
    (tree / "large").write_bytes(b"x" * 200_000)
    (tree / "facts.yaml").write_text("os: debian\n")
    done = subprocess.run(
        [PEEL, "call", "--tree", tree, "--facts", tree / "facts.yaml", "--id", "a",
         f"--state-dir={disk}/none", "--output", "json", "state.apply", "run"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    row: dict[str, Any] = json.loads(done.stdout)["return"]["states"][0]
    assert row["result"] == "failed"
    assert row["source"] == {"file": "run.sls", "line": 2}
    return row


def names(disk: Path) -> list[str]:
    """Give all that lies on it."""
    return sorted(str(one.relative_to(disk)) for one in disk.rglob("*"))


@pytest.mark.parametrize("kind", STATES)
def test_the_old_file_stays_and_the_error_names_it(disk: Path, kind: str):
    row = run(disk, STATES[kind])
    path = disk / ("copied" if kind == "copy" else "conf")
    assert row["comment"].startswith(f"cannot write {path}: No space left on device")
    assert row["changes"] == {}
    assert names(disk) == ["conf"]
    assert (disk / "conf").read_text() == "old\n"


def test_of_many_files_those_that_came_are_told(disk: Path):
    source = disk.with_name("tree") / "many"
    source.mkdir(parents=True)
    for name in "abc":
        (source / name).write_bytes(b"x" * 50_000)
    row = run(disk, "file.recurse:\n    - name: DISK/many\n    - source: salt://many")
    assert row["comment"].startswith(f"cannot write {disk}/many/c: No space left on device")
    assert names(disk) == ["conf", "many", "many/a", "many/b"]
    assert {f"{disk}/many", f"{disk}/many/a", f"{disk}/many/b"} <= row["changes"].keys()
    assert not any(path.startswith(f"{disk}/many/c") for path in row["changes"])


def test_of_an_archive_the_files_that_came_are_told(disk: Path):
    with tarfile.open(disk.with_name("all.tar"), "w") as archive:
        large = disk.with_name("member")
        large.write_bytes(b"x" * 80_000)
        for name in ("top/a", "top/b"):
            archive.add(large, name)
    row = run(
        disk, f"archive.extracted:\n    - name: DISK/all\n    - source: {disk.parent}/all.tar"
    )
    assert row["comment"].startswith(f"cannot write {disk}/all/top/b: No space left on device")
    assert names(disk) == ["all", "all/top", "all/top/a", "conf"]
    assert f"{disk}/all/top/a" in " ".join(row["changes"])
    assert f"{disk}/all/top/b" not in " ".join(row["changes"])
