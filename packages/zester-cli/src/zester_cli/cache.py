"""What is kept on this machine for typing help: functions with their parameters, and peel ids.

All of it is a convenience: what is missing or damaged is as if it had never been there. Completion
reads it and connects to nothing.
"""

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zester_cli.arguments import Signature
from zester_cli.site import SiteConfig
from zester_proto.files import cache_folder

if TYPE_CHECKING:
    from zester_cli.client import Client

_FUNCTIONS: Final = "functions"
_PEELS: Final = "peels"
FRESH: Final = 3600.0
"""Seconds for which the masters are not asked again for their catalogue."""
_MOST_PEELS: Final = 20_000
_ANSWER_SECONDS: Final = 1.0


class KnownFunction(NamedTuple):
    """A line of the file of functions."""

    name: str
    signature: Signature
    summary: str


def folder(config: SiteConfig) -> Path:
    """Give the folder of a site's cache; it need not exist."""
    try:
        root = (config.trust_dir / "root.pub").read_bytes()
    except OSError:
        root = str(config.trust_dir).encode()
    return cache_folder() / hashlib.blake2b(root, digest_size=8).hexdigest()


def functions(path: Path) -> list[KnownFunction]:
    """Give the functions that the fleet has, as far as they are known here."""
    found: list[KnownFunction] = []
    for line in _lines(path / _FUNCTIONS):
        words = line.split("\t")
        if len(words) == 4:
            name, any_name, names, summary = words
            signature = Signature(frozenset(filter(None, names.split(","))), any_name == "*")
            found.append(KnownFunction(name, signature, summary))
    return found


def signature(path: Path, function: str) -> Signature | None:
    """Give what is known of a function's parameters, if anything is."""
    start = f"{function}\t"
    if not any(line.startswith(start) for line in _lines(path / _FUNCTIONS)):
        return None
    return next(one.signature for one in functions(path) if one.name == function)


def peels(path: Path) -> list[str]:
    """Give the ids of the peels that were seen last."""
    return _lines(path / _PEELS)


def catalogue(path: Path) -> dict[str, Any] | None:
    """Give the catalogue that was fetched last."""
    from zester_cli.pages import as_map  # noqa: PLC0415
    from zester_proto.codec import unpack  # noqa: PLC0415  # completion does without
    from zester_proto.errors import CodecError  # noqa: PLC0415

    try:
        newest = max(path.glob("catalogue.*"), key=lambda one: one.stat().st_mtime)
        data = newest.read_bytes()
        found = unpack(data, limit=len(data))
    except (OSError, ValueError, CodecError):
        return None
    return as_map(found) or None


def keep_peels(path: Path, ids: Iterable[str], *, whole: bool = False) -> None:
    """Remember peels; with `whole` these are all that there are."""
    before = set[str]() if whole else set(peels(path))
    now = before | set(ids)
    if now != before or whole:
        _write(path / _PEELS, "".join(f"{one}\n" for one in sorted(now)[:_MOST_PEELS]))


def keep_catalogue(path: Path, digest: str, data: bytes, found: dict[str, Any]) -> None:
    """Keep a catalogue under its digest, and what typing help needs of it in lines of text."""
    for old in path.glob("catalogue.*"):
        old.unlink(missing_ok=True)
    _write(path / f"catalogue.{digest}", data)
    _write(path / _FUNCTIONS, "".join(map(_function_line, found.get("functions", ()))))


def _function_line(one: dict[str, Any]) -> str:
    parameters: list[dict[str, Any]] = one.get("parameters", [])
    names = ",".join(p["name"] for p in parameters if p.get("shape") in {"word", "key"})
    any_name = "*" if any(p.get("shape") == "keys" for p in parameters) else ""
    summary = " ".join(str(one.get("summary", "")).split())
    return f"{one['name']}\t{any_name}\t{names}\t{summary}\n"


async def refresh(client: "Client", ids: Iterable[str]) -> None:
    """Remember who answered, and once in a while ask the masters for a newer catalogue.

    It runs when the results are on the screen, and never fails.
    """
    from zester_proto.errors import ZesterError  # noqa: PLC0415

    path = folder(client.config)
    try:
        keep_peels(path, ids)
        if not _is_fresh(path / _FUNCTIONS):
            await fetch(client, path)
    except (OSError, ZesterError, KeyError, TypeError, ValueError):
        return


async def fetch(client: "Client", path: Path) -> dict[str, Any] | None:
    """Get the catalogue that most peels have, if it is not here yet; give it.

    Raises:
        ZesterError: the masters say no, or nothing.
        OSError: it cannot be kept.
    """
    from zester_cli.client import answer_value  # noqa: PLC0415
    from zester_proto.codec import unpack  # noqa: PLC0415
    from zester_proto.messages.operators import CatalogueAsk  # noqa: PLC0415

    answer = await client.ask("catalogue", CatalogueAsk(), seconds=_ANSWER_SECONDS)
    entries: list[dict[str, Any]] = answer_value(answer) or []
    if not entries:
        return None
    digest = str(max(entries, key=lambda one: one["peels"])["digest"])
    if not digest.isalnum():
        return None
    if (path / f"catalogue.{digest}").exists() and (path / _FUNCTIONS).exists():
        (path / _FUNCTIONS).touch()
        return catalogue(path)
    _, reader = await client.ask_list("catalogue", CatalogueAsk(digest=digest))
    for item in reader.items.values():
        found = unpack(item.data, limit=len(item.data))
        keep_catalogue(path, digest, item.data, found)
        return found
    return None


def _is_fresh(path: Path) -> bool:
    try:
        return 0 <= time.time() - path.stat().st_mtime < FRESH
    except OSError:
        return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _write(path: Path, data: str | bytes) -> None:
    from zester_proto.files import write_atomic  # noqa: PLC0415

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, data.encode() if isinstance(data, str) else data, 0o600)
