"""What an operator can set for a master: the keys of master.yaml, and their flags."""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from zester_master.secrets.sources import sources_of
from zester_proto.messages.settings import Lists
from zester_proto.units import Duration

DEFAULT_FILE: Final = Path("/etc/zester/master.yaml")
CONTAINER_AUTH: Final = Path("/data/auth")
HOST_AUTH: Final = Path("/var/lib/zester/auth")


class EnrollConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The enrolment server."""

    addr: Annotated[str, Meta(description="HOST:PORT of the enrolment server; empty: none")] = ""
    tls_cert: Annotated[Path | None, Meta(description="its certificate")] = None
    tls_key: Annotated[Path | None, Meta(description="its certificate's key")] = None


class MasterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of a master."""

    nats_url: Annotated[
        tuple[str, ...], Meta(description="NATS servers; else as `init` wrote into auth_dir")
    ] = ()
    nats_ca: Annotated[
        Path | None, Meta(description="CA of the NATS servers; else ca.crt in auth_dir")
    ] = None
    auth_dir: Annotated[
        Path | None,
        Meta(description=f"keys and credentials; {CONTAINER_AUTH} if it exists, else {HOST_AUTH}"),
    ] = None
    state_dir: Annotated[
        Path | None, Meta(description="a place for what can be made again; a master needs none")
    ] = None
    states_dir: Annotated[Path, Meta(description="the state tree")] = Path("/srv/zester/states")
    state_roots: Annotated[
        dict[str, tuple[Path, ...]],
        Meta(description="the state trees: environment to folders, the strongest first"),
    ] = {}
    settings_dir: Annotated[Path, Meta(description="the settings tree")] = Path(
        "/srv/zester/settings"
    )
    settings_roots: Annotated[
        dict[str, tuple[Path, ...]],
        Meta(description="the settings trees: environment to folders, the strongest first"),
    ] = {}
    pillar_merge_lists: Annotated[
        bool, Meta(description="lists that two files of the settings have are put together")
    ] = False
    secret_sources: Annotated[
        dict[str, tuple[str, ...]],
        Meta(description="how names of secrets begin: [command|file|environment, ...]"),
    ] = {}
    jetstream_replicas: Annotated[
        int, Meta(ge=1, le=5, description="on how many NATS servers buckets and streams lie")
    ] = 1
    enroll: EnrollConfig = EnrollConfig()
    health_addr: Annotated[
        str, Meta(description="HOST:PORT of /healthz, /readyz and /metrics; empty: none")
    ] = "127.0.0.1:9091"
    log_level: Annotated[
        Literal["error", "warn", "info", "debug"], Meta(description="the least that is logged")
    ] = "info"
    log_format: Annotated[Literal["json", "text"], Meta(description="form of log lines")] = "json"
    groups: Annotated[
        dict[str, str], Meta(description="named targets for N@, each an expression")
    ] = {}
    basket_access: Annotated[
        dict[str, str],
        Meta(description="name of a shared value to the target that may read it; '*': all others"),
    ] = {}
    basket_sources: Annotated[
        dict[str, str],
        Meta(description="name of a shared value to the target whose values count; '*': others"),
    ] = {}
    min_peels: Annotated[
        int, Meta(ge=0, description="with fewer peels present the master is not ready")
    ] = 0
    max_requests: Annotated[
        int, Meta(ge=1, le=10_000, description="requests of operators answered at the same time")
    ] = 256
    drain_time: Annotated[
        Duration, Meta(description="how long requests may go on when the master is stopped")
    ] = 10.0

    def __post_init__(self) -> None:
        """Say early what cannot be.

        Raises:
            BadValue: a source of secrets is none.
        """
        sources_of(self.secret_sources)

    @property
    def trees(self) -> dict[str, tuple[Path, ...]]:
        """The roots of the state trees; `states_dir` is the short form of one for `base`."""
        return self.state_roots or {"base": (self.states_dir,)}

    @property
    def settings_trees(self) -> dict[str, tuple[Path, ...]]:
        """The roots of the settings; `settings_dir` is the short form of one for `base`."""
        return self.settings_roots or {"base": (self.settings_dir,)}

    @property
    def merged_lists(self) -> Lists:
        """What lists do where two files of the settings have one."""
        return "append" if self.pillar_merge_lists else "replace"

    @property
    def auth(self) -> Path:
        """The auth folder, by its default where none is set."""
        if self.auth_dir is not None:
            return self.auth_dir
        return CONTAINER_AUTH if CONTAINER_AUTH.is_dir() else HOST_AUTH
