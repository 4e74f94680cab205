import pytest
from hypothesis import given
from hypothesis import strategies as st

from zester_proto.identity.sealing import (
    OVERHEAD,
    BoxKey,
    SealError,
    open_from,
    open_return,
    open_with,
    seal_return,
    seal_to,
    seal_with,
    shared_key,
)

PEEL, RETURNING = BoxKey.from_seed(b"p" * 32), BoxKey.from_seed(b"r" * 32)


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_a_return_opens_for_the_masters(plain: bytes, aad: bytes):
    sealed = seal_return(PEEL, RETURNING.public, aad, plain)

    assert open_return(RETURNING, PEEL.public, aad, sealed) == plain
    assert len(sealed) == len(plain) + OVERHEAD


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_what_is_sealed_for_a_key_opens_with_it(plain: bytes, aad: bytes):
    assert open_from(PEEL, aad, seal_to(PEEL.public, aad, plain)) == plain


def test_golden_shared_key():
    """The derivation is part of the wire: another one opens nothing that old peels sealed."""
    golden = "76f33a013a1ab3ee242193b0196cca30febf4fbf0c44db591e5e0ef484aa146e"

    assert shared_key(PEEL, RETURNING.public).hex() == golden


def test_the_shared_key_is_the_same_from_both_sides_and_serves_many_seals():
    key = shared_key(RETURNING, PEEL.public)

    assert key == shared_key(PEEL, RETURNING.public)
    assert open_with(key, b"a", seal_return(PEEL, RETURNING.public, b"a", b"plain")) == b"plain"
    assert seal_with(key, b"", b"x") != seal_with(key, b"", b"x")


def test_another_peel_place_key_or_bit_does_not_open():
    sealed = seal_return(PEEL, RETURNING.public, b"aad", b"plain")
    other = BoxKey.generate()

    for key, public, aad, data in (
        (RETURNING, other.public, b"aad", sealed),
        (other, PEEL.public, b"aad", sealed),
        (RETURNING, PEEL.public, b"AAD", sealed),
        (RETURNING, PEEL.public, b"aad", sealed[:-1]),
        (RETURNING, PEEL.public, b"aad", bytes([sealed[0] ^ 1]) + sealed[1:]),
        (RETURNING, PEEL.public, b"aad", b""),
    ):
        with pytest.raises(SealError):
            open_return(key, public, aad, data)


def test_sealed_for_another_key_does_not_open():
    sealed = seal_to(PEEL.public, b"aad", b"plain")

    for key, aad, data in (
        (RETURNING, b"aad", sealed),
        (PEEL, b"AAD", sealed),
        (PEEL, b"aad", sealed[:-1]),
        (PEEL, b"aad", sealed[:40]),
        (PEEL, b"aad", bytes(100)),
    ):
        with pytest.raises(SealError):
            open_from(key, aad, data)


def test_a_seal_with_an_ephemeral_key_is_no_seal_of_a_peel():
    once = seal_to(RETURNING.public, b"aad", b"plain")
    with pytest.raises(SealError):
        open_return(RETURNING, once[:32], b"aad", once[32:])


@pytest.mark.parametrize("public", [bytes(32), b"\1" + bytes(31), b"", b"short", bytes(33)])
def test_a_public_key_with_which_nothing_is_secret_is_refused(public: bytes):
    with pytest.raises(SealError):
        shared_key(PEEL, public)
    with pytest.raises(SealError):
        seal_to(public, b"", b"")


def test_keys_have_32_bytes_and_show_their_id_alone():
    with pytest.raises(SealError, match="32 bytes"):
        BoxKey.from_seed(b"short")
    with pytest.raises(SealError):
        open_with(b"short", b"", bytes(64))
    assert repr(PEEL) == f"BoxKey({PEEL.id})"
