"""Whoever has the signing key of peels gets onto the bus in their names, and reads nothing."""

import shutil
import time
from pathlib import Path

import msgspec
import pytest

from zester_master.site.admitted import TAG
from zester_master.site.users import peel_jwt
from zester_proto.identity.creds import make_credentials
from zester_proto.identity.joining import PeelIdentity, new_keys
from zester_proto.identity.jwt import sign_jwt
from zester_proto.link import chunks
from zester_proto.messages.settings import BUNDLES
from zester_proto.permissions import Role
from zester_testing.masters import Master, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.sealed_peel import SealedPeel
from zester_testing.site import Bus

CODE, METRIC = "peel-not-admitted", "zester_peel_keys_refused_total"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "top.zy").write_text("base:\n  'web-*': [web]\n")
    (folder / "web.zy").write_text('key: !encrypted "canary-5512"\n')
    return folder


def forged(bus: Bus, peel_id: str, *, like: PeelIdentity | None = None) -> PeelIdentity:
    """Make a peel as whoever stole the signing key makes it, with an admission seen elsewhere."""
    keys, site = new_keys(), bus.site
    signer = site.master.keys.scoped[Role.PEEL]
    jwt = peel_jwt(
        site.master.commons.record, signer, time.time(), peel_id=peel_id,
        public=keys.nkey.public, box=keys.box.public, admitting=b"what a thief does not have",
    )  # fmt: skip
    made = make_credentials(jwt, keys.nkey)
    if like is not None:
        nats = made.claims.nats
        seen = [tag for tag in like.credentials.claims.nats.tags if tag.startswith(TAG)]
        nats = msgspec.structs.replace(nats, tags=(*nats.tags, *seen))
        jwt = sign_jwt(msgspec.structs.replace(made.claims, nats=nats), signer)
        made = make_credentials(jwt, keys.nkey)
    known = like or site.peel("another-1")
    return known._replace(id=peel_id, credentials=made, box=keys.box)


async def test_keys_that_no_master_admitted_get_nothing_and_the_true_peel_goes_on(
    own_bus: Bus, tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):
        first = await web.settled(master)
        thief = forged(own_bus, "web-1", like=web.raw.identity)
        guest = forged(own_bus, "web-2")
        async with (
            RawPeel.up(own_bus, "web-1", identity=thief, role="web"),
            RawPeel.up(own_bus, "web-2", identity=guest),
        ):
            await eventually(lambda: master.metric(METRIC) >= 2, "both are refused")
            (tree / "web.zy").write_text('key: !encrypted "canary-7734"\n')
            second = await web.settled(master, after=first.generation)

        assert list(second.secrets.values()) == ["canary-7734"]
        assert master.context.boxes.public("web-1") == web.raw.identity.box.public
        assert master.context.index.get("web-1") == {}
        assert "web-2" not in master.context.index
        assert await chunks.read(master.context.link, BUNDLES, "web-2") is None
        assert "web-1, web-2" in master.conditions()[CODE]
    assert "keys of a peel are refused" in caplog.text


async def test_other_keys_hold_once_the_host_is_admitted_again(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with Master.up(own_bus, settings_dir=tree) as master:
        async with SealedPeel.up(own_bus, "web-1", tmp_path) as web:
            first = await web.settled(master)
            old = web.raw.identity.box.public
        shutil.rmtree(own_bus.site.peel_folder("web-1"))
        async with SealedPeel.up(own_bus, "web-1", tmp_path / "anew") as web:
            await web.settled(master, after=first.generation)

            assert master.context.boxes.public("web-1") not in {None, old}
            assert CODE not in master.conditions()


async def test_a_host_whose_own_keys_were_refused_is_told_of_until_it_is_admitted(
    own_bus: Bus, tree: Path
) -> None:
    async with Master.up(own_bus, settings_dir=tree) as master:
        late = forged(own_bus, "web-1")
        async with RawPeel.up(own_bus, "web-1", identity=late) as peel:
            await eventually(lambda: CODE in master.conditions(), "its keys are refused")
            jwt = peel_jwt(
                own_bus.site.master.commons.record, own_bus.site.master.keys.scoped[Role.PEEL],
                time.time(), peel_id="web-1", public=late.credentials.key.public,
                box=late.box.public, admitting=own_bus.site.master.keys.settings,
            )  # fmt: skip
            peel.identity = late._replace(credentials=make_credentials(jwt, late.credentials.key))
            await peel.put_facts()
            await eventually(lambda: CODE not in master.conditions(), "it is admitted")
            assert "web-1" in master.context.index
