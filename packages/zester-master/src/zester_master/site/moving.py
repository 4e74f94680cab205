"""What changes when the bus of a site is reached under another address."""

import msgspec

from zester_master.site.layout import SitePaths, read_site, write_site
from zester_master.site.operators import CONFIG_FILE, config_text
from zester_proto.files import write_atomic


def set_nats_url(paths: SitePaths, url: str) -> None:
    """Write the address of the bus into the master's record and every operator's configuration.

    Peels that joined keep the address in their own configuration.

    Raises:
        FileProblem: a file cannot be read or written.
    """
    write_site(paths.master, msgspec.structs.replace(read_site(paths.master), nats_url=url))
    for path in paths.operators.glob(f"*/{CONFIG_FILE}"):
        write_atomic(path, config_text(path.parent.name, url).encode(), 0o644)
