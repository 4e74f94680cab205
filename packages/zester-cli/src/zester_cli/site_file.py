"""`operator.yaml` as the configuration reader knows it, for files that people wrote."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from zester_cli.errors import UsageError
from zester_proto import config
from zester_proto.errors import ZesterError


class SiteFile(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of `operator.yaml`; paths are relative to the file's folder."""

    name: Annotated[str, Meta(description="the operator's name")]
    nats_url: Annotated[tuple[str, ...], Meta(description="NATS servers")]
    creds: Annotated[Path, Meta(description="the operator's credentials")]
    ca: Annotated[Path, Meta(description="CA of the NATS servers")]
    trust_dir: Annotated[Path, Meta(description="the pinned root and the trust bundles")]


def read_site_file(path: Path) -> dict[str, str]:
    """Read the five keys.

    Raises:
        UsageError: the file is missing or wrong; the text names the line.
    """
    try:
        found = config.load(SiteFile, path, path, required=True).value
    except ZesterError as error:
        raise UsageError(error.message, hint=error.hint) from error
    return {
        "name": found.name,
        "nats_url": ",".join(found.nats_url),
        "creds": str(found.creds),
        "ca": str(found.ca),
        "trust_dir": str(found.trust_dir),
    }
