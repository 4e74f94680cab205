"""What is in an archive: tar in any compression, or zip; nothing in it leads out of its folder."""

import io
import posixpath
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, Final, Literal

import msgspec

from zester_modules.host.machine import HostProblem

LIMIT: Final = 8 * 1024**3
"""Bytes of all files of an archive, unpacked."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One file, folder or link of an archive."""

    path: str
    kind: Literal["file", "folder", "link"]
    mode: int
    size: int = 0
    target: str = ""
    inside: str = ""
    """Its name in the archive; of a hard link, that of the file."""


class Archive:
    """An open archive.

    Args:
        file: its bytes.
        strip: parts of each path that are left out at its beginning.
    """

    def __init__(self, file: IO[bytes], strip: int = 0) -> None:
        self._zip = zipfile.ZipFile(file) if zipfile.is_zipfile(file) else None
        file.seek(0)
        self._tar = tarfile.open(fileobj=file) if self._zip is None else None  # noqa: SIM115  # closed by `opened`
        self._strip = strip

    def members(self) -> list[Member]:
        """Give what is in it, with the folders that only the paths of others name.

        Raises:
            HostProblem: something would come to lie outside, or is no file, folder or link.
        """
        found = {one.path: one for one in self._all() if one.path}
        links = {path for path, one in found.items() if one.kind == "link"}
        for path, one in found.items():
            behind = links.intersection(_above(path))
            if behind:
                raise HostProblem(f"the archive holds {path} behind its own link {min(behind)}")
            if one.kind == "link":
                _refuse_outside(one)
        if sum(one.size for one in found.values()) > LIMIT:
            raise HostProblem(f"the archive holds more than {LIMIT} bytes")
        implied = {above for path in found for above in _above(path)} - set(found)
        folders = [Member(path=path, kind="folder", mode=0o755) for path in implied]
        return sorted([*found.values(), *folders], key=lambda one: one.path)

    def read(self, member: Member) -> bytes:
        """Give the contents of a file."""
        if self._zip is not None:
            return self._zip.read(member.inside)
        assert self._tar is not None
        file = self._tar.extractfile(member.inside)
        return file.read() if file is not None else b""

    def close(self) -> None:
        """Let go of it."""
        for one in (self._zip, self._tar):
            if one is not None:
                one.close()

    def _all(self) -> Iterator[Member]:
        if self._zip is not None:
            for info in self._zip.infolist():
                yield self._of_zip(self._zip, info)
        if self._tar is not None:
            for one in self._tar:
                yield self._of_tar(one)

    def _of_zip(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
        if info.flag_bits & 1:
            raise HostProblem("the archive is encrypted, which this cannot read")
        bits = info.external_attr >> 16
        path = self._stripped(info.filename)
        mode = (stat.S_IMODE(bits) & 0o777) or (0o755 if info.is_dir() else 0o644)
        if stat.S_ISLNK(bits):
            target = archive.read(info).decode("utf-8", "surrogateescape")
            return Member(path=path, kind="link", mode=0o777, target=target)
        kind = "folder" if info.is_dir() else "file"
        return Member(path=path, kind=kind, mode=mode, size=info.file_size, inside=info.filename)

    def _of_tar(self, one: tarfile.TarInfo) -> Member:
        path, mode = self._stripped(one.name), one.mode & 0o777
        if one.isdir():
            return Member(path=path, kind="folder", mode=mode)
        if one.issym():
            return Member(path=path, kind="link", mode=0o777, target=one.linkname)
        if one.islnk() or one.isreg():
            inside = one.linkname if one.islnk() else one.name
            return Member(path=path, kind="file", mode=mode, size=one.size, inside=inside)
        raise HostProblem(f"the archive holds {one.name}, which is no file, folder or link")

    def _stripped(self, name: str) -> str:
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if name.startswith("/") or ".." in parts or "\0" in name:
            raise HostProblem(f"the archive holds {name!r}, which would lie outside of its folder")
        return "/".join(parts[self._strip :])


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _refuse_outside(link: Member) -> None:
    place = posixpath.normpath(posixpath.join("/", posixpath.dirname(link.path)))
    depth = [part for part in place.split("/") if part]
    here = len(depth)
    parts = link.target.split("/")
    if link.target.startswith("/"):
        here, parts = -1, []
    for part in parts:
        if part in {"", "."}:
            continue
        here += -1 if part == ".." else 1
        if here < 0:
            break
    if here < 0:
        raise HostProblem(f"the archive's link {link.path} leads out of its folder: {link.target}")


@contextmanager
def opened(data: bytes, name: str, strip: int = 0) -> Generator[Archive]:
    """Open an archive.

    Args:
        data: its bytes.
        name: for errors.
        strip: see `Archive`.

    Raises:
        HostProblem: it is none, or broken.
    """
    try:
        archive = Archive(io.BytesIO(data), strip)
        try:
            yield archive
        finally:
            archive.close()
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error, KeyError) as error:
        raise HostProblem(f"{name} is no whole tar or zip archive: {error}") from error
