import base64
import binascii
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.identity.nkeys import (
    BadKey,
    Kind,
    NKey,
    OddNonce,
    decode_public,
    decode_seed,
    encode_public,
    encode_seed,
    nonce_signer,
    verify,
)

# the pair in the documentation of NATS
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
raw_keys = st.binary(min_size=32, max_size=32)
kinds: st.SearchStrategy[Kind] = st.sampled_from(["operator", "account", "user"])


def test_the_documented_pair_is_read_as_it_is_documented():
    key = NKey.from_seed_text(SEED, "user")

    assert key.public == PUBLIC
    assert key.seed_text == SEED


@pytest.mark.parametrize(
    ("kind", "public", "seed"),
    [
        (
            "operator",
            "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT",
            "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA",
        ),
        (
            "account",
            "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV",
            "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
        ),
        (
            "user",
            "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK",
            "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y",
        ),
    ],
)
def test_golden_keys_keep_their_text(kind: Kind, public: str, seed: str):
    key = NKey(kind, bytes(range(32)))

    assert (key.public, key.seed_text) == (public, seed)


@given(kinds, raw_keys)
def test_public_keys_and_seeds_survive_their_text(kind: Kind, raw: bytes):
    assert decode_public(encode_public(kind, raw), kind) == raw
    assert decode_seed(encode_seed(kind, raw), kind) == raw


@given(kinds, raw_keys, st.integers(0, 55), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_letter_is_noticed(kind: Kind, raw: bytes, place: int, letter: str):
    text = encode_public(kind, raw)
    changed = text[:place] + letter + text[place + 1 :]
    if changed == text:
        return
    with pytest.raises(BadKey):
        decode_public(changed, kind)


@pytest.mark.parametrize(
    "text", ["", "U", SEED, PUBLIC.lower(), PUBLIC[:-1], PUBLIC + "A", "U" * 55 + "é", "1" * 56]
)
def test_what_is_no_public_key_is_refused(text: str):
    with pytest.raises(BadKey):
        decode_public(text, "user")


def test_bits_that_mean_nothing_are_refused_so_that_a_key_has_one_text():
    seed_with_spare_bits = SEED[:-1] + "Z"
    with pytest.raises(BadKey):
        decode_seed(seed_with_spare_bits, "user")


def test_a_key_of_another_kind_is_refused():
    with pytest.raises(BadKey, match="public key of a NATS account"):
        decode_public(PUBLIC, "account")
    with pytest.raises(BadKey, match="of a NATS user, not of a account"):
        decode_seed(SEED, "account")


def test_errors_do_not_repeat_a_seed():
    with pytest.raises(BadKey) as caught:
        decode_public(SEED, "user")
    assert SEED[2:20] not in str(caught.value)


def test_something_of_the_length_of_a_seed_that_is_none_is_refused():
    body = bytes(34)
    crc = binascii.crc_hqx(body, 0).to_bytes(2, "little")
    text = base64.b32encode(body + crc).decode().rstrip("=")
    with pytest.raises(BadKey, match="not a seed"):
        decode_seed(text, "user")


def test_a_signature_verifies_under_its_key_alone():
    key, other = NKey.generate("account"), NKey.generate("account")
    signature = key.sign(b"data")

    assert verify(key.public, "account", b"data", signature)
    assert not verify(key.public, "account", b"Data", signature)
    assert not verify(other.public, "account", b"data", signature)
    assert not verify(key.public, "account", b"data", signature[:-1])


def test_a_key_shows_its_public_half_alone():
    key = NKey.generate("user")
    assert repr(key) == f"NKey({key.public})"


@given(st.from_regex(r"[A-Za-z0-9_-]{11,64}", fullmatch=True).filter(str.isascii))
def test_a_nonce_is_signed(nonce: str):
    key = NKey.from_seed_text(SEED, "user")
    text = nonce_signer(key)(nonce).decode()

    assert re.fullmatch(r"[A-Za-z0-9_-]{86}", text)
    assert verify(PUBLIC, "user", nonce.encode(), base64.urlsafe_b64decode(text + "=="))


@pytest.mark.parametrize(
    "nonce",
    [
        "",
        "short",
        "a" * 65,
        "zester/request/v1\0site\0body",
        "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJ4In0",
        "nonce-nonce-nonce\n",
        "nonce nonce nonce",
        "nönce-nonce-nonce",
    ],
)
def test_anything_but_a_nonce_is_not_signed(nonce: str):
    sign = nonce_signer(NKey.generate("user"))
    with pytest.raises(OddNonce, match="no nonce"):
        sign(nonce)
