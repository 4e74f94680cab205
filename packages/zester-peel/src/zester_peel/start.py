"""From a configuration to a running agent."""

import asyncio

from zester_peel.agent import Agent
from zester_peel.alone import locked
from zester_peel.config import PeelConfig, running_id
from zester_proto.identity.joining import PeelIdentity, load_identity
from zester_proto.link.options import parse_servers
from zester_proto.logs import Log, setup
from zester_proto.secrets.cores import no_cores
from zester_proto.secrets.masker import Masker


def run(config: PeelConfig) -> int:
    """Run the agent until it is told to stop, and give the exit code.

    Raises:
        ZesterError: this host is not in order: id, keys, folders, addresses.
    """
    no_cores()
    masker = Masker()
    setup(config.log_level, config.log_format, masker=masker)
    identity = load_identity(config.auth)
    peel_id, warning = running_id(config.id, identity.id)
    if warning:
        Log("zester.peel", {"peel_id": peel_id}).warn(warning)
    parse_servers(config.nats_url or (identity.site.nats_url,))
    with locked(config.state_dir):
        asyncio.run(_run(config, identity, masker))
    return 0


async def _run(config: PeelConfig, identity: PeelIdentity, masker: Masker) -> None:
    agent = Agent(config, identity, masker)
    agent.recover()
    await agent.run()
