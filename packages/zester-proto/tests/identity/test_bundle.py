from pathlib import Path
from typing import Any

import msgspec
import pytest

from zester_proto.codec import digest, encode
from zester_proto.errors import FileProblem
from zester_proto.identity.bundle import TrustError, TrustStore, certify, following, sign_bundle
from zester_proto.identity.signing import BadSignature, SigningKey, sign, site_id
from zester_proto.messages.trust import MasterKey, OperatorEntry, Signed, SignedBundle, TrustBundle

ROOT, BUNDLE_KEY = SigningKey.from_seed(b"r" * 32), SigningKey.from_seed(b"b" * 32)
SITE = site_id(ROOT.public)
NOW, DAY = 1_800_000_000.0, 86_400.0
CERTIFICATE = certify(ROOT, BUNDLE_KEY.public, NOW - DAY, NOW + 365 * DAY)
JOB_KEY = SigningKey.from_seed(b"j" * 32)


def bundle(version: int, *, after: SignedBundle | None = None, **changes: Any) -> TrustBundle:
    made = TrustBundle(
        site=SITE,
        version=version,
        issued=NOW + version,
        previous=digest(after.bundle.body) if after else b"",
        job_keys=(MasterKey(master="master-1", public=JOB_KEY.public),),
        return_keys=(b"x" * 32,),
        operators=(OperatorEntry(name="admin", nkey="U", role="admin"),),
    )
    return msgspec.structs.replace(made, **changes)


def signed(made: TrustBundle, key: SigningKey = BUNDLE_KEY) -> SignedBundle:
    return sign_bundle(made, key, None if key is ROOT else CERTIFICATE)


FIRST = signed(bundle(1))
SECOND = signed(bundle(2, after=FIRST))
THIRD = signed(bundle(3, after=SECOND))


def store(*bundles: SignedBundle) -> TrustStore:
    made = TrustStore(ROOT.public)
    for one in bundles:
        assert made.accept(one)
    return made


def test_a_store_without_a_bundle_trusts_nobody():
    empty = TrustStore(ROOT.public)

    assert (empty.version, empty.return_keys, empty.operators) == (0, (), {})
    assert empty.job_key(JOB_KEY.id) is None


def test_a_bundle_under_the_root_is_accepted_once():
    trusted = store(FIRST)

    assert trusted.version == 1
    assert trusted.return_keys == (b"x" * 32,)
    assert trusted.operators["admin"].role == "admin"
    assert not trusted.accept(FIRST)


def test_the_root_itself_may_sign():
    assert store(signed(bundle(1), ROOT)).version == 1


def test_a_master_is_believed_by_its_job_key():
    trusted = store(FIRST)
    page = sign(JOB_KEY, "page", SITE, b"body")

    assert trusted.verify_master(page, "page") == (b"body", "master-1")
    with pytest.raises(BadSignature):
        trusted.verify_master(page, "answer")
    with pytest.raises(TrustError, match="no master's"):
        trusted.verify_master(sign(SigningKey.generate(), "page", SITE, b""), "page")


def test_whoever_slept_walks_to_the_newest():
    trusted = store(FIRST)

    assert trusted.walk([FIRST, SECOND, THIRD]) == 2
    assert trusted.version == 3
    assert trusted.walk([]) == 0


def test_a_walk_that_fails_takes_nothing():
    trusted = store(FIRST)
    with pytest.raises(TrustError):
        trusted.walk([SECOND, signed(bundle(9, after=THIRD))])
    assert trusted.version == 1
    assert trusted.history == (FIRST,)


def test_a_new_member_may_begin_at_any_version():
    assert store(THIRD).version == 3


