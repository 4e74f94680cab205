"""How far packages reach: where they bring files, and what they keep off."""

from typing import Final

from zester_modules.host.predicted.history import Thing

KEPT: Final = ("/etc/sysctl.d/99-zester.conf",)
"""Files of ours among those of packages."""
OWN: Final = (  # names, nothing is written there
    "/home", "/media", "/mnt", "/root", "/srv", "/tmp", "/usr/local/bin", "/usr/local/sbin",  # noqa: S108
    "/var/spool/cron/crontabs", "/var/tmp",  # noqa: S108
)  # fmt: skip
"""What lies below these is put there by people and by us, whatever is installed."""
BROUGHT: Final = ("/srv/ftp", "/srv/http", "/srv/tftp", "/srv/www")
"""And yet packages of some systems bring these."""


def what_lies_at(path: str) -> Thing:
    """Say who may have brought what lies at a path."""
    brought = path in BROUGHT or _is_below(path, BROUGHT)
    return "own" if path in KEPT or (_is_below(path, OWN) and not brought) else "packaged"


def what_joins(folder: str) -> Thing:
    """Say who may bring something into a folder."""
    if any(_is_below(one, (folder,)) for one in BROUGHT):
        return "packaged"
    return what_lies_at(f"{folder}/any")


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return path.startswith(tuple(f"{one}/" for one in folders))
