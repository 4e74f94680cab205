import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.codec import decode, encode
from zester_proto.errors import BadId, FileProblem
from zester_proto.identity.bundle import TrustStore, certify, following, sign_bundle
from zester_proto.identity.claims import UserClaims, UserNats
from zester_proto.identity.joining import (
    FILE,
    LINE,
    JoinError,
    PeelKeys,
    bundle_text,
    check_bundle,
    install,
    load_identity,
    load_keys,
    new_keys,
    read_bundle,
    read_line,
    request_line,
    save_keys,
)
from zester_proto.identity.jwt import box_tag, sign_jwt
from zester_proto.identity.nkeys import NKey
from zester_proto.identity.sealing import BoxKey
from zester_proto.identity.signing import SigningKey, sign, site_id
from zester_proto.messages.trust import JoinBundle, JoinRequest, Signed, SignedBundle, TrustBundle

KEYS = PeelKeys(NKey("user", b"n" * 32), BoxKey.from_seed(b"b" * 32))
SCOPED = NKey("account", b"s" * 32)
ROOT, NOW = SigningKey.from_seed(b"r" * 32), 1_800_000_000.0
SITE = site_id(ROOT.public)


def trust(root: SigningKey = ROOT, versions: int = 1) -> tuple[SignedBundle, ...]:
    store, key = TrustStore(root.public), SigningKey.from_seed(b"k" * 32)
    certificate = certify(root, key.public, NOW, NOW + 1000)
    for _ in range(versions):
        store.accept(sign_bundle(following(store, NOW), key, certificate))
    return store.history


def jwt(peel_id: str = "web-01", keys: PeelKeys = KEYS, **nats: Any) -> str:
    fields: dict[str, Any] = {"tags": (box_tag(keys.box.public),), "type": "user", "version": 2}
    claims = UserClaims(
        iat=1,
        iss=SCOPED.public,
        name=peel_id.replace(".", "=2E"),
        sub=keys.nkey.public,
        nats=UserNats(**{**fields, **nats}),
    )
    return sign_jwt(claims, SCOPED)


def bundle(peel_id: str = "web-01", **changes: Any) -> JoinBundle:
    fields: dict[str, Any] = {
        "id": peel_id,
        "site": SITE,
        "root": ROOT.public,
        "jwt": jwt(peel_id),
        "nats_url": "tls://nats:4222",
        "cas": ("-----BEGIN CERTIFICATE-----\n",),
        "bundles": trust(),
    }
    return JoinBundle(**{**fields, **changes})


def test_a_line_says_who_the_peel_is_and_that_it_holds_its_key():
    request = read_line(request_line("web-01.example.com", KEYS, NOW))

    assert (request.id, request.nkey, request.box, request.issued) == (
        "web-01.example.com",
        KEYS.nkey.public,
        KEYS.box.public,
        NOW,
    )


def test_golden_line():
    golden = (Path(__file__).parent / "golden" / "join-line.txt").read_text()
    assert request_line("web-01", KEYS, NOW) == golden.strip()


def test_a_line_may_be_wrapped_by_whatever_carried_it():
    line = request_line("web-01", KEYS, NOW)
    assert read_line(f"\n {line[:50]}\n{line[50:]} \n").id == "web-01"


def test_a_line_is_made_for_a_valid_id_alone():
    with pytest.raises(BadId):
        request_line("Web 1", KEYS, NOW)


def line_of(request: JoinRequest, key: bytes = KEYS.nkey.seed, kind: Any = "join") -> str:
    signed = sign(SigningKey.from_seed(key), kind, "", encode(request))
    return LINE + base64.urlsafe_b64encode(encode(signed)).decode()


REQUEST = JoinRequest(id="web-01", nkey=KEYS.nkey.public, box=KEYS.box.public, issued=NOW)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "web-01",
        LINE,
        LINE + "!!!!",
        LINE + "AAA",
        LINE + "A" * 5000,
        request_line("web-01", KEYS, NOW)[:-8],
        line_of(REQUEST, b"x" * 32),
        line_of(REQUEST, kind="request"),
        line_of(msgspec.structs.replace(REQUEST, id="*")),
        line_of(msgspec.structs.replace(REQUEST, id="web.>")),
        line_of(msgspec.structs.replace(REQUEST, id="all")),
        line_of(msgspec.structs.replace(REQUEST, nkey=SCOPED.public)),
        line_of(msgspec.structs.replace(REQUEST, box=b"short")),
    ],
)
def test_a_line_that_is_not_what_it_should_be_is_refused(line: str):
    with pytest.raises(JoinError, match="line of the peel") as caught:
        read_line(line)
    assert "zester-peel keys" in caught.value.hint


@given(st.text(max_size=100))
def test_no_text_crashes_the_readers(text: str):
    for read, prefix in ((read_line, LINE), (read_bundle, FILE)):
        with pytest.raises(JoinError):
            read(prefix + text)


def test_a_join_file_survives_its_text():
    assert read_bundle(bundle_text(bundle())) == bundle()


def test_a_cut_join_file_is_one_clear_error():
    with pytest.raises(JoinError, match="join file is not valid") as caught:
        read_bundle(bundle_text(bundle())[:300])
    assert "again" in caught.value.hint


