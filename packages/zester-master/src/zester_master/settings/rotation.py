"""`zester-master settings rotate-key`: another settings key, one step at each call.

Masters open with every key that they hold, and seal with one. So the new one is first made known to
all of them, then each seals with it, then what the old one sealed is sealed anew, and the old one
goes. Each step looks at what is there: whoever was interrupted, calls it again.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from zester_master.beat import beats
from zester_master.buckets import link_options
from zester_master.config import MasterConfig
from zester_master.fleet.shared import shared_aad
from zester_master.journal import STREAM, said_by
from zester_master.secrets.record import PREFIX as SECRETS
from zester_master.secrets.record import secret_aad
from zester_master.secrets.usage import notes
from zester_master.site.admitted import NotAdmitted, admitted_box, admitted_tag
from zester_master.site.keyring import key_name
from zester_master.site.layout import AuthPaths, SiteRecord, read_site
from zester_master.site.masters import MasterKeys, load_master_keys
from zester_master.site.revocations import BUCKET, revocation_aad
from zester_master.site.revocations import PREFIX as REVOCATIONS
from zester_master.site.vouched import KEY as VOUCHED
from zester_master.site.vouched import read_vouched, write_vouched
from zester_proto.codec import decode, encode
from zester_proto.errors import BadId, CodecError
from zester_proto.identity.creds import read_creds
from zester_proto.identity.jwt import BadJwt, UserChain, verify_user
from zester_proto.identity.keyfile import write_key
from zester_proto.identity.sealing import SealError, open_with, seal_with
from zester_proto.ids import from_token
from zester_proto.link import NatsLink, WrongRevision, kv
from zester_proto.link.jsapi import Entry
from zester_proto.link.kv import store
from zester_proto.messages.presence import Facts, MasterBeat
from zester_proto.messages.records import Audit
from zester_proto.permissions import Role
from zester_proto.subjects import audit

PATIENCE: Final = 30.0
"""Seconds that the master which publishes has to seal all bundles anew."""

_POLL: Final = 1.0
_SHARED: Final = "store."
_TRIES: Final = 10


class Step(NamedTuple):
    """What was done, and what is to be done next."""

    text: str
    done: bool = True
    """False where something has to happen elsewhere before the step can be taken."""


class _Here(NamedTuple):
    link: NatsLink
    paths: AuthPaths
    site: SiteRecord
    keys: MasterKeys
    master: str
    beats: list[MasterBeat]

    def lacking(self, holds: Callable[[tuple[str, ...]], bool]) -> list[str]:
        """Give the living masters whose keys are not so."""
        return sorted(one.name for one in self.beats if not holds(one.settings_keys))


async def rotate(config: MasterConfig, *, begin: bool = False) -> Step:
    """Take the next step of a rotation.

    Args:
        config: of the master on which this runs.
        begin: make a key to come, where nothing is under way.

    Raises:
        LinkError: the bus cannot be reached, or does not store something.
        FileProblem: the auth folder is not in order.
    """
    paths = AuthPaths(config.auth)
    async with NatsLink(link_options(config)) as link:
        await link.connect_once()
        here = _Here(
            link, paths, read_site(config.auth), load_master_keys(paths),
            read_creds(paths.creds).name, await beats(link),
        )  # fmt: skip
        under_way = bool(here.keys.also)
        if under_way and not here.beats:
            return Step(
                "No master runs, so what they can open cannot be known.\n"
                "Start them, and call this again.",
                done=False,
            )
        if here.keys.settings_next is not None:
            return await _switch(here, here.keys.settings_next)
        if here.keys.settings_old is not None:
            return await _finish(here, here.keys.settings_old)
        if begin:
            return await _begin(here)
    return Step(
        f"No rotation is under way on {here.master}; --begin makes the key to come. It is begun on "
        "one master, and carried to the others."
    )


async def _begin(here: _Here) -> Step:
    _write(here.paths.settings_next, secrets.token_bytes(32), here.paths.settings_key)
    await _tell(here, "begun")
    others = [one.name for one in here.beats if one.name != here.master]
    carry = f"Carry it to the auth folder of {', '.join(sorted(others))}. " if others else ""
    return Step(
        f"{here.paths.settings_next} is the key to come.\n{carry}"
        "Restart every master, so that each can open with it, and call this again."
    )


def _write(path: Path, key: bytes, like: Path) -> None:
    """Write a key for whoever owns the present one: root types this, and a master may be no root.

    Raises:
        FileProblem: it cannot be written.
    """
    write_key(path, "settings", key)
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


async def _switch(here: _Here, new: bytes) -> Step:
    """Seal with the new key from here on, once all can open what it seals."""
    lacking = here.lacking(lambda names: key_name(new) in names)
    if lacking:
        return Step(
            f"{', '.join(lacking)} cannot open with {here.paths.settings_next.name} yet.\n"
            f"Carry {here.paths.settings_next} to the auth folder there, restart that master, and "
            "call this again.",
            done=False,
        )
    # in this order: between the two the new key opens and does not seal, as before
    if here.keys.settings != new:
        _write(here.paths.settings_old, here.keys.settings, here.paths.settings_key)
    here.paths.settings_next.replace(here.paths.settings_key)
    await _tell(here, "switched")
    others = sorted(one.name for one in here.beats if one.name != here.master)
    also = f"Call this on {', '.join(others)} too. " if others else ""
    return Step(
        f"{here.master} seals with the new key once it was restarted.\n{also}Restart every master, "
        "and call this again."
    )


async def _finish(here: _Here, old: bytes) -> Step:
    """Have nothing left that the old key opens, and let go of it."""
    new = here.keys.settings
    lacking = here.lacking(lambda names: names[:1] == (key_name(new),))
    if lacking:
        return Step(
            f"{', '.join(lacking)} does not seal with the new key yet.\n"
            "Call this there and restart that master, then call this again.",
            done=False,
        )
    admitted = await _vouch(here)
    count = await _seal_anew(here.link, new, old)
    left = await _bundles_left(here, old)
    if left:
        return Step(
            f"{count} values are sealed anew; the bundles of {len(left)} peels are not yet: "
            f"{', '.join(left[:5])}.\nThe master that publishes the settings does that: "
            "zester tree status says what keeps it. Call this again.",
            done=False,
        )
    here.paths.settings_old.unlink()
    await _tell(here, "finished")
    return Step(
        f"{count} values are sealed anew, {admitted} peels stay admitted, and "
        f"{here.paths.settings_old.name} is gone here.\n"
        "Call this on every other master, and restart all once more: then the old key opens "
        "nothing.\nWho had the old key had the secrets, too: give each another value "
        "(zester-master secret rotate NAME)."
    )


async def _vouch(here: _Here) -> int:
    """Write down the new key's word for all peels that stand; give how many."""
    keys, site, now = here.keys, here.site, time.time()
    chain = UserChain(account=site.accounts["PEELS"], issuers=frozenset({site.scoped[Role.PEEL]}))
    known = await read_vouched(here.link, now)
    tags: set[str] = set()
    for entry in (await kv.get_many(here.link, "facts")).values():
        try:
            from_token(entry.key)
            jwt = decode(entry.value, Facts).jwt
            claims = verify_user(jwt, chain, name=entry.key, now=now)
            box = admitted_box(keys.settings, site.site, claims, keys.also, known)
        except (BadId, CodecError, BadJwt, NotAdmitted):
            continue  # nobody seals for it today either
        tags.add(admitted_tag(keys.settings, site.site, claims.name, claims.sub, box))
    await write_vouched(here.link, tags, now)
    return len(tags)