@pytest.mark.parametrize(
    ("held", "given", "reason"),
    [
        (SECOND, FIRST, "older"),
        (FIRST, THIRD, "some are missing"),
        (FIRST, signed(bundle(2, previous=bytes(32))), "another 1"),
        (FIRST, signed(bundle(2, after=FIRST, issued=NOW)), "claims to be older"),
        (FIRST, signed(bundle(1, cas=("other",))), "two different"),
        (FIRST, signed(bundle(2, after=FIRST, site="0" * 32)), "not signed for this site"),
        (FIRST, signed(bundle(0)), "version 0"),
        (FIRST, sign_bundle(bundle(2, after=FIRST), BUNDLE_KEY), "not signed"),
        (FIRST, sign_bundle(bundle(2, after=FIRST), JOB_KEY, CERTIFICATE), "not signed"),
        (FIRST, msgspec.structs.replace(SECOND, certificate=SECOND.bundle), "not signed"),
        (
            FIRST,
            SignedBundle(bundle=sign(ROOT, "bundle", SITE, b"garbage")),
            "not a valid TrustBundle",
        ),
    ],
)
def test_a_bundle_that_does_not_follow_is_refused(
    held: SignedBundle, given: SignedBundle, reason: str
):
    trusted = store(held)
    with pytest.raises(TrustError, match=reason):
        trusted.accept(given)
    assert trusted.history == (held,)


def test_a_bundle_signed_for_this_site_that_says_another_is_refused():
    lying = bundle(1, site="0" * 32)
    given = SignedBundle(bundle=sign(ROOT, "bundle", SITE, encode(lying)))
    with pytest.raises(TrustError, match="is for site 0000"):
        TrustStore(ROOT.public).accept(given)


def test_a_certificate_for_another_site_is_refused():
    other = SigningKey.generate()
    foreign = certify(other, BUNDLE_KEY.public, 0, NOW * 2)
    resigned = sign(ROOT, "bundle-key", SITE, foreign.body)
    with pytest.raises(TrustError, match="certified for another site"):
        TrustStore(ROOT.public).accept(sign_bundle(bundle(1), BUNDLE_KEY, resigned))


def test_a_bundle_outside_its_keys_certificate_is_refused():
    late = certify(ROOT, BUNDLE_KEY.public, NOW + DAY, NOW + 2 * DAY)
    with pytest.raises(TrustError, match="was not certified when"):
        TrustStore(ROOT.public).accept(sign_bundle(bundle(1), BUNDLE_KEY, late))


def test_a_lapsed_key_cannot_sign_the_newest_but_those_before_it_still_count():
    trusted = store(FIRST)
    much_later = NOW + 400 * DAY
    with pytest.raises(TrustError, match="lapsed"):
        trusted.walk([SECOND, THIRD], now=much_later)

    new_key = SigningKey.generate()
    certificate = certify(ROOT, new_key.public, much_later - DAY, much_later + DAY)
    fourth = sign_bundle(bundle(4, after=THIRD, issued=much_later), new_key, certificate)

    assert trusted.walk([SECOND, THIRD, fourth], now=much_later) == 3


def test_the_root_takes_back_a_bundle_key_by_signing_a_bundle_itself():
    trusted = store(FIRST)
    by_root = signed(bundle(2, after=FIRST, issued=NOW + 10), ROOT)
    assert trusted.accept(by_root)

    with pytest.raises(TrustError, match="taken back"):
        trusted.accept(signed(bundle(3, after=by_root, issued=NOW + 20)))

    certificate = certify(ROOT, BUNDLE_KEY.public, NOW + 10, NOW + DAY)
    third = sign_bundle(bundle(3, after=by_root, issued=NOW + 20), BUNDLE_KEY, certificate)
    assert trusted.accept(third)
    assert not trusted.accept(FIRST)


def test_a_store_survives_its_folder(tmp_path: Path):
    store(FIRST, SECOND).save(tmp_path / "trust")

    loaded = TrustStore.load(tmp_path / "trust")

    assert (loaded.root, loaded.version) == (ROOT.public, 2)
    assert loaded.history == (FIRST, SECOND)


