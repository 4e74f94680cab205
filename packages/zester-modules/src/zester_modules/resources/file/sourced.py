"""The contents of a file that a state asks for: from a source, in words, or from settings."""

import posixpath
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Scope
from zester_modules.resources.file.steps import bytes_of
from zester_modules.resources.sources import missing, text_of


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Contents, and where they come from."""

    data: bytes
    source: str
    mode: int | None = None


def local_path(source: str) -> str | None:
    """Give the path of a source on this host; None where it lies elsewhere."""
    if source.startswith("file://"):
        return source.removeprefix("file://")
    return source if source.startswith("/") else None


SIGNED: Final = (
    "signed_by_any", "signed_by_all", "keyring", "gnupghome", "sig_backend",
)  # fmt: skip
"""What Salt takes beside a signature, and means nothing alone."""


def refuse_signatures(*given: str) -> None:
    """Refuse to take a source whose signature nobody would look at.

    Raises:
        HostProblem: one is named.
    """
    if any(given):
        raise HostProblem(
            "signatures of sources are not checked here, so that a signed one is not taken",
            hint="write source_hash with the digest itself: the tree that says it is signed",
        )


def fetched(source: str, scope: Scope, digest: str = "", name: str = "") -> Found | None:
    """Give what a source holds; None where it is not there.

    Args:
        source: where from.
        scope: what is seen; what lies on this host is seen as it will be.
        digest: see `Sources.fetch`.
        name: the line of a file of digests that counts; else that of the source's own name.

    Raises:
        HostProblem: it cannot be had.
    """
    path = local_path(source)
    if path is None:
        is_file = "://" in digest or digest.startswith("/")
        given = f"{digest}#{name}" if name and is_file else digest
        there = scope.sources.fetch(source, digest=given)
        if there is None:
            return None
        return Found(data=there.read_bytes(), source=source, mode=there.stat().st_mode & 0o7777)
    found = scope.machine.follow(path)
    if found is None:
        return None
    if found.kind != "file":
        raise HostProblem(f"the source {source} is a {found.kind}, not a file")
    data = scope.machine.read(path) or b""
    if digest:
        from zester_modules.sources.digests import verify  # noqa: PLC0415  # brings hashlib

        verify(source, data, digest)
    return Found(data=data, source=source, mode=found.mode)


def first(sources: list[Any], scope: Scope, digest: str = "", name: str = "") -> Found:
    """Give the first source that is there.

    Raises:
        HostProblem: none is; all that were tried are named.
    """
    tried: list[str] = []
    for source, own in _listed(sources):
        found = fetched(source, scope, own or digest, name)
        if found is not None:
            return found
        tried.append(source)
    raise missing(*tried)


def _listed(sources: list[Any]) -> list[tuple[str, str]]:
    listed: list[tuple[str, str]] = []
    for one in sources:
        if isinstance(one, dict):
            pairs = cast("dict[str, Any]", one).items()
            listed += [(str(source), str(digest or "")) for source, digest in pairs]
        else:
            listed.append((str(one), ""))
    return listed


def rendered(
    found: Found,
    engine: str,
    scope: Scope,
    context: Mapping[str, Any] | None,
    defaults: Mapping[str, Any] | None,
) -> bytes:
    """Give contents, rendered where a template engine is named.

    Raises:
        HostProblem: there is no such engine, or it is no text.
    """
    if not engine:
        return found.data
    if engine != "jinja":
        raise HostProblem(f"there is no template engine {engine!r}", hint="template: jinja is")
    text = text_of(found.data, found.source)
    done = scope.render(text, source=found.source, context=context or {}, defaults=defaults or {})
    return bytes_of(done)


def looked_up(paths: str | list[str], values: Mapping[str, Any], delimiter: str, what: str) -> Any:
    """Give what settings or facts hold at a path; of several, their texts one after the other.

    Raises:
        HostProblem: there is nothing.
    """
    listed = [paths] if isinstance(paths, str) else paths
    found: list[str] = []
    for path in listed:
        here: Any = values
        for part in path.split(delimiter):
            here = cast("dict[str, Any]", here).get(part) if isinstance(here, Mapping) else None
        if here is None:
            raise HostProblem(f"there is no {what} {path}", hint="look with pillar.get, grains.get")
        found.append(worded(here))
    return "\n".join(one.removesuffix("\n") for one in found) if len(found) > 1 else found[0]


def worded(value: Any) -> str:
    """Give a value as the text of a file: lists line by line.

    Raises:
        HostProblem: it is a mapping, whose form in a file nobody has said.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(worded(one) for one in cast("list[Any]", value))
    if isinstance(value, dict):
        raise HostProblem(
            "its contents hold a mapping, which is no text",
            hint="put quotes around a line with ': ' in it; file.serialize writes data",
        )
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def base_name(source: str) -> str:
    """Give the name at the end of a source."""
    return posixpath.basename(source.partition("?")[0])
