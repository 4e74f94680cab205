"""Whom the command connects to and believes: wrong servers, wrong files, changed keys."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import pytest

from zester_master.site.issuing import next_bundle, publish_bundle
from zester_proto.codec import encode
from zester_proto.files import write_atomic
from zester_proto.identity.bundle import TrustStore
from zester_proto.identity.signing import SigningKey
from zester_proto.messages.operators import TrustAsk
from zester_proto.messages.trust import MasterKey
from zester_testing.site import Bus, Site
from zester_testing.stage import Asked, StageMaster, stage


@pytest.fixture
async def own_master(own_bus: Bus) -> AsyncGenerator[StageMaster]:
    async with stage(own_bus) as one:
        yield one


def folder_of(master: StageMaster) -> Path:
    return master.bus.site.operator_config().parent


def replace(path: Path, text: bytes) -> None:
    path.write_bytes(text)


def rename_operator(folder: Path) -> None:
    path = folder / "operator.yaml"
    path.write_text(path.read_text().replace('name: "admin"', 'name: "root"'))


WRONG_FILES: list[tuple[Callable[[Path], object], int, str]] = [
    (lambda folder: (folder / "admin.creds").chmod(0o644), 2, "chmod 600"),
    (lambda folder: (folder / "admin.creds").unlink(), 2, "admin.creds"),
    (lambda folder: replace(folder / "admin.creds", b"nonsense"), 2, "no credentials file"),
    (lambda folder: (folder / "trust" / "root.pub").unlink(), 2, "root.pub"),
    (lambda folder: replace(folder / "trust" / "bundle.1", b"\xc1"), 2, "bundle.1"),
    (lambda folder: (folder / "ca.crt").unlink(), 5, "no bus: cannot use the CA"),
    (lambda folder: replace(folder / "ca.crt", b"nonsense"), 5, "no bus: cannot use the CA"),
    (rename_operator, 2, "credentials are those of 'admin'"),
]


@pytest.mark.parametrize(("damage", "code", "text"), WRONG_FILES)
async def test_a_wrong_file_is_one_clear_error(
    own_master: StageMaster, damage: Callable[[Path], object], code: int, text: str
) -> None:
    damage(folder_of(own_master))
    done = await own_master.zester("whoami")
    assert text in done.err
    assert "Traceback" not in done.err
    assert done.code == code
    assert own_master.asked == []


async def test_a_server_of_another_site_is_not_believed(
    own_master: StageMaster, tmp_path: Path
) -> None:
    other = Site.make(tmp_path / "other")
    write_atomic(folder_of(own_master) / "ca.crt", other.ca.read_bytes(), 0o644)
    done = await own_master.zester("whoami")
    assert "not vouched for by our CA" in done.err
    assert done.code == 5


async def test_credentials_of_another_site_are_refused(
    own_master: StageMaster, tmp_path: Path
) -> None:
    other = Site.make(tmp_path / "other").operator_config().with_name("admin.creds")
    write_atomic(folder_of(own_master) / "admin.creds", other.read_bytes(), 0o600)
    done = await own_master.zester("whoami")
    assert "no bus" in done.err
    assert "refuses the credentials of 'admin'" in done.err
    assert done.code == 5


async def test_not_one_byte_of_ours_goes_to_a_server_without_tls(own_master: StageMaster) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","max_payload":1048576}\r\n')
        heard.append(await reader.read(1000))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        path = folder_of(own_master) / "operator.yaml"
        path.write_text(path.read_text().replace(own_master.bus.url, f"nats://127.0.0.1:{port}"))
        done = await own_master.zester("whoami")
    assert "does not speak TLS 1.3" in done.err
    assert done.code == 5
    assert not any(b"CONNECT" in one for one in heard)


def take_new_job_key(bus: Bus, key: SigningKey) -> TrustStore:
    """Issue the next trust bundle, in which `master-1` has another job key."""
    site = bus.site
    bundle = next_bundle(site.offline, time.time())
    keys = (MasterKey(master="master-1", public=key.public),)
    bundle = msgspec.structs.replace(bundle, job_keys=keys)
    return publish_bundle(site.offline, bundle, site.paths.master, time.time())


async def test_rotated_keys_are_learnt_by_walking_the_trust_bundles(
    own_master: StageMaster,
) -> None:
    asked_after: list[int] = []
    mine = TrustStore.load(folder_of(own_master) / "trust").version
    for key in (SigningKey.generate(), SigningKey.generate(), own_master.key):
        take_new_job_key(own_master.bus, key)
    own_master.key = SigningKey.generate()
    trust = take_new_job_key(own_master.bus, own_master.key)

    async def walk(asked: Asked) -> None:
        after = asked.ask(TrustAsk).after
        asked_after.append(after)
        first = len(trust.history) - (trust.version - after)
        await own_master.answer(asked, [encode(one) for one in trust.history[first : first + 2]])

    own_master.handlers["trust"] = walk
    own_master.says("whoami", {"name": "admin"})
    done = await own_master.zester("whoami", "--output", "raw")
    assert (done.out, done.err) == ("admin\n", "")
    assert asked_after[0] == mine
    assert asked_after[-1] == trust.version
    assert TrustStore.load(folder_of(own_master) / "trust").version == trust.version
    again = await own_master.zester("whoami", "--output", "raw")
    assert again.code == 0
    assert own_master.verbs()[-1] == "whoami"


async def test_a_forged_trust_bundle_teaches_nothing(
    own_master: StageMaster, tmp_path: Path
) -> None:
    before = TrustStore.load(folder_of(own_master) / "trust").version
    other = Bus(Site.make(tmp_path / "other"))
    own_master.key = SigningKey.generate()
    try:
        trust = take_new_job_key(other, own_master.key)
    finally:
        other.server.stop()
    own_master.says("trust", [encode(one) for one in trust.history])
    own_master.says("whoami", {"name": "mallory"})
    done = await own_master.zester("whoami")
    assert "not to be believed" in done.err
    assert done.code == 5
    assert TrustStore.load(folder_of(own_master) / "trust").version == before
