"""Sources of files: from a tree in folders of this host, from local paths, and from the web."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zester_modules.host.address import shown
from zester_modules.host.machine import HostProblem
from zester_modules.resource import SourceFolder
from zester_modules.sources.digests import SKIP, Digest, listed, parsed, verify
from zester_modules.states.trees import CACHE_MAX
from zester_proto.tree.files import BadTree
from zester_proto.tree.folders import Tree, split_source

if TYPE_CHECKING:
    from zester_modules.sources.web import WebCache

DIGESTS: Final = 4 * 1024 * 1024
"""Bytes of a file of digests."""


class TreeSources:
    """Finds `salt://` and `zester://` in a tree, `http(s)://` on the web, and paths on this host.

    Args:
        tree: its roots.
        env: where a source names none.
        cache: the folder of what came from the web; None: nothing can.
        cache_max: bytes that it may hold.
        fetched: hears of each file that was not on this host before.
    """

    def __init__(
        self,
        tree: Tree,
        env: str,
        cache: Path | None = None,
        *,
        cache_max: int = CACHE_MAX,
        fetched: Callable[[Path], None] = lambda _path: None,
    ) -> None:
        self._tree = tree
        self._env = env
        self._cache = cache
        self._cache_max = cache_max
        self._fetched = fetched

    def fetch(self, source: str, *, digest: str = "", env: str = "") -> Path | None:
        """Give where a source lies; None: it is not there.

        Args:
            source: where from.
            digest: `alg=hex`, hex alone, the source of a file of digests, or `skip_verify`;
                behind `#` the name that counts in that file.
            env: the environment where the source names none.

        Raises:
            HostProblem: it cannot be had, or is not what the digest says.
        """
        if source.startswith(("http://", "https://")):
            return self._from_web(source, digest, env)
        found = self._here(source, env)
        if found is not None and digest and digest != SKIP:
            wanted = self._digest(source, digest, env)
            verify(source, found.read_bytes(), f"{wanted.algorithm}={wanted.hex}")
        return found

    def _here(self, source: str, env: str) -> Path | None:
        split = split_source(source)
        if split is not None:
            path, own = split
            return self._from_tree(own or env or self._env, path, source)
        path = source.removeprefix("file://")
        if path.startswith("/"):
            return _on_host(path)
        raise HostProblem(
            f"{source} cannot be fetched",
            hint="salt://, zester://, http://, https:// and whole paths can",
        )

    def _from_tree(self, env: str, path: str, source: str) -> Path | None:
        here = self._tree.locate(env, path)
        found = here or self._tree.obtain(env, path)
        if found is None or not os.access(found, os.R_OK):
            try:
                self._tree.refuse_barred(env, path, source)
            except BadTree as error:
                raise HostProblem(error.message, hint=error.hint) from error
            return None
        if here is None:
            self._fetched(found)
        return found

    def _from_web(self, source: str, digest: str, env: str) -> Path | None:
        if not digest:
            raise HostProblem(
                f"{shown(source)} has no digest, so that anything could come from there",
                hint="give source_hash, or skip_verify: true",
            )
        return self._web().fetch(
            source, None if digest == SKIP else self._digest(source, digest, env)
        )

    def _web(self, limit: int | None = None) -> "WebCache":
        from zester_modules.sources.web import LIMIT, WebCache  # noqa: PLC0415  # http and TLS

        if self._cache is None:
            raise HostProblem("nothing can be fetched from the web here")
        return WebCache(
            self._cache, limit=limit or LIMIT, total=self._cache_max, fetched=self._fetched
        )

    def _digest(self, source: str, digest: str, env: str) -> Digest:
        """Give the digest that is written, or that a file of digests says."""
        written = parsed(digest)
        if written is not None:
            return written
        place, _, name = digest.partition("#")
        if place.startswith(("http://", "https://")):
            found = self._web(DIGESTS).fetch(place, None)
        elif "://" in place or place.startswith("/"):
            found = self._here(place, env)
        else:
            raise HostProblem(
                f"{digest!r} is no digest", hint="write its hex digits, or sha256=... before them"
            )
        if found is None:
            raise HostProblem(f"there is no file of digests {shown(place)}")
        wanted = listed(found.read_text(errors="replace"), source, name)
        if wanted is None:
            raise HostProblem(
                f"{shown(place)} has no digest of {shown(source)}",
                hint="source_hash_name says under which name to look",
            )
        return wanted

    def below(self, folder: str, *, env: str = "") -> SourceFolder | None:
        """Give what a folder of the tree holds; None where the tree has none of that name."""
        split = split_source(folder)
        if split is None:
            return None
        path, own = split
        top = path.strip("/")
        start, chosen = f"{top}/" if top else "", own or env or self._env
        query = f"?saltenv={own}" if own else ""
        empty = list(self._tree.empty_folders(chosen))
        found = SourceFolder(
            files={
                one[len(start) :]: f"salt://{one}{query}"
                for one in self._tree.files(chosen) if one.startswith(start)
            },
            folders=tuple(one[len(start) :] for one in empty if one.startswith(start)),
            links={
                one[len(start) :]: target
                for one, target in self._tree.links(chosen).items() if one.startswith(start)
            },
        )  # fmt: skip
        return found if top in empty or found.files or found.folders or found.links else None


def _on_host(path: str) -> Path | None:
    found = Path(path)
    try:
        if not stat.S_ISREG(found.stat().st_mode):
            kind = "a folder" if found.is_dir() else "something else"
            raise HostProblem(f"the source {path} is {kind}, not a file")
        if not os.access(found, os.R_OK):
            raise HostProblem(f"the source {path} may not be read", hint="as whom does this run?")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise HostProblem(f"cannot look at the source {path}: {why}") from error
    return found
