"""archive.extracted is held to the law, and nothing in an archive leads out of its folder."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_modules.resource import Changes
from zester_testing.resource_law import held
from zester_testing.state_trees import RESOURCES

Entry = tuple[str, str]


def entry(name: str, kind: bytes = tarfile.REGTYPE, **given: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.mode = 0o755 if kind == tarfile.DIRTYPE else 0o640
    for key, value in given.items():
        setattr(made, key, value)
    return made


def tar(
    path: Path,
    *entries: tuple[tarfile.TarInfo, bytes],
    mode: Literal["w", "w:gz", "w:bz2", "w:xz"] = "w:gz",
) -> None:
    with tarfile.open(path, mode) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def usual(path: Path, text: bytes = b"one", mode: Any = "w:gz") -> None:
    link = entry("app/l", tarfile.SYMTYPE, linkname="deep/f")
    tar(
        path, (entry("app", tarfile.DIRTYPE), b""), (entry("app/deep/f"), text),
        (entry("app/run", mode=0o4755), b"#!"), (link, b""),
        (entry("app/hard", tarfile.LNKTYPE, linkname="app/run"), b""), mode=mode,
    )  # fmt: skip


class Yard:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / "place"
        self.place.mkdir()
        self.machine = RealMachine(folder)
        self.archive = folder / "a"

    def extract(self, **given: Any) -> Changes:
        resource = RESOURCES.find("archive.extracted")
        assert resource is not None
        name = str(self.place / "in")
        return held(
            resource, name, self.place, self.folder / "run", self.machine,
            **{"source": str(self.archive), **given},
        )  # fmt: skip

    def files(self) -> dict[str, str]:
        top = self.place / "in"
        return {
            str(one.relative_to(top)): one.read_text() for one in top.rglob("*") if one.is_file()
        }


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_in_any_compression(yard: Yard, mode: str):
    usual(yard.archive, mode=mode)
    yard.extract()
    found = yard.files()
    assert found == {"app/deep/f": "one", "app/run": "#!", "app/l": "one", "app/hard": "#!"}
    app = yard.place / "in" / "app"
    assert stat.S_IMODE((app / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((app / "deep/f").stat().st_mode) == 0o640
    assert str((app / "l").readlink()) == "deep/f"
    assert yard.extract().leaves == ()


def test_a_zip(yard: Yard):
    with zipfile.ZipFile(yard.archive, "w") as archive:
        archive.writestr("app/f", "one")
        link = zipfile.ZipInfo("app/l")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "f")
    yard.extract()
    assert yard.files() == {"app/f": "one", "app/l": "one"}


def test_contents_are_compared_only_when_asked_for(yard: Yard):
    usual(yard.archive)
    yard.extract()
    usual(yard.archive, b"two")
    assert yard.extract().leaves == ()
    done = yard.extract(source_hash_update=True)
    assert [leaf.path.rpartition("/")[2] for leaf in done.leaves] == ["f:contents"]
    (yard.place / "in/app/run").write_text("mine")
    yard.extract(overwrite=True)
    assert yard.files()["app/run"] == "#!"


def test_clean_removes_what_the_archive_does_not_hold(yard: Yard):
    usual(yard.archive)
    (yard.place / "in" / "app").mkdir(parents=True)
    (yard.place / "in" / "app" / "old").write_text("")
    (yard.place / "in" / "mine").write_text("")
    yard.extract(clean=True)
    assert "app/old" not in yard.files()
    assert "mine" in yard.files()


def test_stripped_if_missing_and_topmost_paths(yard: Yard):
    usual(yard.archive)
    with pytest.raises(HostProblem, match="several topmost"):
        yard.extract(options="--strip-components=1")
    yard.extract(options="--strip-components=1", enforce_toplevel=False)
    assert yard.files()["deep/f"] == "one"
    (yard.place / "done").write_text("")
    assert yard.extract(if_missing=str(yard.place / "done")).leaves == ()


def test_what_is_in_the_way_goes_only_by_force(yard: Yard):
    usual(yard.archive)
    (yard.place / "in" / "app" / "run").mkdir(parents=True)
    with pytest.raises(HostProblem, match="is a folder"):
        yard.extract()
    yard.extract(force=True)
    assert yard.files()["app/run"] == "#!"


@pytest.mark.parametrize(
    "entries",
    [
        [(entry("../f"), b"x")],
        [(entry("/f"), b"x")],
        [(entry("a/../../f"), b"x")],
        [(entry("l", tarfile.SYMTYPE, linkname="/etc"), b"")],
        [(entry("d/l", tarfile.SYMTYPE, linkname="../../x"), b"")],
        [(entry("l", tarfile.SYMTYPE, linkname="."), b""), (entry("l/f"), b"x")],
        [(entry("d", tarfile.CHRTYPE), b"")],
        [(entry("h", tarfile.LNKTYPE, linkname="../../etc/passwd"), b"")],
    ],
)
def test_nothing_leads_out(yard: Yard, entries: list[tuple[tarfile.TarInfo, bytes]]):
    tar(yard.archive, *entries)
    with pytest.raises(HostProblem):
        yard.extract(enforce_toplevel=False)
    assert list(yard.place.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08broken", b"PK\x03\x04broken"])
def test_what_is_no_archive_is_refused(yard: Yard, data: bytes):
    yard.archive.write_bytes(data)
    with pytest.raises(HostProblem, match="no whole tar or zip"):
        yard.extract()
    assert list(yard.place.iterdir()) == []


def test_a_cut_off_archive_changes_nothing(yard: Yard):
    usual(yard.archive)
    yard.archive.write_bytes(yard.archive.read_bytes()[:-60])
    with pytest.raises(HostProblem):
        yard.extract()
    assert list(yard.place.iterdir()) == []