def sealed_aad(key: str) -> bytes | None:
    """Give what binds a value of the bucket `site` to its key; None where it is not sealed."""
    if key.startswith(SECRETS):
        return secret_aad(key)
    if key.startswith(REVOCATIONS):
        return revocation_aad(key)
    if key.startswith(_SHARED) and not key.startswith(VOUCHED):
        return shared_aad(key)
    return None


async def _seal_anew(link: NatsLink, new: bytes, old: bytes) -> int:
    """Seal with the new key what only the old one opens; give how many values that were."""
    count = 0
    for key in await kv.keys(link, BUCKET):
        aad = sealed_aad(key)
        if aad is not None and await _one_anew(link, key, aad, (new, old)):
            count += 1
            await kv.purge(link, BUCKET, key, keep=1)  # the bucket has a history
    return count


async def _one_anew(link: NatsLink, key: str, aad: bytes, keys: tuple[bytes, bytes]) -> bool:
    for _ in range(_TRIES):
        entry = await kv.get(link, BUCKET, key, fresh=True)
        if entry is None or _opens(keys[0], aad, entry):
            return False
        try:
            plain = open_with(keys[1], aad, entry.value)
        except SealError:
            return False  # of neither key: a thing that masters complain of
        try:
            await kv.update(link, BUCKET, key, seal_with(keys[0], aad, plain), entry.revision)
        except WrongRevision:
            continue
        return True
    raise WrongRevision(f"others keep changing {key}")


def _opens(key: bytes, aad: bytes, entry: Entry) -> bool:
    try:
        open_with(key, aad, entry.value)
    except SealError:
        return False
    return True


async def _bundles_left(here: _Here, old: bytes) -> list[str]:
    """Wait until no bundle is left of the old key's; give the peels of those that are."""
    until, site = time.monotonic() + PATIENCE, here.site.site
    while True:
        old_ones = await notes(here.link, old, site)
        if not old_ones or time.monotonic() > until:
            return sorted(old_ones)
        await asyncio.sleep(_POLL)


async def _tell(here: _Here, what: str) -> None:
    entry = Audit(
        area="settings-key", what=what, time=time.time(), master=here.master,
        data={"by": said_by(here.master)},
    )  # fmt: skip
    await store(here.link, STREAM, audit("settings-key", what), encode(entry))
