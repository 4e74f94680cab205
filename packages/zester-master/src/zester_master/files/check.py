"""What can be known to be wrong with a tree before any peel renders it (states.md 6).

The syntax of every template; of files without a template also the YAML and what they include.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from zester_master.files.scan import FoundFile
from zester_proto.render.nodes import Dialect, Node, Problem, Scalar, Sequence
from zester_proto.render.nodes import Mapping as Map
from zester_proto.render.renderer import Renderer
from zester_proto.render.yaml import load

_STATES: Final[dict[str, Dialect]] = {".zy": "zy", ".sls": "sls"}
_TEMPLATES: Final = (".jinja", ".j2", ".jinja2")
_MARKS: Final = (b"{{", b"{%", b"{#")
_LARGEST: Final = 4 * 1024 * 1024
MOST: Final = 50
"""Problems that are told."""


def check(environments: Mapping[str, Mapping[str, FoundFile]]) -> list[Problem]:
    """Give all that is wrong, in the order of files; blocks for as long as reading takes."""
    found: list[Problem] = []
    for files in environments.values():
        found += _clashes(files)
        for one in files.values():
            if one.stamp.size <= _LARGEST and len(found) < MOST:
                found += _check_file(one, files)
    return found[:MOST]


def _clashes(files: Mapping[str, FoundFile]) -> Iterable[Problem]:
    for path in files:
        if path.endswith(".sls") and f"{path.removesuffix('.sls')}.zy" in files:
            name = path.removesuffix(".sls")
            yield Problem(
                message=f"{name}.sls and {name}.zy are both there",
                hint="keep one of them: nothing says which is meant",
            )


def _check_file(one: FoundFile, files: Mapping[str, FoundFile]) -> Iterable[Problem]:
    suffix = one.file.suffix
    dialect = _STATES.get(suffix)
    if dialect is None and suffix not in _TEMPLATES:
        return ()
    try:
        text = one.file.read_bytes()
    except OSError as error:
        return (Problem(message=f"{one.path}: {error.strerror}"),)
    problems = Renderer(lambda _path: None).check(one.path, text, dialect=dialect or "zy")
    if problems or dialect is None or text.startswith(b"#!") or any(m in text for m in _MARKS):
        return problems
    try:
        loaded = load(text.decode(), one.path, dialect)
    except UnicodeDecodeError:
        return (Problem(message=f"{one.path} is not UTF-8 text"),)
    return loaded.problems or tuple(_includes(loaded.root, one.path, files))


def _includes(root: Node | None, path: str, files: Mapping[str, FoundFile]) -> Iterable[Problem]:
    if not isinstance(root, Map):
        return
    for key, value in root.pairs:
        if key.text != "include" or not isinstance(value, Sequence):
            continue
        for item in value.items:
            if isinstance(item, Scalar) and not _is_there(item.text, path, files):
                yield Problem(
                    message=f"there is no state file {item.text!r} to include",
                    place=item.place,
                    hint="a reference is written nginx or nginx.config",
                )


def _is_there(reference: str, path: str, files: Mapping[str, FoundFile]) -> bool:
    if any(sign in reference for sign in "*?["):
        return True
    if reference.startswith("."):
        dots = len(reference) - len(reference.lstrip("."))
        # `x/init` is the file of `x` itself, so that one dot stays in its own folder
        folder = path.split("/")[:-1]
        above = folder[: len(folder) - dots + 1]
        reference = ".".join([*above, *filter(None, [reference.lstrip(".")])])
    stem = reference.replace(".", "/")
    return any(f"{name}{suffix}" in files for name in (stem, f"{stem}/init") for suffix in _STATES)
