"""The files of a master's trees, as they lie in its folders; only their names and stamps."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zester_proto.messages.trees import MAX_FILES, BadTree, check_environment, check_path

_SKIPPED: Final = ("~", ".swp", ".swx", ".tmp")
"""Ends of names that editors leave behind."""


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


class Scan(NamedTuple):
    """All that lies in the trees, and what cannot be published."""

    environments: dict[str, dict[str, FoundFile]]
    problems: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether there is no file at all."""
        return not any(self.environments.values())


def scan(roots: Mapping[str, Sequence[Path]]) -> Scan:
    """Look at all roots; blocks for as long as the disk does.

    Hidden files and what editors leave are passed over. Of two roots the first that has a path
    wins. A link to a file is followed while it stays in its root, one to a folder never.

    Args:
        roots: environment to its folders, the strongest first.
    """
    problems: list[str] = []
    for env in roots:
        try:
            check_environment(env)
        except BadTree as error:
            problems.append(_why(error))  # peels would refuse the whole head
    environments = {env: _environment(folders, problems) for env, folders in roots.items()}
    count = sum(len(files) for files in environments.values())
    if count > MAX_FILES:
        problems.append(f"the trees have {count} files, at most {MAX_FILES} are published")
    return Scan(environments, tuple(problems))


def _environment(folders: Sequence[Path], problems: list[str]) -> dict[str, FoundFile]:
    found: dict[str, FoundFile] = {}
    for root in folders:
        for one in _files(root, problems):
            found.setdefault(one.path, one)
    return dict(sorted(found.items()))


def _files(root: Path, problems: list[str]) -> Iterator[FoundFile]:
    top = os.fspath(root)
    real = os.path.realpath(top)
    for folder, folders, names in os.walk(top, onerror=lambda error: problems.append(_why(error))):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        inner = folder[len(top) :].strip("/")
        for name in sorted(names):
            if name.startswith(".") or name.endswith(_SKIPPED):
                continue
            path = f"{inner}/{name}" if inner else name
            try:
                found = _file(Path(folder) / name, path, real)
            except (OSError, BadTree) as error:
                problems.append(_why(error))
            else:
                if found is not None:
                    yield found


def _file(file: Path, path: str, root: str) -> FoundFile | None:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        return None  # a socket or a pipe: nothing that could be published
    if file.is_symlink() and not os.path.realpath(file).startswith(f"{root}/"):
        raise BadTree(f"{file}: the link leads out of its tree")
    stamp = Stamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return FoundFile(check_path(path), file, stat.S_IMODE(status.st_mode) & 0o777, stamp)


def _why(error: OSError | BadTree) -> str:
    if isinstance(error, BadTree):
        return _tellable(error.message)
    return _tellable(f"{error.filename}: {error.strerror}")


def _tellable(text: str) -> str:
    """Give a text that can be sent, also where it names a file whose name is no UTF-8."""
    return text.encode(errors="backslashreplace").decode()