OTHER_ROOT = SigningKey.from_seed(b"o" * 32)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (bundle(jwt=jwt(keys=new_keys())), "another host's keys"),
        (bundle(jwt=jwt(tags=(box_tag(bytes(32)),))), "another host's keys"),
        (bundle(jwt=jwt(tags=())), "not valid"),
        (bundle(jwt="x"), "not valid"),
        (bundle(jwt=jwt("web-02")), "its JWT web-02"),
        (bundle(id="*", jwt=jwt("*")), "not valid"),
        (bundle(root=OTHER_ROOT.public), "not valid"),
        (bundle(site="0" * 32), "hold together"),
        (bundle(bundles=()), "hold together"),
        (bundle(cas=()), "hold together"),
    ],
)
def test_a_join_file_that_is_for_another_or_does_not_fit_is_refused(made: JoinBundle, reason: str):
    with pytest.raises(JoinError, match=reason):
        check_bundle(made, KEYS)


def test_keys_are_made_once_and_kept_private(tmp_path: Path):
    folder = tmp_path / "auth"
    assert load_keys(folder) is None

    save_keys(folder, KEYS)
    again = load_keys(folder)

    assert again is not None
    assert (again.nkey.public, again.box.public) == (KEYS.nkey.public, KEYS.box.public)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def joined(folder: Path) -> None:
    save_keys(folder, KEYS)
    install(folder, bundle("web-01.example"), KEYS)


def test_a_peel_that_joined_is_who_its_files_say(tmp_path: Path):
    joined(tmp_path)

    identity = load_identity(tmp_path)

    assert identity.id == "web-01.example"
    assert identity.credentials.name == "web-01=2Eexample"
    assert identity.box.public == KEYS.box.public
    assert (identity.trust.site, identity.trust.version) == (SITE, 1)
    assert (identity.site.nats_url, identity.ca.name) == ("tls://nats:4222", "ca.crt")
    assert not (tmp_path / "peel.seed").exists()


def test_the_keys_stay_the_same_after_joining(tmp_path: Path):
    joined(tmp_path)

    keys = load_keys(tmp_path)

    assert keys is not None
    assert keys.nkey.public == KEYS.nkey.public


def test_another_identity_is_not_overwritten_unless_that_is_said(tmp_path: Path):
    joined(tmp_path)
    other = bundle("db-01")

    with pytest.raises(JoinError, match="already holds the identity of web-01") as caught:
        install(tmp_path, other, KEYS)
    assert "--force" in caught.value.hint
    assert load_identity(tmp_path).id == "web-01.example"

    install(tmp_path, other, KEYS, replace=True)
    assert load_identity(tmp_path).id == "db-01"


def test_another_site_replaces_the_trust_of_the_old_one(tmp_path: Path):
    joined(tmp_path)
    other = bundle(
        "web-01.example",
        root=OTHER_ROOT.public,
        site=site_id(OTHER_ROOT.public),
        bundles=trust(OTHER_ROOT, 3)[-1:],
    )
    with pytest.raises(JoinError, match="already holds"):
        install(tmp_path, other, KEYS)

    install(tmp_path, other, KEYS, replace=True)

    assert load_identity(tmp_path).trust.root == OTHER_ROOT.public
    assert [path.name for path in (tmp_path / "trust").glob("bundle.*")] == ["bundle.3"]


def test_joining_again_brings_the_new_jwt_and_keeps_the_newer_trust(tmp_path: Path):
    install(tmp_path, bundle(bundles=trust(versions=2)[1:]), KEYS)
    install(tmp_path, bundle(nats_url="tls://new:4222"), KEYS)

    identity = load_identity(tmp_path)
    assert (identity.trust.version, identity.site.nats_url) == (2, "tls://new:4222")

    install(tmp_path, bundle(bundles=trust(versions=3)[2:]), KEYS)
    assert load_identity(tmp_path).trust.version == 3


def test_a_host_that_has_not_joined_is_told_what_to_do(tmp_path: Path):
    with pytest.raises(FileProblem, match="not joined") as caught:
        load_identity(tmp_path)
    assert "zester-peel keys" in caught.value.hint


def test_damaged_files_of_an_identity_are_named(tmp_path: Path):
    joined(tmp_path)
    (tmp_path / "site.json").write_text("{")
    with pytest.raises(FileProblem, match=r"site\.json is damaged"):
        load_identity(tmp_path)

    text = msgspec.json.encode({"id": "db-01", "site": SITE, "nats_url": ""})
    (tmp_path / "site.json").write_bytes(text)
    with pytest.raises(FileProblem, match="is that of web-01"):
        load_identity(tmp_path)


def test_a_join_file_and_a_line_are_what_the_messages_say():
    line = request_line("web-01", KEYS, NOW)
    signed = decode(base64.urlsafe_b64decode(line.removeprefix(LINE)), Signed)

    assert signed.type == "join"
    assert decode(signed.body, JoinRequest).id == "web-01"
    assert decode(bundle().bundles[0].bundle.body, TrustBundle).site == SITE
