"""Hashes of passwords are those of crypt(3)."""

import pytest

from zester_modules.accounts.sha512_crypt import new_salt, salt_of, sha512_crypt


@pytest.mark.parametrize(
    ("password", "salt", "hashed"),
    [
        (
            "Hello world!", "J6H6mluSIkYk9VA/",
            ("$6$J6H6mluSIkYk9VA/$cCfWCMBzmuZ1a6KdTOxaRN7vIcu21qlG0GfXOgfNDUt."
            "LqC7aJTrLo9TP4OFwhnqps04LSfA8Ax3EaLG0R.Kv1"),
        ),
        (
            "x" * 100, "ziQlT9sxWoWm9z1o",
            ("$6$ziQlT9sxWoWm9z1o$mM.P6d9vSHUqTYnbEwLsNJ4oMNILPv6UvBo8GP1LeE4XnF0RrEZ3a."
            "aBPElpSzYsL7Hnd6nANsG58ZK05DbOh."),
        ),
        (
            "äöü", "jg.Lez7dfQPYrl1x",
            ("$6$jg.Lez7dfQPYrl1x$LTUEXKbZnW8kGJf8deoUPnh5PFFMaLsitx2/ivKKUMEksYUgFclcupojpHROZSPpLU"
            "UqD3JrAp3K86yVwM1dn0"),
        ),
    ],
)  # fmt: skip
def test_hashes_are_those_that_openssl_makes(password: str, salt: str, hashed: str) -> None:
    assert sha512_crypt(password, salt) == hashed


def test_a_salt_is_found_again() -> None:
    salt = new_salt()
    assert salt_of(sha512_crypt("any", salt)) == salt
    assert salt_of("!" + sha512_crypt("any", salt)) == salt
    assert salt_of("$5$salt$hash") is None
    assert salt_of("!") is None
