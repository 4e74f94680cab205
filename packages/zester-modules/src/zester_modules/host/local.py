"""The machine that this process runs on, as functions may see it."""

import os
from collections.abc import Mapping
from typing import Final

import msgspec

from zester_modules.errors import Refused

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_OURS: Final = (
    "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID", "MAINPID",
    "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "NOTIFY_SOCKET", "VIRTUAL_ENV",
    "WATCHDOG_PID", "WATCHDOG_USEC",
)  # fmt: skip


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account, and all the groups that it is in."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str


class Host:
    """What functions are handed in place of globals.

    Args:
        environ: the environment that commands inherit; this process's own by default.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = dict(os.environ if environ is None else environ)

    def environment(self) -> dict[str, str]:
        """Give what a command sees of our environment.

        What systemd and Python told the agent alone is left out, so that a command cannot notify
        in its name or run with its packages; messages are in English and text is UTF-8, whatever
        the host's locale, so that a fleet answers in one language.
        """
        own = {
            name: value
            for name, value in self._environ.items()
            if name not in _OURS and not name.startswith(("PYTHON", "ZESTER_", "LC_", "LANG"))
        }
        path = own.get("PATH") or DEFAULT_PATH
        return own | {"PATH": path, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def user(self, name: str) -> User:
        """Give an account by name, or by number where no account is named so.

        Raises:
            Refused: there is no such account.
        """
        import pwd  # noqa: PLC0415  # only runs as another user pay for it

        try:
            entry = pwd.getpwnam(name)
        except (KeyError, ValueError):
            entry = None
        if entry is None and name.isascii() and name.isdigit() and len(name) < 11:
            try:
                entry = pwd.getpwuid(int(name))
            except (KeyError, OverflowError):
                entry = None
        if entry is None:
            raise Refused(
                f"there is no user {name!r} on this host",
                hint="create the user, or look at `getent passwd`",
            )
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
        return User(
            name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, groups=tuple(groups),
            home=entry.pw_dir, shell=entry.pw_shell,
        )  # fmt: skip

    def home(self) -> str:
        """Give the home of the user that this process runs as; `/` where none is known."""
        import pwd  # noqa: PLC0415  # the same

        try:
            return pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            return "/"

    def is_folder(self, path: str) -> bool:
        """Say whether a folder lies there, and can be seen."""
        return os.path.isdir(path)  # noqa: PTH112  # a path of a command stays text

    def is_root(self) -> bool:
        """Say whether this process may become other users."""
        return os.geteuid() == 0

    def which(self, program: str, path: str | None = None) -> str | None:
        """Give the whole path of a program, or None."""
        places = [""] if "/" in program else (path or self.environment()["PATH"]).split(":")
        for place in places:
            found = f"{place}/{program}" if place else program
            # shutil.which would bring three compression libraries into the agent
            if os.path.isfile(found) and os.access(found, os.X_OK):  # noqa: PTH113  # text
                return found
        return None