def chain(length: int) -> list[SignedBundle]:
    made = [signed(bundle(1, issued=NOW), ROOT)]
    for version in range(2, length + 1):
        made.append(
            sign_bundle(
                bundle(version, after=made[-1]),
                BUNDLE_KEY,
                certify(ROOT, BUNDLE_KEY.public, NOW, NOW + DAY),
            )
        )
    return made


def test_members_keep_the_newest_and_what_the_root_signed_and_masters_keep_all(tmp_path: Path):
    trusted = store(*chain(20))
    trusted.save(tmp_path, all_versions=True)
    assert len(list(tmp_path.glob("bundle.*"))) == 20

    trusted.save(tmp_path)
    kept = {path.name for path in tmp_path.glob("bundle.*")}
    assert kept == {f"bundle.{n}" for n in (1, *range(13, 21))}
    assert TrustStore.load(tmp_path).version == 20
    assert [one.certificate is None for one in trusted.essential()] == [True, False]


def test_a_key_that_the_root_took_back_stays_so_after_a_restart(tmp_path: Path):
    by_root = signed(bundle(2, after=FIRST, issued=NOW + 10), ROOT)
    store(FIRST, by_root).save(tmp_path)

    with pytest.raises(TrustError, match="taken back"):
        TrustStore.load(tmp_path).accept(signed(bundle(3, after=by_root, issued=NOW + 20)))


def test_what_was_changed_on_disk_is_noticed(tmp_path: Path):
    store(FIRST, SECOND).save(tmp_path)
    (tmp_path / "bundle.2").write_bytes(encode(signed(bundle(2, after=FIRST), JOB_KEY)))
    with pytest.raises(TrustError):
        TrustStore.load(tmp_path)

    (tmp_path / "bundle.2").write_bytes(encode(FIRST))
    with pytest.raises(TrustError, match="version 1 of the trust bundle stands after 1"):
        TrustStore.load(tmp_path)

    (tmp_path / "bundle.2").write_bytes(b"\xc1")
    with pytest.raises(FileProblem, match="no trust bundle"):
        TrustStore.load(tmp_path)


def test_a_folder_without_a_bundle_is_one_clear_error(tmp_path: Path):
    TrustStore(ROOT.public).save(tmp_path)
    with pytest.raises(FileProblem, match="holds no trust bundle"):
        TrustStore.load(tmp_path)


def test_the_next_bundle_follows_the_newest():
    trusted = store(FIRST)
    following_one = following(trusted, NOW - 100)

    assert trusted.accept(signed(following_one))
    assert following_one.issued == NOW + 1
    assert following(TrustStore(ROOT.public), NOW).previous == b""


def test_a_bundle_that_another_process_tidied_away_meanwhile_is_no_error(tmp_path: Path):
    store(FIRST, SECOND).save(tmp_path)
    (tmp_path / "bundle.1").unlink()
    (tmp_path / "bundle.1").symlink_to(tmp_path / "gone")

    assert TrustStore.load(tmp_path).version == 2


def test_a_bundle_signed_as_something_else_is_refused():
    body = encode(bundle(1))
    as_page: Signed = sign(ROOT, "page", SITE, body)
    with pytest.raises(TrustError, match="where bundle belongs"):
        TrustStore(ROOT.public).accept(SignedBundle(bundle=as_page))


HEIR = SigningKey.from_seed(b"h" * 32)


def announcement(version: int = 2, after: SignedBundle = FIRST, **changes: Any) -> TrustBundle:
    return bundle(version, after=after, **{"next_root": HEIR.public, **changes})


def by_heir(version: int, after: SignedBundle, **changes: Any) -> SignedBundle:
    return sign_bundle(bundle(version, after=after, **changes), HEIR)


ANNOUNCED = signed(announcement(), ROOT)
INHERITED = by_heir(3, ANNOUNCED)


