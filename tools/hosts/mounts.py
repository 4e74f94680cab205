"""Overlay mounts, made and taken back."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from hosts.errors import HostsError


def mount_overlay(lower: Sequence[Path], upper: Path, work: Path, target: Path) -> None:
    """Mount folders as one: what is written goes into `upper` alone.

    Args:
        lower: what is below and never changes; the first lies on top.
        upper: takes what is written.
        work: an empty folder for the kernel, on the same file system as `upper`.
        target: where all of it is seen.

    Raises:
        HostsError: the kernel refused.
    """
    for folder in (upper, work, target):
        folder.mkdir(parents=True, exist_ok=True)
    below = ":".join(_escaped(folder) for folder in lower)
    options = f"lowerdir={below},upperdir={_escaped(upper)},workdir={_escaped(work)}"
    command = ["mount", "-t", "overlay", "zester-host", "-o", options, target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostsError(f"no overlay mount on {target}: {done.stderr.strip()}")


def _escaped(folder: Path) -> str:
    text = str(folder).replace("\\", "\\\\").replace(":", "\\:")
    return text.replace(",", "\\,")


def unmount(target: Path) -> None:
    """Take a mount back, at the latest when its last user is gone."""
    for words in (["umount", target], ["umount", "--lazy", target]):
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return


def mounted_below(folder: Path) -> list[Path]:
    """Give what is mounted at or below a folder, the deepest first."""
    found: list[Path] = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        path = Path(line.split()[4].encode().decode("unicode_escape"))
        if path == folder or folder in path.parents:
            found.append(path)
    return found[::-1]


def unmount_below(folder: Path) -> None:
    """Take back everything that is mounted at or below a folder."""
    for target in mounted_below(folder):
        unmount(target)
