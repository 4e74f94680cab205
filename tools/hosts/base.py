"""The root that every host begins with: Debian, built once."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from hosts.apt import machine_sources, mirror_of
from hosts.cache import built, cache_folder, digest_of
from hosts.errors import HostsError

SUITE: Final = "bookworm"
PACKAGES: Final = (
    "ca-certificates",
    "cron",
    "dbus",
    "iproute2",
    "iputils-ping",
    "kmod",
    "netbase",
    "procps",
    "python3",
    "systemd",
    "systemd-sysv",
)
"""What a host has beyond Debian's smallest; `hosts.layers` adds more where a test asks for it."""

# They would take apt's lock whenever they like.
_MASKED: Final = ("apt-daily.timer", "apt-daily-upgrade.timer")
_RECIPE: Final = "1"


def base_name() -> str:
    """Name what the base root is made from."""
    return digest_of((_RECIPE, SUITE, *PACKAGES, *_MASKED))


def base_is_there() -> bool:
    """Say whether the base root is built."""
    return (cache_folder() / f"base-{base_name()}").is_dir()


def base_root() -> Path:
    """Give the base root; to build it takes a minute or two, once.

    Raises:
        HostsError: it cannot be built.
    """
    return built("base", base_name(), _build)


def _build(folder: Path) -> None:
    mirror = mirror_of(machine_sources(), SUITE)
    if mirror is None:
        raise HostsError(f"apt on this machine knows no archive with Debian's {SUITE}")
    log = folder.with_name("base.log")
    # With namespaces of its own nothing of it stays mounted or running, however it ends.
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    packages = f"--include={','.join(PACKAGES)}"
    command = ["debootstrap", "--variant=minbase", packages, SUITE, str(folder), mirror]
    with log.open("w") as output:
        done = subprocess.run(
            [*isolated, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        raise HostsError(f"debootstrap failed: {log.read_text()[-2000:]}")
    _finish(folder)


def _finish(folder: Path) -> None:
    for name in ("var/lib/apt/lists", "var/cache/apt/archives"):
        shutil.rmtree(folder / name)
        (folder / name / "partial").mkdir(parents=True)
    for name in ("etc/apt/sources.list", "etc/hostname", "etc/resolv.conf"):
        (folder / name).unlink(missing_ok=True)
    for unit in _MASKED:
        (folder / "etc/systemd/system" / unit).symlink_to("/dev/null")
