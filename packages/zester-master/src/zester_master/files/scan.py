"""What lies in a master's trees, as it lies in its folders; only names and stamps of files."""

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.messages.trees import (
    MAX_FILES,
    BadTree,
    check_environment,
    check_path,
    check_target,
)
from zester_proto.tree.listing import Listing, listing, lost_links

_SKIPPED: Final = ("~", ".swp", ".swx", ".tmp")
"""Ends of names that editors leave behind."""

_READ: Final = (".zy", ".sls", ".jinja", ".j2", ".jinja2")
"""Ends of names of what is rendered: a link of that name is no link that a state would copy."""


class Stamp(NamedTuple):
    """What changes when a file does."""

    inode: int
    size: int
    modified: int
    changed: int


class FoundFile(NamedTuple):
    """A file of a tree."""

    path: str
    """In the tree."""
    file: Path
    mode: int
    stamp: Stamp


class Besides(NamedTuple):
    """What an environment holds besides its files."""

    folders: tuple[str, ...] = ()
    """Those that hold nothing, sorted."""
    links: tuple[tuple[str, str], ...] = ()
    """Paths, sorted, and where each leads."""
    lost: tuple[str, ...] = ()
    """Links among them that stand for no file or folder of their root."""


class Scan(NamedTuple):
    """All that lies in the trees, and what cannot be published."""

    environments: dict[str, dict[str, FoundFile]]
    problems: tuple[str, ...]
    besides: Mapping[str, Besides] = {}

    @property
    def empty(self) -> bool:
        """Whether there is no file at all."""
        return not any(self.environments.values())


def scan(roots: Mapping[str, Sequence[Path]]) -> Scan:
    """Look at all roots; blocks for as long as the disk does.

    Hidden files and what editors leave are passed over. Of two roots the first that has a path
    wins. A link stands for what it names while that lies in its root.

    Args:
        roots: environment to its folders, the strongest first.
    """
    problems: list[str] = []
    for env in roots:
        try:
            check_environment(env)
        except BadTree as error:
            problems.append(_why(error))  # peels would refuse the whole head
    environments: dict[str, dict[str, FoundFile]] = {}
    besides: dict[str, Besides] = {}
    for env, folders in roots.items():
        found = listing(folders, lambda error: problems.append(_why(error)), without=_SKIPPED)
        environments[env] = _files(found, problems)
        besides[env] = _besides(found, problems)
    count = sum(len(files) for files in environments.values())
    count += sum(len(one.folders) + len(one.links) for one in besides.values())
    if count > MAX_FILES:
        problems.append(
            f"the trees have {count} files, links and empty folders, "
            f"at most {MAX_FILES} are published"
        )
    return Scan(environments, tuple(problems), besides)


def _files(found: Listing, problems: list[str]) -> dict[str, FoundFile]:
    files: dict[str, FoundFile] = {}
    for path, root in found.files.items():
        try:
            files[path] = _file(root / path, path)
        except (OSError, BadTree) as error:
            problems.append(_why(error))
    return files


def _file(file: Path, path: str) -> FoundFile:
    status = file.stat()
    stamp = Stamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return FoundFile(check_path(path), file, stat.S_IMODE(status.st_mode) & 0o777, stamp)


def _besides(found: Listing, problems: list[str]) -> Besides:
    links: list[tuple[str, str]] = []
    folders: list[str] = []
    for path, target in found.links.items():
        try:
            links.append((check_path(path), check_target(target)))
        except BadTree as error:
            problems.append(f"{_tellable(path)}: {_why(error)}")
    for path in found.folders:
        try:
            folders.append(check_path(path))
        except BadTree as error:
            problems.append(_why(error))
    lost = lost_links(found.links, found.files, found.folders)
    problems += [lost_text(path) for path in lost if path.endswith(_READ)]
    return Besides(tuple(folders), tuple(links), lost)


def lost_text(path: str) -> str:
    """Say that a link stands for no file, where a file is needed."""
    return f"{_tellable(path)}: the link leads out of its tree, to nothing, or in a circle"


def _why(error: OSError | BadTree) -> str:
    if isinstance(error, BadTree):
        return _tellable(error.message)
    return _tellable(f"{error.filename}: {error.strerror}")


def _tellable(text: str) -> str:
    """Give a text that can be sent, also where it names a file whose name is no UTF-8."""
    return text.encode(errors="backslashreplace").decode()
