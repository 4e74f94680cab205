import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from zester_proto.identity.signing import BadSignature, SigningKey, key_id, sign, site_id, verify
from zester_proto.messages.trust import Signed, SignedType

KEY = SigningKey.from_seed(bytes(range(32)))
SITE = "0123456789abcdef" * 2


def test_the_signed_form_is_that_of_the_design():
    signed = sign(KEY, "job", SITE, b"body")

    tagged = b"zester/job/v1\0" + SITE.encode() + b"\0body"
    assert VerifyKey(KEY.public).verify(tagged, signed.sig)
    assert signed.key_id == KEY.id == hashlib.blake2b(KEY.public, digest_size=8).hexdigest()


def test_golden_signature():
    signed = sign(KEY, "job", SITE, b"body")

    assert signed.key_id == "7751cda99a595122"
    assert signed.sig.hex() == (
        "fd25941f9b2093cf9f76f6867ca9c2f149c655112d69def6de0e9a2afe0882f9"
        "0f7612e7fef1a466c42cade0e3fd3ccbce9c7544d2cc506c9b576a5cb8982a0b"
    )


@given(st.binary(max_size=200))
def test_what_is_signed_verifies_to_the_same_bytes(body: bytes):
    assert verify(sign(KEY, "page", SITE, body), KEY.public, "page", SITE) == body


def test_another_type_site_key_or_body_is_refused():
    signed, other = sign(KEY, "job", SITE, b"body"), SigningKey.generate()
    replace = msgspec.structs.replace

    cases: list[tuple[Signed, bytes, SignedType, str]] = [
        (signed, KEY.public, "cancel", SITE),
        (replace(signed, type="cancel"), KEY.public, "cancel", SITE),
        (signed, KEY.public, "job", ""),
        (signed, other.public, "job", SITE),
        (replace(signed, key_id=other.id), other.public, "job", SITE),
        (replace(signed, body=b"Body"), KEY.public, "job", SITE),
        (replace(signed, sig=bytes(64)), KEY.public, "job", SITE),
        (replace(signed, sig=b""), KEY.public, "job", SITE),
        (replace(signed, key_id=key_id(b"")), b"", "job", SITE),
    ]
    for wrong, public, kind, site in cases:
        with pytest.raises(BadSignature):
            verify(wrong, public, kind, site)


def test_a_site_is_named_by_its_root():
    assert site_id(KEY.public) == hashlib.blake2b(KEY.public, digest_size=16).hexdigest()
    assert len(site_id(KEY.public)) == 32


def test_a_key_shows_its_id_alone():
    assert repr(KEY) == f"SigningKey({KEY.id})"
