"""What an operator can set for a peel: the keys of peel.yaml, and their flags."""

import socket
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from zester_proto.errors import BadId, ZesterError
from zester_proto.ids import check_peel_id
from zester_proto.units import Duration, Size

DEFAULT_FILE: Final = Path("/etc/zester/peel.yaml")
CONTAINER_AUTH: Final = Path("/data/auth")
HOST_AUTH: Final = Path("/var/lib/zester/auth")
MIB: Final = 1024 * 1024


class WrongId(ZesterError):
    """Raised when this host cannot run under the id that was given."""


class PeelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of a peel."""

    id: Annotated[str, Meta(description="name of this peel; as joined, else the host's")] = ""
    nats_url: Annotated[
        tuple[str, ...], Meta(description="NATS servers; as joined where it is not set")
    ] = ()
    nats_ca: Annotated[
        Path | None, Meta(description="CA of the NATS servers; else ca.crt in auth_dir")
    ] = None
    auth_dir: Annotated[
        Path | None,
        Meta(description=f"keys and credentials; {CONTAINER_AUTH} if it exists, else {HOST_AUTH}"),
    ] = None
    state_dir: Annotated[Path, Meta(description="what the peel remembers and spools")] = Path(
        "/var/lib/zester"
    )
    facts_dir: Annotated[Path, Meta(description="custom facts")] = Path("/etc/zester/facts")
    facts_interval: Annotated[Duration, Meta(description="how often facts are collected")] = 300.0
    master_url: Annotated[str, Meta(description="enrolment server of a master")] = ""
    enroll_ca: Annotated[Path | None, Meta(description="CA of the enrolment server")] = None
    states_cache: Annotated[Path | None, Meta(description="where state trees are kept")] = None
    states_cache_max: Annotated[
        Size, Meta(description="bytes of the states cache, beyond which large files go")
    ] = 8192 * MIB
    web_cache_max: Annotated[
        Size, Meta(description="bytes of what states fetched from the web")
    ] = 8192 * MIB
    state_roots: Annotated[
        tuple[str, ...],
        Meta(description="state trees of this host itself: DIR or ENV=DIR; else states_cache"),
    ] = ()
    settings_roots: Annotated[
        tuple[str, ...],
        Meta(description="settings trees of this host itself, in place of what masters seal"),
    ] = ()
    template_functions: Annotated[
        tuple[str, ...],
        Meta(description="functions that templates may call although they can change the host"),
    ] = ()
    tree_modules: Annotated[
        bool, Meta(description="run the code in _modules/ and _states/ of published state trees")
    ] = False
    basket_functions: Annotated[
        dict[str, Any],
        Meta(description="values that this host shares, besides those that its settings declare"),
    ] = {}
    strict: Annotated[bool, Meta(description="what Salt lets pass in a .sls tree is an error")] = (
        False
    )
    guards: Annotated[
        Literal["salt", "strict"],
        Meta(description="strict: a boolean as onlyif or unless counts in a .sls tree too"),
    ] = "salt"
    failhard: Annotated[
        bool, Meta(description="a run of states stops after the first that fails")
    ] = False
    parallel: Annotated[
        int, Meta(ge=1, le=256, description="states with `parallel` that run at the same time")
    ] = 4
    options: Annotated[
        dict[str, Any], Meta(description="what templates see in `opts` and config.get finds")
    ] = {}
    jinja_env: Annotated[
        dict[str, Any], Meta(description="Jinja's settings for sources, such as trim_blocks")
    ] = {}
    jinja_sls_env: Annotated[
        dict[str, Any], Meta(description="the same for the files of the tree itself")
    ] = {}
    health_addr: Annotated[
        str, Meta(description="HOST:PORT of /healthz, /readyz and /metrics; empty: none")
    ] = "127.0.0.1:9090"
    log_level: Annotated[
        Literal["error", "warn", "info", "debug"], Meta(description="the least that is logged")
    ] = "info"
    log_format: Annotated[Literal["json", "text"], Meta(description="form of log lines")] = "json"
    max_jobs: Annotated[int, Meta(ge=1, le=1000, description="jobs that run at the same time")] = 10
    max_queue: Annotated[
        int, Meta(ge=0, le=100_000, description="jobs that wait beyond that; more are refused")
    ] = 100
    max_remembered: Annotated[
        int, Meta(ge=100, description="jobs that are remembered, so that none runs twice")
    ] = 50_000
    max_return: Annotated[Size, Meta(description="bytes of a return; larger ones are cut")] = (
        64 * MIB
    )
    spool_max: Annotated[Size, Meta(description="bytes of returns that wait on the disk")] = (
        1024 * MIB
    )
    worker_memory: Annotated[Size, Meta(description="address space of a worker; 0: no limit")] = (
        1024 * MIB
    )
    nursery_idle: Annotated[
        Duration, Meta(description="after what time without workers their nursery ends")
    ] = 600.0
    drain_time: Annotated[
        Duration, Meta(description="how long running jobs may go on when the peel is stopped")
    ] = 10.0

    @property
    def auth(self) -> Path:
        """The auth folder, by its default where none is set."""
        if self.auth_dir is not None:
            return self.auth_dir
        return CONTAINER_AUTH if CONTAINER_AUTH.is_dir() else HOST_AUTH


def host_name() -> str:
    """Give this host's full name, as `hostname -f` does; the short one where there is no other."""
    short = socket.gethostname()
    try:
        found = socket.getaddrinfo(short, None, flags=socket.AI_CANONNAME)
    except OSError:
        return short
    return found[0][3] or short


def default_id() -> str:
    """Give the id of a host that was given none: its own name.

    Raises:
        WrongId: the host has no name that an id can be.
    """
    for name in (host_name().lower(), socket.gethostname().lower()):
        try:
            return check_peel_id(name)
        except BadId as error:
            problem = error
    raise WrongId(
        f"this host's name cannot be its id: {problem.message}",
        hint="give one with --id, or as `id:` in the configuration",
    )


def running_id(given: str, joined: str) -> tuple[str, str]:
    """Give the id under which a peel runs, and a warning or nothing.

    `--id %H` of a systemd unit gives the host's name as it is spelt: it is taken in lower case.

    Args:
        given: by file or flag; may be empty.
        joined: under which this host joined its site.

    Raises:
        BadId: it is none.
        WrongId: it is not the one under which this host joined.
    """
    name, warning = given or joined, ""
    if name != name.lower() and name.lower() in _names_of_host():
        warning = f"the id {name!r} is taken as {name.lower()!r}: ids have no upper case"
        name = name.lower()
    check_peel_id(name)
    if name != joined:
        raise WrongId(
            f"this host joined as {joined!r}, and cannot run as {name!r}",
            hint=f"leave the id out, or join again: zester-peel keys --id {name}",
        )
    return name, warning


def _names_of_host() -> set[str]:
    return {socket.gethostname().lower(), host_name().lower()}
