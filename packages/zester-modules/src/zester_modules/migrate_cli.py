"""`zester-migrate`: shows what a Salt tree would be as a tree of ours, and writes it when told."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from zester_modules import __version__
from zester_modules.states.migrate import Migrated, migrate, state_files
from zester_modules.states.salt_master import Roots, read_roots
from zester_proto.errors import ZesterError
from zester_proto.files import write_atomic

_EPILOG: Final = """\
A Salt tree runs as it is; this rewrites it in the strict dialect. Exit status: 0 clean,
1 something has to be looked at, 2 nothing could be done. With --write the old files are kept
beside the new ones as NAME.sls.orig."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="zester-migrate", description=(__doc__ or "").partition(": ")[2], epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("path", type=Path, nargs="?", help="a tree, or one .sls file")
    parser.add_argument("--write", action="store_true", help="write; else it is only shown")
    parser.add_argument(
        "--roots", type=Path, metavar="MASTER_CONFIG", help="take the trees of a Salt master"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    options = parser.parse_args(words)
    try:
        return run(options.path, options.roots, write=options.write)
    except ZesterError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        print(f"zester-migrate: {error.message}{hint}", file=sys.stderr)  # noqa: T201  # a command speaks by printing
        return 2


def run(path: Path | None, config: Path | None, *, write: bool) -> int:
    """Migrate what was named, and give the exit status.

    Raises:
        ZesterError: there is nothing to do, or the configuration cannot be read.
    """
    folders = [path] if path else []
    looks: list[str] = []
    if path is not None and not path.exists():
        raise ZesterError(f"there is no file or folder {path}")
    if config is not None:
        roots = read_roots(config)
        folders += [Path(one) for each in roots.states.values() for one in each]
        _say(configuration(roots))
        looks += roots.notes
    files = _files(folders, looks)
    for one in looks:
        _say(f"look: {one}")
    if not files:
        named = ", ".join(str(one) for one in folders)
        raise ZesterError(
            f"there is no .sls file in {named}" if named else "no tree was named",
            hint="zester-migrate PATH, or --roots /etc/salt/master",
        )
    found = [migrate(one) for one in files]
    if write:
        found = [one if one.problem else _written(one) for one in found]
    for one in found:
        _say(report(one))
    changed = sum(len(one.changes) for one in found if not one.problem)
    left = sum(bool(one.problem) for one in found)
    notes = len(looks) + sum(len(one.notes) for one in found)
    done = "written" if write else "to write; nothing was changed, --write does it"
    _say(
        f"{len(files) - left} files {done}: {changed} lines, {notes} to look at, {left} left alone"
    )
    return 1 if notes or left else 0


def _files(folders: Sequence[Path], looks: list[str]) -> list[Path]:
    """Give the state files of trees, each once, whoever shares it; note what cannot be read."""

    def unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            looks.append(f"{error.filename} cannot be read: {error.strerror}")

    found = {one.resolve(): one for folder in folders for one in state_files(folder, unreadable)}
    return list(found.values())


def _written(one: Migrated) -> Migrated:
    try:
        write_file(one)
    except (OSError, ZesterError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return msgspec.structs.replace(one, problem=f"it cannot be written: {why}")
    return one


def configuration(roots: Roots) -> str:
    """Give the lines of a peel's configuration that name the same trees."""
    lines = ["# for the configuration of a peel that has the trees itself:", "state_roots:"]
    lines += _listed(roots.states)
    if any(roots.settings.values()):
        lines += ["settings_roots:", *_listed(roots.settings)]
    return "\n".join(lines)


def _listed(trees: Mapping[str, Sequence[str]]) -> list[str]:
    pairs = [(env, folder) for env, folders in trees.items() for folder in folders]
    return [f"  - {folder}" if env == "base" else f"  - {env}={folder}" for env, folder in pairs]


def report(one: Migrated) -> str:
    """Give what becomes of a file, in lines."""
    if one.problem:
        return f"{one.path}: left alone: {one.problem}"
    lines = [f"{one.path} -> {one.target.name}"]
    for change in one.changes:
        lines += [f"  {change.line}: - {change.before}", f"  {change.line}: + {change.after}"]
    lines += [f"  {note.line}: look: {note.text}" for note in one.notes]
    return "\n".join(lines)


def write_file(one: Migrated) -> None:
    """Write the new file and put the old one aside: both would be an error in a tree."""
    mode = one.path.stat().st_mode & 0o777
    write_atomic(one.target, one.text.encode(), mode)
    one.path.rename(one.path.with_name(one.path.name + ".orig"))


def _say(text: str) -> None:
    print(text)  # noqa: T201  # a command speaks by printing
