"""`zester-master peel revoke`: let a peel in no more, and say which secrets it may have read."""

import asyncio
import time
from typing import Final, NamedTuple

from zester_master.buckets import link_options
from zester_master.config import MasterConfig
from zester_master.files.scan import scan
from zester_master.journal import STREAM, said_by
from zester_master.secrets.usage import notes, uses
from zester_master.settings.local import read
from zester_master.site.layout import AuthPaths, SiteRecord, read_site
from zester_master.site.masters import MasterKeys, load_master_keys
from zester_master.site.revocations import BUCKET, Revocation, change, revocation_key
from zester_master.site.revocations import opened_revocation as opened
from zester_proto.codec import decode, encode
from zester_proto.errors import BadId, CodecError, ZesterError
from zester_proto.identity.creds import read_creds
from zester_proto.identity.jwt import BadJwt, UserChain, box_of, verify_user
from zester_proto.ids import check_peel_id, from_token, token
from zester_proto.link import NatsLink, kv
from zester_proto.link.kv import store
from zester_proto.messages.presence import Facts
from zester_proto.messages.records import Audit
from zester_proto.permissions import Role
from zester_proto.subjects import audit
from zester_proto.units import did_you_mean

PATIENCE: Final = 15.0
"""Seconds that masters have to bring it to the servers, before the command says they did not."""

_POLL: Final = 0.2


class Done(NamedTuple):
    """What came of it."""

    record: Revocation
    in_force: bool
    """No server lets its known keys in any more; or none is known."""
    secrets: tuple[str, ...]
    """Names of those that its settings held, as far as this master's folders are what it got."""


class _Keys(NamedTuple):
    nkeys: tuple[str, ...] = ()
    boxes: tuple[bytes, ...] = ()


async def revoke(
    config: MasterConfig, peel_id: str, *, why: str = "", unseen: bool = False
) -> Done:
    """Revoke a peel.

    Args:
        config: of the master on which this runs.
        peel_id: who.
        why: for people.
        unseen: no keys of it need to be known: also one that never connected.

    Raises:
        BadId: the id is none.
        ZesterError: no peel of that name was ever seen here.
        LinkError: the bus cannot be reached.
        FileProblem: the auth folder is not in order.
    """
    check_peel_id(peel_id)
    paths, site = AuthPaths(config.auth), read_site(config.auth)
    keyed, master = load_master_keys(paths), read_creds(paths.creds).name
    key, also = keyed.settings, keyed.also
    async with NatsLink(link_options(config)) as link:
        await link.connect_once()
        keys = await _keys(link, site, peel_id)
        before = await kv.get(link, BUCKET, revocation_key(peel_id), fresh=True)
        if not keys.nkeys and before is None and not unseen:
            raise await _unknown(link, peel_id)
        secrets = await _secrets(link, config, keyed, site.site, peel_id)
        now = int(time.time())
        made = Revocation(
            peel=peel_id, at=now, nkeys=dict.fromkeys(keys.nkeys, now), boxes=keys.boxes,
            by=said_by(master), why=why,
        )  # fmt: skip
        record = await change(
            link, key, peel_id, lambda old: old.and_also(made) if old is not None else made, also
        )
        assert record is not None  # there is always something to say
        await _audit(link, master, record)
        in_force = await _in_force(link, keyed, record)
        # what is admitted in this same second would be void as well
        await asyncio.sleep(max(0.0, now + 1 - time.time()))
    return Done(record, in_force, secrets)


async def _keys(link: NatsLink, site: SiteRecord, peel_id: str) -> _Keys:
    """Give the keys that a peel shows beside its facts."""
    entry = await kv.get(link, "facts", token(peel_id), fresh=True)
    if entry is None:
        return _Keys()
    chain = UserChain(account=site.accounts["PEELS"], issuers=frozenset({site.scoped[Role.PEEL]}))
    try:
        jwt = decode(entry.value, Facts).jwt
        claims = verify_user(jwt, chain, name=token(peel_id), now=0)
        return _Keys((claims.sub,), (box_of(claims),))
    except (CodecError, BadJwt):
        return _Keys()  # nothing that anybody believes


async def _unknown(link: NatsLink, peel_id: str) -> ZesterError:
    known: list[str] = []
    for key in await kv.keys(link, "facts"):
        try:
            known.append(from_token(key))
        except BadId:
            continue
    hint = did_you_mean(peel_id, known)
    hint = hint or "add --unseen to revoke one that was admitted, and never connected"
    return ZesterError(f"no peel {peel_id!r} was ever seen", hint=hint)


async def _secrets(
    link: NatsLink, config: MasterConfig, keys: MasterKeys, site: str, peel_id: str
) -> tuple[str, ...]:
    local, _ = read(scan(config.settings_trees))
    noted = await notes(link, keys.settings, site, keys.also)
    found = uses(local.tree, noted, keys.settings)
    return tuple(sorted(name for name, use in found.items() if peel_id in use.peels))


async def _audit(link: NatsLink, master: str, record: Revocation) -> None:
    entry = Audit(
        area="peel", what="revoked", time=time.time(), master=master, peel=record.peel,
        data={"by": record.by, "why": record.why, "nkeys": " ".join(record.nkeys)},
    )  # fmt: skip
    await store(link, STREAM, audit("peel", "revoked", record.peel), encode(entry))


async def _in_force(link: NatsLink, keys: MasterKeys, record: Revocation) -> bool:
    """Wait until masters brought it to the servers; say whether they did."""
    name, until = revocation_key(record.peel), time.monotonic() + PATIENCE
    while record.nkeys and time.monotonic() < until:
        entry = await kv.get(link, BUCKET, name, fresh=True)
        if entry is not None and opened(keys.settings, name, entry.value, keys.also).pushed:
            return True
        await asyncio.sleep(_POLL)
    return not record.nkeys
