"""Settings that this host's agent keeps, for a local call: they need the peel's own key."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from zester_modules.states.trees import SealedSettings, Trees
from zester_proto.errors import ZesterError

if TYPE_CHECKING:
    from zester_proto.messages.settings import SettingsBundle


def with_kept(trees: Trees | None, state_dir: Path, auth: Path) -> Trees | None:
    """Give a call the settings that an agent kept, if there is one; else the trees as they are.

    Where they are there and cannot be read, who looks at settings is refused: nobody is given none
    in their place.

    Args:
        trees: of the command line, without settings.
        state_dir: the agent's.
        auth: folder of its keys.
    """
    base = trees or Trees()
    folder = state_dir / "settings"
    try:
        data = (folder / "bundle").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return trees
    except OSError as error:
        return _unsettled(base, f"{folder} cannot be read: {error.strerror}")
    try:
        bundle = _opened(data, auth)
    except ZesterError as error:
        return _unsettled(base, error.message)
    sealed = SealedSettings(bundle=bundle, folder=str(folder / "files"))
    return msgspec.structs.replace(base, sealed=sealed)


def _opened(data: bytes, auth: Path) -> "SettingsBundle":
    from zester_peel.settings.bundle import checked, unsealed  # noqa: PLC0415  # keys: few need it
    from zester_proto.identity.joining import load_identity  # noqa: PLC0415  # the same

    identity = load_identity(auth)
    site = identity.trust.site
    signed = unsealed(data, site, identity.id, identity.box)
    body, _ = identity.trust.verify_master(signed, "secrets")
    return checked(body, site, identity.id, identity.box)


def _unsettled(trees: Trees, why: str) -> Trees:
    return msgspec.structs.replace(
        trees,
        unsettled=f"this host's agent keeps settings that this call cannot use: {why}",
        unsettled_hint="run it as the agent's user, mostly root; or give --settings DIR, "
        "or --state-dir of no agent",
    )
