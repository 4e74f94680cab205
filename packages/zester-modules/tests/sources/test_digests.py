"""Digests are read in all the forms in which people publish them."""

import hashlib

import pytest

from zester_modules.host.machine import HostProblem
from zester_modules.sources.digests import Digest, listed, parsed, verify

HEX = hashlib.sha256(b"x").hexdigest()
OTHER = hashlib.sha256(b"y").hexdigest()
SHORT = hashlib.md5(b"x").hexdigest()


@pytest.mark.parametrize(
    "text", [HEX, HEX.upper(), f"sha256={HEX}", f"sha256:{HEX}", f" SHA256 = {HEX} "]
)
def test_a_digest_alone(text: str):
    assert parsed(text) == Digest("sha256", HEX)


@pytest.mark.parametrize("text", ["", "abc", f"md5={HEX}", f"crc={HEX}", f"{HEX}0", "salt://x"])
def test_what_is_none(text: str):
    assert parsed(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"{OTHER}  b.tgz\n{HEX}  a.tgz\n",
        f"{HEX} *dist/a.tgz\n{OTHER} b.tgz\n",
        f"SHA256 (a.tgz) = {HEX}\nSHA256 (b.tgz) = {OTHER}\n",
        f"a.tgz sha256={HEX}\nb.tgz {OTHER}",
        f"{OTHER} other/a.tgz\n{HEX} a.tgz\n",
        f"{SHORT}  a.tgz\n{HEX}  a.tgz\n",
        f"{HEX}\n",
    ],
)
def test_a_file_of_digests(text: str):
    assert listed(text, "https://example.org/x/a.tgz?raw=1") == Digest("sha256", HEX)


def test_a_file_of_other_digests_says_nothing():
    assert listed(f"{HEX} b.tgz\n{OTHER} c.tgz", "https://example.org/a.tgz") is None
    assert listed(f"{HEX} b.tgz\n", "https://example.org/a.tgz", "b.tgz") == Digest("sha256", HEX)


def test_contents_are_held_against_it():
    verify("a", b"x", HEX)
    verify("a", b"x", "skip_verify")
    for bad in (OTHER, "no-digest"):
        with pytest.raises(HostProblem):
            verify("a", b"x", bad)
