"""Files from the web, kept in a cache: whole or not there, gone on with after an interruption."""

import fcntl
import hashlib
import http.client
import os
import time
import urllib.error
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from zester_modules.host.address import UNREACHED, advice, shown
from zester_modules.host.machine import HostProblem
from zester_modules.host.web import opener, request_for
from zester_modules.sources.digests import Digest
from zester_proto.units import parse_size

LIMIT: Final = parse_size("4G")
"""Bytes of one file."""
TIMEOUT: Final = 30.0
"""Seconds without an answer."""
IN_USE: Final = 3600.0
"""Seconds after its last use for which a file stays, whatever else comes."""
_CHUNK: Final = 256 * 1024


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """What the server said of a version."""

    etag: str = ""
    modified: str = ""


def _nothing(_path: Path) -> None:
    """Let nobody hear of it."""


class WebCache:
    """Downloads to a folder of ours alone.

    Args:
        folder: where to; made when it is first needed, 0700.
        limit: bytes of one file.
        total: bytes of all that is kept; what was not used for longest goes first.
        fetched: hears of each file that came from the web.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit: int = LIMIT,
        total: int = LIMIT,
        fetched: Callable[[Path], None] = _nothing,
    ) -> None:
        self._folder = folder
        self._limit = limit
        self._total = total
        self._fetched = fetched

    def fetch(self, url: str, digest: Digest | None) -> Path | None:
        """Give a local copy; with a digest that is in the cache, nobody is asked.

        Args:
            url: http or https.
            digest: what it has to be; None: whatever comes, asked for anew each time.

        Raises:
            HostProblem: it cannot be had, or is not what it has to be.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        by_url = hashlib.sha256(url.encode()).hexdigest()
        kept = self._folder / (f"{digest.algorithm}-{digest.hex}" if digest else f"url-{by_url}")
        with _held(self._folder / f"{by_url}.lock"):
            if digest and kept.exists():
                if digest_of_file(kept, digest.algorithm) == digest.hex:
                    kept.touch()
                    return kept
                kept.unlink()
            found = self._download(url, digest, kept, self._folder / f"{by_url}.part")
        if found is not None:
            found.touch()
            self._make_room()
        return found

    def _make_room(self) -> None:
        """Let go what nobody used for an hour, the oldest first, until all of it is small enough.

        What was used since may be in the hands of a run that checked it and has yet to apply it.
        """
        files = [(one.stat(), one) for one in self._folder.iterdir() if one.suffix != ".lock"]
        size = sum(look.st_size for look, _ in files)
        for look, one in sorted(files, key=lambda entry: entry[0].st_mtime):
            if size <= self._total or look.st_mtime > time.time() - IN_USE:
                return
            one.unlink(missing_ok=True)
            size -= look.st_size

    def _download(self, url: str, digest: Digest | None, kept: Path, part: Path) -> Path | None:
        request = request_for(url)
        note_path, kept_note = part.with_suffix(".note"), kept.with_suffix(".note")
        note, old = _read_note(note_path), _read_note(kept_note)
        done = part.stat().st_size if part.exists() else 0
        if done and (note.etag or note.modified):
            request.add_header("Range", f"bytes={done}-")
            request.add_header("If-Range", note.etag or note.modified)
        elif kept.exists() and (old.etag or old.modified):
            name, value = ("If-None-Match", old.etag) if old.etag else (
                "If-Modified-Since", old.modified,
            )  # fmt: skip
            request.add_header(name, value)
        try:
            with opener().open(request, timeout=TIMEOUT) as answer:
                fresh = _Note(
                    etag=_strong(answer.headers.get("ETag", "")),
                    modified=answer.headers.get("Last-Modified", ""),
                )
                note_path.write_bytes(msgspec.json.encode(fresh))
                self._save(answer, part, url, append=answer.status == 206)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 304:
                    return kept
                if error.code in {404, 410}:
                    return None
                if error.code == 416:
                    part.unlink(missing_ok=True)
                raise HostProblem(
                    f"{shown(url)} cannot be fetched: the server says {error.code} {error.reason}",
                    hint=advice(error.code),
                ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise HostProblem(
                f"{shown(url)} cannot be fetched: {reason or type(error).__name__}",
                hint=UNREACHED,
            ) from error
        if digest and (own := digest_of_file(part, digest.algorithm)) != digest.hex:
            part.unlink()
            raise HostProblem(
                f"{shown(url)} is not what its digest says: {digest.algorithm} is {own}, "
                f"not {digest.hex}",
                hint="someone changed the source, or the digest is of another version",
            )
        note_path.replace(kept_note)
        self._fetched(part.replace(kept))
        return kept

    def _save(
        self, answer: http.client.HTTPResponse, part: Path, url: str, *, append: bool
    ) -> None:
        mode = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(part, mode | (os.O_APPEND if append else os.O_TRUNC), 0o600)
        with os.fdopen(descriptor, "ab" if append else "wb") as file:
            size = os.fstat(descriptor).st_size
            while chunk := answer.read(_CHUNK):
                size += len(chunk)
                self._refuse_large(size, url, file, part)
                file.write(chunk)
            # read() ends silently where the connection does
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
            file.flush()
            os.fsync(descriptor)

    def _refuse_large(self, size: int, url: str, file: IO[bytes], part: Path) -> None:
        if size > self._limit:
            file.close()
            part.unlink()
            raise HostProblem(f"{shown(url)} is larger than the {self._limit} bytes that may be")


def digest_of_file(path: Path, algorithm: str) -> str:
    """Give the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def _strong(etag: str) -> str:
    return "" if etag.startswith("W/") else etag


def _read_note(path: Path) -> _Note:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Note)
    except (OSError, msgspec.DecodeError):
        return _Note()


@contextmanager
def _held(path: Path) -> Generator[None]:
    """Let nobody else download the same meanwhile."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