def test_the_announced_root_takes_over_with_the_first_bundle_that_it_signs():
    trusted = store(FIRST, ANNOUNCED)
    assert trusted.present_root == ROOT.public

    assert trusted.accept(INHERITED)

    assert (trusted.present_root, trusted.root, trusted.site) == (HEIR.public, ROOT.public, SITE)
    assert not trusted.accept(ANNOUNCED)
    assert trusted.accept(by_heir(4, INHERITED))


def test_the_old_root_and_its_bundle_key_are_of_no_use_after_it():
    trusted = store(FIRST, ANNOUNCED, INHERITED)
    late = certify(ROOT, BUNDLE_KEY.public, NOW + 5, NOW + DAY)

    for forged in (
        signed(bundle(4, after=INHERITED), ROOT),
        sign_bundle(bundle(4, after=INHERITED), BUNDLE_KEY, late),
    ):
        with pytest.raises(TrustError, match="not signed for this site"):
            trusted.accept(forged)

    certificate = certify(HEIR, BUNDLE_KEY.public, NOW + 3, NOW + DAY, site=SITE)
    assert trusted.accept(sign_bundle(bundle(4, after=INHERITED), BUNDLE_KEY, certificate))


def test_only_the_root_itself_announces_another():
    by_key = signed(announcement())
    trusted = store(FIRST, by_key)

    with pytest.raises(TrustError, match="not signed for this site"):
        trusted.accept(by_heir(3, by_key))


def test_a_bundle_key_carries_an_announcement_on_and_cannot_take_it_back():
    certificate = certify(ROOT, BUNDLE_KEY.public, NOW + 2, NOW + DAY)
    third = sign_bundle(bundle(3, after=ANNOUNCED), BUNDLE_KEY, certificate)
    trusted = store(FIRST, ANNOUNCED, third)

    assert trusted.accept(by_heir(4, third))
    assert trusted.present_root == HEIR.public


def test_the_root_takes_an_announcement_back():
    silent = signed(bundle(3, after=ANNOUNCED), ROOT)
    trusted = store(FIRST, ANNOUNCED, silent)

    with pytest.raises(TrustError, match="not signed for this site"):
        trusted.accept(by_heir(4, silent))


def test_an_announced_root_certifies_nobody_before_it_signed_itself():
    trusted = store(FIRST, ANNOUNCED)
    certificate = certify(HEIR, BUNDLE_KEY.public, NOW, NOW + DAY, site=SITE)

    with pytest.raises(TrustError, match="not signed for this site"):
        trusted.accept(sign_bundle(bundle(3, after=ANNOUNCED), BUNDLE_KEY, certificate))


def test_a_walk_that_fails_after_a_change_of_the_root_takes_that_back_too():
    trusted = store(FIRST)
    with pytest.raises(TrustError):
        trusted.walk([ANNOUNCED, INHERITED, by_heir(9, INHERITED)])

    assert (trusted.present_root, trusted.version) == (ROOT.public, 1)


def test_a_second_root_follows_and_a_folder_and_a_newcomer_keep_up(tmp_path: Path):
    third = SigningKey.from_seed(b"3" * 32)
    chain_of_roots = [FIRST, ANNOUNCED, INHERITED]
    chain_of_roots.append(by_heir(4, INHERITED, next_root=third.public))
    for version in range(5, 30):
        chain_of_roots.append(sign_bundle(bundle(version, after=chain_of_roots[-1]), third))
    trusted = TrustStore(ROOT.public)
    assert trusted.walk(chain_of_roots) == 29

    for all_versions in (True, False):
        folder = tmp_path / str(all_versions)
        trusted.save(folder, all_versions=all_versions)
        loaded = TrustStore.load(folder)
        assert (loaded.present_root, loaded.version, loaded.site) == (third.public, 29, SITE)
    assert len(list((tmp_path / "False").glob("bundle.*"))) == 13

    newcomer = TrustStore(ROOT.public)
    for signed_bundle in trusted.essential():
        newcomer.restore(signed_bundle)
    assert (newcomer.present_root, newcomer.version) == (third.public, 29)
