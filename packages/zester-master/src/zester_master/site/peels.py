"""Peels: from the line that a peel prints to the file with which it joins (bus.md 2)."""

from pathlib import Path

from zester_master.site.layout import AuthPaths, Commons, auth_folder
from zester_master.site.masters import load_commons
from zester_master.site.users import PEEL_DAYS, peel_jwt
from zester_proto.identity.joining import (
    JoinError,
    PeelKeys,
    install,
    load_keys,
    new_keys,
    read_line,
)
from zester_proto.identity.keyfile import read_key, read_seed
from zester_proto.identity.nkeys import NKey
from zester_proto.ids import check_peel_id
from zester_proto.messages.trust import JoinBundle
from zester_proto.permissions import Role


class Admission:
    """What a master holds that may admit peels: the site's public part and two keys.

    Attributes:
        commons: record, CA and trust of the site.
        signer: the scoped key of role `peel`, which lets them onto the bus.
        admitting: the masters' common key, which has secrets sealed for them.
    """

    def __init__(self, commons: Commons, signer: NKey, admitting: bytes) -> None:
        self.commons = commons
        self.signer = signer
        self.admitting = admitting

    @classmethod
    def load(cls, folder: Path) -> "Admission":
        """Read it from a site's folder or the auth folder of a master.

        Raises:
            FileProblem: a file is missing, damaged or open to others.
            TrustError: the trust bundles are not valid.
        """
        auth = auth_folder(folder)
        paths = AuthPaths(auth)
        signer = read_seed(paths.scoped_seed(Role.PEEL), "account")
        return cls(load_commons(auth), signer, read_key(paths.settings_key, "settings"))

    def jwt(
        self, peel_id: str, *, nkey: str, box: bytes, now: float, days: float = PEEL_DAYS
    ) -> str:
        """Sign the user JWT of a peel.

        Raises:
            BadId: the id is none.
        """
        return peel_jwt(
            self.commons.record, self.signer, now,
            peel_id=peel_id, public=nkey, box=box, admitting=self.admitting, days=days,
        )  # fmt: skip

    def admit(
        self,
        line: str,
        *,
        now: float,
        peel_id: str = "",
        nats_url: str = "",
        days: float = PEEL_DAYS,
    ) -> JoinBundle:
        """Give the file with which the peel whose line this is joins; it holds no secret.

        Args:
            line: as `zester-peel keys` printed it.
            now: Unix time.
            peel_id: refuse a line for another id, where given.
            nats_url: how the peel reaches the bus, where not as the site's record says.
            days: how long the JWT holds.

        Raises:
            JoinError: the line is not valid, or is for another id.
        """
        request = read_line(line)
        if peel_id and request.id != check_peel_id(peel_id):
            raise JoinError(f"the line is that of {request.id!r}, not of {peel_id!r}")
        jwt = self.jwt(request.id, nkey=request.nkey, box=request.box, now=now, days=days)
        return self._bundle(request.id, jwt, nats_url)

    def _bundle(self, peel_id: str, jwt: str, nats_url: str) -> JoinBundle:
        record, ca, trust = self.commons
        return JoinBundle(
            id=peel_id,
            site=record.site,
            root=trust.root,
            jwt=jwt,
            nats_url=nats_url or record.nats_url,
            cas=(ca.decode(),),
            bundles=trust.essential(),
        )

    def admit_with_key(
        self, peel_id: str, folder: Path, *, now: float, nats_url: str = "", days: float = PEEL_DAYS
    ) -> PeelKeys:
        """Make keys and auth folder of a peel here: for `dev` and containers alone.

        A peel's key should be made on its host and never leave it.

        Args:
            peel_id: the peel's id.
            folder: becomes its auth folder.
            now: Unix time.
            nats_url: how the peel reaches the bus, where not as the site's record says.
            days: how long the JWT holds.

        Raises:
            BadId: the id is none.
            JoinError: the folder holds another identity.
            FileProblem: a file cannot be written.
        """
        check_peel_id(peel_id)
        keys = load_keys(folder) or new_keys()
        public, box = keys.nkey.public, keys.box.public
        jwt = self.jwt(peel_id, nkey=public, box=box, now=now, days=days)
        install(folder, self._bundle(peel_id, jwt, nats_url), keys)
        return keys
