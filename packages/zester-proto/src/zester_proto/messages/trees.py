"""A published tree: a signed head, a manifest an environment, blobs by digest (states.md 6).

In the bucket `state-files`:

| key | value |
| --- | --- |
| `head` | Signed `TreeHead`, the newest |
| `root.<hex>` | the same of each revision that is kept |
| `manifest.<hex>` | an encoded `Manifest`, by its digest |
| `blob.<hex>` | at most `PIECE` bytes of a file, by their digest |

Whoever reads checks every digest up to the signature, so that the bus can only delay or drop.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from zester_proto.codec import digest, pack
from zester_proto.errors import ZesterError
from zester_proto.messages.base import Message

BUCKET: Final = "state-files"
HEAD: Final = "head"

STATES: Final = "state."
"""How the names of functions begin that work on the state trees."""

PIECE: Final = 16 * 1024 * 1024
"""Bytes of a file that lie under one key; a larger file has several, fetched one by one."""

AHEAD: Final = 256 * 1024
"""Bytes up to which a peel takes a file ahead; others when a state needs them (states.md 6)."""

MAX_FILES: Final = 100_000
MANIFEST_LIMIT: Final = 32 * 1024 * 1024
HEAD_LIMIT: Final = 64 * 1024
_PATH_MAX: Final = 1024
_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)


class BadTree(ZesterError):
    """Raised when what came is no tree of this site, or names a file that may not be one."""


class TreeFile(msgspec.Struct, frozen=True, array_like=True):
    """One file: its path in the tree with `/`, permission bits, size, and what it is made of."""

    path: str
    mode: int
    size: int
    pieces: tuple[bytes, ...]
    """Digests of its parts of `PIECE` bytes, in order; an empty file has none."""


class TreeLink(msgspec.Struct, frozen=True, array_like=True):
    """One symbolic link: its path in the tree, and the text that it leads to.

    The text says where the link leads on a host that a state copies it to. Masters and peels never
    follow it; what it names within its tree lies beside it as files.
    """

    path: str
    target: str


class Manifest(Message, frozen=True, kw_only=True, tag="manifest"):
    """All files of one environment, sorted by path, and what there is besides them.

    The optional fields are left out where they are empty, so that a tree of files alone has the
    digest that it had before there were any.
    """

    environment: str
    files: tuple[TreeFile, ...]
    folders: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Paths of folders that hold nothing, sorted."""
    links: tuple[TreeLink, ...] | msgspec.UnsetType = msgspec.UNSET
    """Links, sorted by path. One that leads to a file or folder of its tree has the path of that
    file, or stands above those files."""


class Manifests(msgspec.Struct, frozen=True, kw_only=True, tag="manifests", tag_field="t"):
    """The manifests of one revision, as a peel keeps them beside its files."""

    environments: dict[str, Manifest]
    complete: bool = False
    """Whether their writer knew folders and links; one that did not has passed over them."""


class TreeEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment of a revision."""

    manifest: bytes
    """Digest of its encoded manifest."""
    files: int
    bytes: int


class TreeHead(Message, frozen=True, kw_only=True, tag="tree"):
    """What a master vouches for: the state trees of the site, as of one moment."""

    site: str
    generation: int
    """Only rises."""
    root: bytes
    """See `root_of`; jobs name it."""
    issued: float
    publisher: str
    """Name of the master."""
    environments: dict[str, TreeEnvironment]
    groups: Mapping[str, str] = {}
    """Named targets of that master's configuration, for `N@` in top files."""


def root_of(environments: Mapping[str, TreeEnvironment]) -> bytes:
    """Give the digest that names all files of all environments."""
    return digest(pack({name: one.manifest for name, one in environments.items()}))


def root_key(root: bytes) -> str:
    """Give the key of a revision's head."""
    return f"root.{root.hex()}"


def manifest_key(name: bytes) -> str:
    """Give the key of a manifest."""
    return f"manifest.{name.hex()}"


def blob_key(name: bytes) -> str:
    """Give the key of a blob."""
    return f"blob.{name.hex()}"


def check_environment(name: str) -> str:
    """Give the name of an environment back.

    Raises:
        BadTree: it is none.
    """
    if _ENVIRONMENT.fullmatch(name) is None:
        raise BadTree(
            f"{name[:80]!r} is no name of an environment",
            hint="use 1 to 64 of A-Z a-z 0-9 _ - beginning with none of the last",
        )
    return name


def check_path(path: str) -> str:
    """Give the path of a file in a tree back.

    Raises:
        BadTree: it is absolute, climbs out, is too long, or holds what no path should.
    """
    # a name that is no UTF-8 comes from the disk with surrogates, which nothing can encode
    plain = path.encode(errors="surrogatepass")
    parts = plain.split(b"/")
    odd = any(part in {b"", b".", b".."} or len(part) > 255 for part in parts)
    if odd or len(plain) > _PATH_MAX or "\0" in path or "\n" in path or not _is_utf8(path):
        raise BadTree(f"{path[:200]!r} is no path of a file in a tree")
    return path


def _is_utf8(path: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in path)


def check_target(target: str) -> str:
    """Give the text that a link leads to back; it may lead anywhere.

    Raises:
        BadTree: no link can lead there, or it cannot be sent.
    """
    size = len(target.encode(errors="surrogatepass"))
    if not 0 < size <= _PATH_MAX or "\0" in target or "\n" in target or not _is_utf8(target):
        raise BadTree(f"{target[:200]!r} is nothing that a link of a tree leads to")
    return target


def check_manifest(manifest: Manifest, environment: str) -> Manifest:
    """Give a manifest back whose every path can be written below one folder.

    Raises:
        BadTree: a path may not be one, is there twice, or is file and folder at once.
    """
    if manifest.environment != environment:
        raise BadTree(f"the manifest is of environment {manifest.environment}, not {environment}")
    files = _once((one.path for one in manifest.files), "file")
    for one in manifest.files:
        sound = 0 <= one.mode <= 0o777 and one.size >= 0
        if not sound or len(one.pieces) != -(-one.size // PIECE):
            raise BadTree(f"what the manifest says of {one.path} makes no sense")
    folders = _once(manifest.folders or (), "folder")
    links = _once((one.path for one in manifest.links or ()), "link")
    for link in manifest.links or ():
        check_target(link.target)
    for path in folders & files:
        raise BadTree(f"{path} is a file and a folder")
    for path in files | folders | links:
        above = path.rpartition("/")[0]
        while above:
            if above in files:
                raise BadTree(f"{above} is a file and a folder")
            above = above.rpartition("/")[0]
    return manifest


def _once(paths: Iterable[str], what: str) -> set[str]:
    """Give paths that may be one, each of which is there once."""
    seen: set[str] = set()
    for path in paths:
        if check_path(path) in seen:
            raise BadTree(f"the {what} {path} is there twice")
        seen.add(path)
    return seen
