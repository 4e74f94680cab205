"""From a configuration to a running master."""

import asyncio

from zester_master.agent import Agent
from zester_master.config import MasterConfig
from zester_master.site.masters import load_master
from zester_proto.link.options import parse_servers
from zester_proto.logs import setup
from zester_proto.secrets.cores import no_cores
from zester_proto.secrets.masker import Masker


def run(config: MasterConfig) -> int:
    """Run the master until it is told to stop, and give the exit code.

    Raises:
        ZesterError: this machine is not in order: keys, folders, addresses.
    """
    no_cores()
    masker = Masker()
    setup(config.log_level, config.log_format, masker=masker)
    identity = load_master(config.auth)
    parse_servers(config.nats_url or (identity.commons.record.nats_url,))
    asyncio.run(Agent(config, identity, masker).run())
    return 0
