"""What is to be installed, from where, and what pip would do for it."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Scope, Unknown
from zester_modules.resources.pip.commands import Listed, Place, hold, listed, name_of, normal, pip

TREE: Final = ("salt://", "zester://", "http://", "https://")


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Where packages come from."""

    requirements: Annotated[str, Meta(description="a file of requirements, maybe of the tree")] = ""
    index_url: Annotated[str, Meta(description="the index in place of PyPI")] = ""
    extra_index_url: Annotated[list[str] | None, Meta(description="further indexes")] = None
    find_links: Annotated[list[str] | None, Meta(description="folders or pages of packages")] = None
    no_index: Annotated[bool, Meta(description="ask no index, only find_links")] = False
    trusted_host: Annotated[list[str] | None, Meta(description="hosts without good TLS")] = None
    cert: Annotated[str, Meta(description="a file of authorities for TLS")] = ""
    proxy: Annotated[str, Meta(description="the proxy to ask through")] = ""
    pre_releases: Annotated[bool, Meta(description="take those, too")] = False
    no_deps: Annotated[bool, Meta(description="install nothing that the packages need")] = False
    no_binary: Annotated[list[str] | None, Meta(description="packages to build from source")] = None
    extra_args: Annotated[list[Any] | None, Meta(description="further words for pip")] = None


RETIRES: Final = (
    "allow_all_external", "allow_external", "allow_unverified", "build", "cache_dir", "download",
    "download_cache", "exists_action", "log", "mirrors", "no_cache_dir", "no_download",
    "no_install", "no_use_wheel", "pip_cache_dir", "pip_download", "pip_download_cache",
    "pip_exists_action", "pip_no_cache_dir", "process_dependency_links", "timeout", "use_vt",
    "use_wheel",
)  # fmt: skip


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What `pip install` is told."""

    names: tuple[str, ...] = ()
    requirements: str = ""
    """A path on the host."""
    options: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Give its words."""
        files = ("-r", self.requirements) if self.requirements else ()
        return ("install", *self.options, *files, *self.names)


class _Named(msgspec.Struct, frozen=True):
    name: str
    version: str


class _Item(msgspec.Struct, frozen=True):
    metadata: _Named


class _Report(msgspec.Struct, frozen=True):
    install: list[_Item] = []


def wish_of(index: Index, names: list[str], scope: Scope, *, upgrade: bool = False) -> Wish:
    """Give what pip is to be told.

    Raises:
        HostProblem: a name is none, or the file of requirements is not there.
    """
    for one in names:
        if not one.strip() or one.startswith("-"):
            raise HostProblem(f"{one!r} is no package", hint="write it as name, or name==version")
    return Wish(
        names=tuple(one.strip() for one in names),
        requirements=_file(index.requirements, scope),
        options=(*_options(index), *(("--upgrade",) if upgrade else ())),
    )


def _options(index: Index) -> tuple[str, ...]:
    words = [
        *(f"--find-links={one}" for one in index.find_links or ()),
        *(f"--extra-index-url={one}" for one in index.extra_index_url or ()),
        *(f"--trusted-host={one}" for one in index.trusted_host or ()),
        *(f"--no-binary={one}" for one in index.no_binary or ()),
    ]
    for option, value in (
        ("--index-url", index.index_url), ("--cert", index.cert), ("--proxy", index.proxy),
    ):  # fmt: skip
        words += [f"{option}={value}"] if value else []
    for option, given in (
        ("--no-index", index.no_index), ("--pre", index.pre_releases), ("--no-deps", index.no_deps),
    ):  # fmt: skip
        words += [option] if given else []
    return (*words, *map(str, index.extra_args or ()))


def _file(source: str, scope: Scope) -> str:
    if not source:
        return ""
    path = source
    if source.startswith(TREE):
        path = str(scope.sources.fetch(source) or "")
    if not path or scope.machine.follow(path) is None:
        raise HostProblem(f"there is no file of requirements {source}")
    return path


def leaves_of(place: Place, wish: Wish, scope: Scope, prefix: str = "") -> tuple[Leaf, ...]:
    """Ask pip what it would install, and what that needs; it installs nothing.

    Args:
        place: whose packages they are.
        wish: what is to be there.
        scope: of the state.
        prefix: what the leaves' paths begin with.
    """
    verb, *words = wish.words
    asked = pip(
        place, scope.machine, verb, "--dry-run", "--quiet", "--report=-", *words,
        env={"PIP_NO_CACHE_DIR": "1"},
    )  # fmt: skip
    done = scope.machine.ask(asked)
    if done.exit_code == 2 and b"--dry-run" in done.stderr:
        return _guessed(listed(place, scope.machine), wish, scope, prefix)
    hold("pip install", done)
    coming = [one.metadata for one in msgspec.json.decode(done.stdout, type=_Report).install]
    if not coming:
        return ()
    have = listed(place, scope.machine)
    changes = [(one, _version(have, one.name)) for one in coming]
    return tuple(
        Leaf(path=f"{prefix}{normal(one.name)}:version", before=before, after=one.version)
        for one, before in sorted(changes, key=lambda pair: normal(pair[0].name))
        if before != one.version
    )


def _version(have: dict[str, Listed], name: str) -> str | None:
    found = have.get(normal(name))
    return found.version if found else None


def _guessed(have: dict[str, Listed], wish: Wish, scope: Scope, prefix: str) -> tuple[Leaf, ...]:
    """Compare names and exact versions: a pip before 22.2 does not say what it would do."""
    if wish.requirements or "--upgrade" in wish.options:
        raise HostProblem(
            "this pip does not say what it would do", hint="upgrade pip to 22.2 or newer"
        )
    leaves: list[Leaf] = []
    for one in wish.names:
        name, (_, _, pin) = name_of(one), one.partition("==")
        before = _version(have, name)
        if before is None or (pin and before != pin.strip()):
            after = pin.strip() or Unknown((scope.id,))
            leaves.append(Leaf(path=f"{prefix}{name}:version", before=before, after=after))
    return tuple(leaves)
