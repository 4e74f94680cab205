"""`zester-master buckets`: what differs from the table, and its change on an operator's word."""

import asyncio
import sys

from zester_master.config import MasterConfig
from zester_master.site.layout import AuthPaths, read_site
from zester_proto.buckets import BUCKETS, STREAMS
from zester_proto.link import LinkOptions, NatsLink
from zester_proto.link.streams import Report, ensure


def show(config: MasterConfig, *, adjust: bool) -> int:
    """Make what is missing, say what differs, and change it if asked; 1 if anything is left.

    Raises:
        ZesterError: there is no bus, or the auth folder is not in order.
    """
    report = asyncio.run(_ensure(config, adjust=adjust))
    for name in report.created:
        sys.stdout.write(f"{name}: made\n")
    for drift in report.adjusted:
        sys.stdout.write(f"{drift.name}: {drift.field} was {drift.have}, is now {drift.want}\n")
    for drift in report.drifts:
        sys.stdout.write(f"{drift.name}: {drift.field} is {drift.have}, should be {drift.want}\n")
    for condition in report.conditions:
        sys.stdout.write(f"{condition.text}\n  {condition.remedy}\n")
    if report.drifts and not adjust:
        sys.stdout.write("--adjust changes these; what no longer fits may be lost by it\n")
    if not (report.drifts or report.conditions):
        sys.stdout.write(
            f"{len(BUCKETS)} buckets and {len(STREAMS)} streams are as they should be\n"
        )
    return 1 if report.drifts or report.conditions else 0


async def _ensure(config: MasterConfig, *, adjust: bool) -> Report:
    async with NatsLink(link_options(config)) as link:
        await link.connect_once()
        return await ensure(link, config.jetstream_replicas or 1, adjust=adjust)


def link_options(config: MasterConfig) -> LinkOptions:
    """Give how a master connects to account ZESTER."""
    paths = AuthPaths(config.auth)
    return LinkOptions(
        urls=config.nats_url or (read_site(config.auth).nats_url,),
        creds=paths.creds,
        ca=config.nats_ca or paths.ca,
    )
