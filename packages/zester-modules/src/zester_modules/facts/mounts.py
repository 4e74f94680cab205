"""A host's mounted file systems."""

import re
from typing import Any, Final

from zester_modules.facts.source import Source

_NETWORK: Final = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "gfs2", "glusterfs", "lustre", "nfs", "nfs4", "ocfs2",
    "smb3", "smbfs", "virtiofs", "zfs",
})  # fmt: skip

_OCTAL: Final = re.compile(r"\\([0-7]{3})")

_TRANSIENT: Final = re.compile(
    r"/(proc|sys|dev|run)(/|$)|/snap/|/var/lib/(docker|containerd?s?|kubelet|lxc|lxd|snapd)/"
)
"""What comes and goes with every container is no fact of a host."""


def mounts(source: Source) -> dict[str, Any]:
    """Collect `mounts`: file systems on disks and on the network, by where they are mounted."""
    on_disks = parse_filesystems(source.text("/proc/filesystems"))
    text = source.text("/proc/self/mounts") or source.need("/proc/mounts")
    return {"mounts": parse_mounts(text, on_disks | _NETWORK)}


def parse_filesystems(text: str) -> frozenset[str]:
    """Read /proc/filesystems: the kinds that need a device."""
    lines = (line.split() for line in text.splitlines())
    return frozenset(words[0] for words in lines if len(words) == 1)


def parse_mounts(text: str, kinds: frozenset[str]) -> dict[str, Any]:
    """Read /proc/mounts; of two mounts in one place the later hides the earlier."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        words = line.split(" ")
        if len(words) < 4:
            continue
        device, place, kind, options = (_unescaped(word) for word in words[:4])
        is_fuse = kind.startswith("fuse") and kind not in {"fusectl", "fuse.gvfsd-fuse"}
        if place != "/" and not (kind in kinds or is_fuse):
            continue
        if not _TRANSIENT.match(place):
            found[place] = {
                "device": device, "fstype": kind, "options": sorted(set(options.split(","))),
            }  # fmt: skip
    return dict(sorted(found.items()))


def _unescaped(word: str) -> str:
    # the kernel writes space, tab, newline and backslash in octal, and all other bytes as they are
    return _OCTAL.sub(lambda found: chr(int(found.group(1), 8)), word)
