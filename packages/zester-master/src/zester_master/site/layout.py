"""Where each file of a site lies, and the record from which its accounts can be built again."""

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from zester_proto.errors import FileProblem
from zester_proto.files import read_file, write_atomic
from zester_proto.identity.bundle import TrustStore

SITE_FILE: Final = "site.json"
SITE_FORM: Final = 1


class SiteRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is public of a site: `site.json` in the auth folder of each master.

    Public keys are in the text form of NATS.
    """

    form: int = SITE_FORM
    name: str
    """For people alone."""
    site: str
    operator: str
    operator_signers: tuple[str, ...]
    accounts: dict[str, str]
    """Account name to its key."""
    signers: dict[str, str]
    """SYS and ZESTER to the key that signs their users."""
    scoped: dict[str, str]
    """Role (peel, viewer, operator, admin) to the key that signs its users."""
    nats_url: str


def read_site(folder: Path) -> SiteRecord:
    """Read the record of the site whose master or site folder is given.

    Raises:
        FileProblem: missing or damaged.
    """
    path = folder / SITE_FILE
    try:
        return msgspec.json.decode(read_file(path), type=SiteRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FileProblem(f"{path} is damaged: {error}") from error


def write_site(folder: Path, record: SiteRecord) -> None:
    """Write the record into a folder.

    Raises:
        FileProblem: it cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(record), indent=2)
    write_atomic(folder / SITE_FILE, text + b"\n", 0o644)


class Commons(NamedTuple):
    """What every member of a site is given: nothing of it is secret."""

    record: SiteRecord
    ca: bytes
    trust: TrustStore


class SitePaths(NamedTuple):
    """The folders of `init --dir DIR`."""

    root: Path

    @property
    def offline(self) -> Path:
        """What is taken away from the machine after use."""
        return self.root / "offline"

    @property
    def nats(self) -> Path:
        """What the nats-server needs."""
        return self.root / "nats"

    @property
    def master(self) -> Path:
        """The auth folder of the first master."""
        return self.root / "master"

    @property
    def operators(self) -> Path:
        """One folder for each operator."""
        return self.root / "operators"


class OfflinePaths(NamedTuple):
    """The files of `DIR/offline`, which `--keys` lends to init, add-master and operator add."""

    folder: Path

    @property
    def root_key(self) -> Path:
        """The site root."""
        return self.folder / "root.key"

    @property
    def bundle_key(self) -> Path:
        """The key that signs trust bundles."""
        return self.folder / "bundle.key"

    @property
    def bundle_certificate(self) -> Path:
        """The root's word for the bundle key; public."""
        return self.folder / "bundle.cert"

    @property
    def operator_seed(self) -> Path:
        """The operator of NATS, over all accounts."""
        return self.folder / "operator.seed"

    @property
    def ca_key(self) -> Path:
        """The key of the certificate authority."""
        return self.folder / "ca.key"

    @property
    def ca(self) -> Path:
        """The authority's certificate; public."""
        return self.folder / "ca.crt"

    @property
    def trust(self) -> Path:
        """Every trust bundle that the bundle key signed, so that it signs no version twice."""
        return self.folder / "trust"

    def account_seed(self, account: str) -> Path:
        """The identity of an account; kept for tools of NATS, used by none of ours."""
        return self.folder / "accounts" / f"{account}.seed"

    def signer_seed(self, account: str) -> Path:
        """What signs the users of SYS and ZESTER."""
        return self.folder / "accounts" / f"{account}-signing.seed"


def auth_folder(folder: Path) -> Path:
    """Give the auth folder of a master: the folder itself, or the first master's in a site's.

    Raises:
        FileProblem: it is neither.
    """
    for path in (folder, SitePaths(folder).master):
        if (path / SITE_FILE).exists():
            return path.absolute()
    raise FileProblem(
        f"{folder} is no site folder and no auth folder of a master: it has no {SITE_FILE}",
        hint="make a site with `zester-master init --dir DIR`, or name its folder",
    )


class AuthPaths(NamedTuple):
    """The files of a master's auth folder (`auth_dir`)."""

    folder: Path

    @property
    def creds(self) -> Path:
        """Its user in account ZESTER."""
        return self.folder / "master.creds"

    @property
    def presence_creds(self) -> Path:
        """Its user in account SYS that sees who connects, and nothing else."""
        return self.folder / "presence.creds"

    @property
    def job_key(self) -> Path:
        """What it signs jobs, pages and answers with; made for it alone."""
        return self.folder / "job.key"

    @property
    def return_key(self) -> Path:
        """What opens returns and facts; the masters share it."""
        return self.folder / "return.key"

    @property
    def settings_key(self) -> Path:
        """What secrets at rest are sealed with; the masters share it."""
        return self.folder / "settings.key"

    @property
    def settings_next(self) -> Path:
        """The settings key that is to come, while one is rotated."""
        return self.folder / "settings-next.key"

    @property
    def settings_old(self) -> Path:
        """The settings key that was, until all is sealed anew."""
        return self.folder / "settings-old.key"

    @property
    def ca(self) -> Path:
        """The certificate of the authority; public."""
        return self.folder / "ca.crt"

    @property
    def trust(self) -> Path:
        """The pinned root and the trust bundles; public."""
        return self.folder / "trust"

    def scoped_seed(self, role: str) -> Path:
        """What signs users with the template of a role."""
        return self.folder / "signing" / f"{role}.seed"

    @property
    def operator_signer(self) -> Path:
        """Masters marked `issuer`: what signs account JWTs."""
        return self.folder / "issuer" / "operator-signing.seed"

    @property
    def push_creds(self) -> Path:
        """Masters marked `issuer`: the SYS user that pushes account JWTs."""
        return self.folder / "issuer" / "push.creds"
