import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from zester_master.site.certs import CertificateError, make_ca, make_server_certificate
from zester_proto.errors import FileProblem
from zester_proto.files import write_atomic

NOW = 1_800_000_000.0


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    make_ca(tmp_path / "ca.crt", tmp_path / "ca.key", "test", NOW)
    return tmp_path


def make(folder: Path, *hosts: str, now: float = NOW) -> x509.Certificate:
    make_server_certificate(
        folder / "s.crt",
        folder / "s.key",
        ca_certificate=folder / "ca.crt",
        ca_key=folder / "ca.key",
        hosts=hosts,
        now=now,
    )
    return x509.load_pem_x509_certificate((folder / "s.crt").read_bytes())


def test_a_certificate_names_its_hosts_and_holds_from_two_days_before(ca: Path):
    made = make(ca, "nats.example.com", "127.0.0.1", "::1")

    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["nats.example.com"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    start = dt.datetime.fromtimestamp(NOW, dt.UTC)
    assert made.not_valid_before_utc == start - dt.timedelta(days=2)
    assert made.not_valid_after_utc == start + dt.timedelta(days=397)
    authority = x509.load_pem_x509_certificate((ca / "ca.crt").read_bytes())
    made.verify_directly_issued_by(authority)
    assert (ca / "s.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("host", ["", "a b", "ho\nst", "ä.example", "*.", "a/b"])
def test_what_is_no_host_is_refused(ca: Path, host: str):
    with pytest.raises(CertificateError):
        make(ca, host)


def test_a_wildcard_host_may_be_named(ca: Path):
    assert make(ca, "*.example.com")


def test_a_key_of_another_authority_is_refused(ca: Path, tmp_path: Path):
    make_ca(tmp_path / "other.crt", tmp_path / "ca.key", "other", NOW)
    with pytest.raises(CertificateError, match="does not belong"):
        make(ca, "localhost")


def test_what_is_no_authority_is_refused(ca: Path):
    write_atomic(ca / "ca.key", b"junk", 0o600)
    with pytest.raises(CertificateError, match="are no authority"):
        make(ca, "localhost")

    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    write_atomic(ca / "ca.key", pem, 0o600)
    with pytest.raises(CertificateError, match="not the key of a Zester CA"):
        make(ca, "localhost")

    (ca / "ca.key").chmod(0o644)
    with pytest.raises(FileProblem, match="others may read"):
        make(ca, "localhost")
