"""Canaries: values planted as secrets and settings are found neither in the store nor on the bus.

What proves rows of docs/threat-model.md is named there.
"""

import contextlib
import itertools
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from nats.aio.msg import Msg

from zester_master.secrets.record import SecretRecord
from zester_master.secrets.store import SecretStore
from zester_proto.codec import decode
from zester_proto.identity.claims import Subjects
from zester_proto.identity.creds import Credentials, make_credentials
from zester_proto.identity.jwt import sign_jwt
from zester_proto.identity.keyfile import read_seed
from zester_proto.identity.sealing import SealError, open_from, open_with
from zester_proto.ids import token
from zester_proto.link import PermissionDenied, chunks, kv
from zester_proto.messages.settings import (
    BUNDLES,
    FILES,
    SealedBundle,
    SettingsBundle,
    bundle_aad,
    file_aad,
)
from zester_proto.secrets.forms import forms_of
from zester_testing.masters import Master, Operator, eventually
from zester_testing.sealed_peel import SealedPeel, contents
from zester_testing.site import Bus

STORED, LITERAL, UNMARKED = "canary-stored-5512", "canary-literal-9023", "canary-unmarked-3781"
REPLACED = "canary-replaced-6604"
CONTROL = "control-that-is-found"
"""Planted in clear, so that a search that finds nothing would be noticed."""

NAMES = ("web-1", "web-2", "db-1")
TREE = {
    "top.sls": "base:\n  '*': [common]\n  'web-*': [web]\n  'L@web-1': [own]\n  'db-1': [db]\n",
    "common.sls": "port: 80\n",
    "web.sls": f"plain: {UNMARKED}\nkey: {{{{ secret('db/password') }}}}\n",
    "own.sls": f'literal: !encrypted "{LITERAL}"\n',
    "db.sls": "also: !secret db/password\nmine: {% include 'part.txt' %}\n",
    "part.txt": f"{UNMARKED}\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir()
    for path, text in TREE.items():
        (folder / path).write_text(text)
    return folder


class Stage(NamedTuple):
    """A master, an operator, three peels with settings, and somebody who hears all of it."""

    master: Master
    operator: Operator
    peels: dict[str, SealedPeel]
    heard: list[Msg]


def listener(bus: Bus) -> Credentials:
    """Make a user that hears all that passes in account ZESTER, as somebody at the server may."""
    who = bus.site.master.credentials
    signer = read_seed(bus.site.offline.signer_seed("ZESTER"), "account")
    everything = Subjects(allow=(">",))
    nats = msgspec.structs.replace(who.claims.nats, pub=everything, sub=everything)
    claims = msgspec.structs.replace(who.claims, nats=nats)
    return make_credentials(sign_jwt(claims, signer), who.key)


@contextlib.asynccontextmanager
async def staged(bus: Bus, tree: Path, folder: Path) -> AsyncGenerator[Stage]:
    heard: list[Msg] = []

    async def hear(message: Msg) -> None:
        heard.append(message)

    async with contextlib.AsyncExitStack() as stack:
        client = await bus.connect(listener(bus))
        stack.push_async_callback(client.close)
        await client.subscribe(">", cb=hear)  # pyright: ignore[reportUnknownMemberType]
        master = await stack.enter_async_context(Master.up(bus, settings_dir=tree))
        context = master.context
        store = SecretStore(context.link, context.keys.settings, "master-1", time.time)
        record = SecretRecord(name="db/password", value=REPLACED, changed=1.0)
        await store.put(record, None)
        kept = await store.get("db/password")
        new = SecretRecord(name="db/password", value=STORED, changed=2.0)
        await store.put(new, kept)
        await kv.put(context.link, "site", "control", CONTROL.encode())
        peels = {
            name: await stack.enter_async_context(SealedPeel.up(bus, name, folder))
            for name in NAMES
        }
        await master.sees(*NAMES)
        operator = await stack.enter_async_context(Operator.up(bus))
        for peel in peels.values():
            await peel.settled(master)
        yield Stage(master, operator, peels, heard)


def bundle(stage: Stage, name: str) -> SettingsBundle:
    found = stage.peels[name].keeper.bundle
    assert found is not None
    return found


async def test_no_canary_lies_in_the_store_or_passes_the_bus_in_any_form(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with staged(own_bus, tree, tmp_path) as stage:
        told = await stage.operator.run("*", "test.echo", kwargs={"key": "secret:db/password"})
        assert told.outcomes == dict.fromkeys(sorted(NAMES), "ok")
        # it is there for those who may
        assert bundle(stage, "web-1").secrets.items() >= {("db/password", STORED)}
        assert LITERAL in bundle(stage, "web-1").secrets.values()
        text = await contents(stage.master, bundle(stage, "web-1"), "web.sls")
        assert UNMARKED.encode() in text
        passed = [one.data for one in stage.heard]

    files = [one for one in (own_bus.site.paths.root / "nats").rglob("*") if one.is_file()]
    stored = [one.read_bytes() for one in files]
    assert any(CONTROL.encode() in one for one in stored)
    assert any(CONTROL.encode() in one for one in passed)
    for canary in (STORED, LITERAL, UNMARKED, REPLACED):
        for form in forms_of(canary):
            assert not any(form in one for one in (*stored, *passed)), form
    for path in TREE.keys() - {"top.sls"}:  # not even the names of files are told
        assert not any(path.encode() in one for one in stored)


async def test_no_peel_gets_at_what_is_another_ones(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with staged(own_bus, tree, tmp_path) as stage:
        link, site = stage.master.context.link, stage.master.context.site
        files = {
            key: entry.value
            for key in await kv.keys(link, FILES)
            if key.count(".") == 1 and (entry := await chunks.read(link, FILES, key)) is not None
        }
        for mine, theirs in itertools.permutations(NAMES, 2):
            peel, key = stage.peels[mine].raw, token(theirs)
            for name in (key, f"{key}.1"):
                with pytest.raises(PermissionDenied):
                    await kv.get(peel.link, BUNDLES, name, seconds=2.0)
            with pytest.raises(PermissionDenied):
                await kv.put(peel.link, BUNDLES, key, b"", seconds=2.0)
            entry = await kv.get(link, BUNDLES, key)
            assert entry is not None
            sealed = decode(entry.value, SealedBundle).sealed
            for owner in (mine, theirs):
                with pytest.raises(SealError):
                    open_from(peel.identity.box, bundle_aad(site, owner), sealed)
        for name in NAMES:
            own = bundle(stage, name)
            may = {row.stored for row in own.files}
            assert len(may) < len(files)
            for stored, row in itertools.product(files.keys() - may, own.files):
                with pytest.raises(SealError):
                    open_with(row.key, file_aad(site, stored), files[stored])


async def test_who_is_shut_out_loses_its_settings_and_what_it_read_gets_other_keys(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with staged(own_bus, tree, tmp_path) as stage:
        context, before = stage.master.context, bundle(stage, "web-1")
        lost = bundle(stage, "web-2")
        await stage.master.agent.quarantine.add("web-2", "a test")

        async def is_gone() -> bool:
            return await kv.get(context.link, BUNDLES, token("web-2")) is None

        await eventually(is_gone, "its bundle is taken away")
        after = await stage.peels["web-1"].settled(stage.master, before.generation)
        for row in lost.files:
            new = next(one for one in after.files if one.path == row.path)
            entry = await chunks.read(context.link, FILES, new.stored)
            assert entry is not None
            with pytest.raises(SealError):
                open_with(row.key, file_aad(context.site, new.stored), entry.value)
