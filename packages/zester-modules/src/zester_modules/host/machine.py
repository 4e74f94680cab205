"""What a resource may see of a machine and do to it: the interface of its only hands.

Two things implement it: the real machine, and a predicted one, which is the real one under the
effects of the states before (states.md 5). A resource's `apply` is the same code on both, so a dry
run predicts what apply does because it *is* what apply does. Hence: nothing may be changed but
through these methods, and whatever only looks must not change anything.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from zester_proto.errors import ZesterError

Reach = Literal["anything", "packages", "accounts", "service", "path", "nothing"]
"""What the one who acts may bring or change: anything, packages with what is in them, accounts, one
service, one path, or nothing of the host."""

FileKind = Literal["file", "folder", "link", "fifo", "socket", "char", "block"]


Accept = Callable[[str], None]
"""Looks at a new file and raises HostProblem where it will not do."""


class HostProblem(ZesterError):
    """Raised when the machine does not let itself be seen or changed: errno, or a command's end."""


class Busy(HostProblem):
    """Raised when another program holds what is needed, and has for longer than we wait."""


class Unknowable(Exception):  # an answer, not a failure: see `because`
    """Raised by a predicted machine when only the states before can bring the answer.

    Attributes:
        because: ids of those states.
    """

    def __init__(self, because: tuple[str, ...]) -> None:
        super().__init__(", ".join(because))
        self.because = because


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at a path; links are not followed."""

    kind: FileKind
    mode: int
    """Permission bits, 0 to 0o7777."""
    uid: int
    gid: int
    size: int = 0
    mtime: float = 0.0
    """Unix time; 0 where a dry run would have changed it, for its clock stands still."""
    target: str = ""
    """Of a link."""
    device: tuple[int, int] = (0, 0)
    """Major and minor, of a device."""


class UserEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of passwd, with what shadow says; `password` is the hash, "" where unreadable."""

    name: str
    uid: int
    gid: int
    gecos: str = ""
    home: str = "/"
    shell: str = ""
    password: str = ""
    ageing: Mapping[str, int | None] = {}
    """Days of shadow by the names `mindays maxdays warndays inactdays expire last_change`."""


class GroupEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of group."""

    name: str
    gid: int
    members: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended; 128 + N after signal N, 127 and 126 as a shell says them."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""
    timed_out: bool = False


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a command changes, where that is known; its output is never known beforehand."""

    files: Mapping[str, bytes | None] = {}
    """Path to its new contents; None: gone. Mode and owner of what is new: root, 0644."""
    users: Mapping[str, UserEntry | None] = {}
    groups: Mapping[str, GroupEntry | None] = {}
    unknown: tuple[str, ...] = ()
    """Paths of which nobody knows what becomes of them and of all below."""
    brings: bool = False
    """Things may come that were not there, nobody knows which; what is there stays as it is."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command, planned. One text in `shell` and none in `argv`, or the other way round."""

    argv: tuple[str, ...] = ()
    shell: str = ""
    """A line for `interpreter`."""
    interpreter: str = "/bin/sh"
    cwd: str = "/"
    env: Mapping[str, str] = {}
    """Added to the agent's own environment without what is the agent's alone."""
    runas: str = ""
    umask: int | None = None
    stdin: bytes = b""
    timeout: float | None = None
    """Seconds; None: what the job has left."""
    limit: int = 16 * 1024 * 1024
    """Bytes of each stream that are kept."""


class WebRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request over HTTP."""

    url: str
    """http or https; a name and password in it are sent to its own host alone."""
    method: str = "GET"
    data: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 30.0
    """Seconds without an answer."""
    verify: bool = True
    """Take only a certificate that a known authority has signed."""
    authorities: str = ""
    """A file of certificates of those authorities; "" is the host's own."""
    limit: int = 16 * 1024 * 1024
    """Bytes of the answer that are kept."""

    @property
    def reads(self) -> bool:
        """Say whether it only looks, by its method (RFC 9110, 9.2.1)."""
        return self.method in {"GET", "HEAD", "OPTIONS"}


class WebAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered, whether it was good or not."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """An installed package."""

    name: str
    version: str
    held: bool = False
    config_only: bool = False
    """Removed, but its configuration is left (dpkg's `rc`)."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A package to install."""

    name: str
    version: str = ""
    """Exactly this one; "" is the newest that can be had."""
    source: str = ""
    """A local file to install it from."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation would bring: the package itself, or what it needs."""

    name: str
    before: str = ""
    after: str = ""
    """Empty where it would be removed."""


class Packages(Protocol):
    """The package manager of a machine."""

    @property
    def kind(self) -> str:
        """`apt`, `dnf`, `apk`, `pacman` or `zypper`."""
        ...

    def installed(self) -> Mapping[str, Package]:
        """Give every package by name, the removed ones whose configuration is left too."""
        ...

    def simulate(self, wanted: Sequence[Wanted], *, repo: str = "") -> list[Candidate]:
        """Give all that installing would change; changes nothing outside our own cache."""
        ...

    def simulate_removal(self, names: Sequence[str], *, purge: bool) -> list[Candidate]:
        """Give all that removing would take along; changes nothing."""
        ...

    def contents(self, names: Sequence[str]) -> list[str]:
        """Give the paths that installed packages have brought, folders too."""
        ...

    def latest(self, names: Sequence[str], *, repo: str = "") -> Mapping[str, str]:
        """Give the newest version that can be had; names that nobody has are left out."""
        ...

    def compare(self, one: str, other: str) -> int:
        """Give -1, 0 or 1."""
        ...

    def peek(self) -> None:
        """Fetch the lists into a cache of our own, for `simulate` and `latest` from now on.

        Nothing else changes, so a check may do it.
        """
        ...

    def refresh(self) -> None:
        """Fetch the lists of packages anew."""
        ...

    def install(self, wanted: Sequence[Wanted], *, repo: str = "", verify: bool = True) -> None:
        """Install or change to these versions, and what they need."""
        ...

    def remove(self, names: Sequence[str], *, purge: bool) -> None:
        """Remove; `purge` takes the configuration along."""
        ...

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        """Keep packages at their version, or let them go."""
        ...


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service as its manager sees it."""

    name: str
    running: bool
    enabled: bool
    masked: bool = False
    static: bool = False
    """It cannot be enabled: something else starts it."""
    can_reload: bool = False


class Services(Protocol):
    """The service manager of a machine."""

    @property
    def kind(self) -> str:
        """`systemd`, `sysv` or `openrc`."""
        ...

    def find(self, name: str) -> Service | None:
        """Give a service; None where the manager knows none of that name."""
        ...

    def names(self) -> list[str]:
        """Give the names of all services, sorted."""
        ...

    def start(self, name: str) -> None:
        """Start it, and wait until the manager says so."""
        ...

    def stop(self, name: str) -> None:
        """Stop it."""
        ...

    def restart(self, name: str) -> None:
        """Restart it."""
        ...

    def reload(self, name: str) -> None:
        """Let it read its configuration anew."""
        ...

    def enable(self, name: str, *, enabled: bool) -> None:
        """Start it with the machine, or no longer."""
        ...

    def mask(self, name: str, *, masked: bool, runtime: bool = False) -> None:
        """Make it impossible to start, or possible again."""
        ...

    def daemon_reload(self) -> None:
        """Let the manager read its units anew."""
        ...

    def log(self, name: str) -> list[str]:
        """Give the last lines that a service and its manager wrote about its newest start."""
        ...


class Machine(Protocol):
    """A machine. Paths are absolute texts; every method raises HostProblem, or Unknowable."""

    @property
    def packages(self) -> Packages:
        """The package manager."""
        ...

    @property
    def services(self) -> Services:
        """The service manager."""
        ...

    def forget(self) -> None:
        """Forget what was looked up and may have come meanwhile, such as a package manager."""
        ...

    # -- to look -----------------------------------------------------------------------------------

    def stat(self, path: str) -> Stat | None:
        """Give what lies at a path, links not followed; None for nothing."""
        ...

    def follow(self, path: str) -> Stat | None:
        """Give what lies at a path, links followed; None for nothing or a dangling link."""
        ...

    def read(self, path: str, *, limit: int | None = None) -> bytes | None:
        """Give the contents of a file, links followed; None where nothing lies."""
        ...

    def list(self, path: str) -> list[str] | None:
        """Give the names in a folder, sorted; None where there is none."""
        ...

    def users(self) -> Mapping[str, UserEntry]:
        """Give the accounts by name."""
        ...

    def groups(self) -> Mapping[str, GroupEntry]:
        """Give the groups by name."""
        ...

    def which(self, program: str) -> str | None:
        """Give the whole path of a program; None where there is none."""
        ...

    def ask(self, command: Command) -> Done:
        """Run a command that changes nothing."""
        ...

    def look_up(self, request: WebRequest) -> WebAnswer:
        """Send a request that only looks."""
        ...

    # -- to change ---------------------------------------------------------------------------------

    def write(
        self, path: str, data: bytes, accept: Accept | None = None, /, *,
        mode: int, uid: int, gid: int,
    ) -> None:  # fmt: skip
        """Make or replace a file in one step; mode and owner hold from its first byte.

        Args:
            path: where.
            data: its contents.
            accept: is given the path of the whole new file before it takes the place of the old
                one; what it raises leaves the old one there. A predicted machine does not ask it.
            mode: its permission bits.
            uid: its owner.
            gid: its group.
        """
        ...

    def make_folder(self, path: str, *, mode: int, uid: int, gid: int) -> None:
        """Make one folder; the one above it must be there."""
        ...

    def make_link(self, path: str, target: str, *, uid: int, gid: int) -> None:
        """Make or replace a symbolic link in one step."""
        ...

    def rename(self, path: str, to: str) -> None:
        """Rename in one step; what lay there is replaced."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, a link, or a folder with all that is in it; never through a link."""
        ...

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        ...

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Set owner and group; a link itself, not its target."""
        ...

    def set_times(self, path: str, mtime: float | None, atime: float | None) -> None:
        """Set the times, in Unix seconds; None is now."""
        ...

    def do(self, command: Command, effects: Effects | None = None) -> Done:
        """Run a command that changes things.

        Args:
            command: what to run.
            effects: all that it changes; None where that cannot be known, so that a predicted
                machine says afterwards of all that it may be otherwise.
        """
        ...

    def send(self, request: WebRequest) -> WebAnswer:
        """Send a request that may change something, or whose answer may come to change."""
        ...
