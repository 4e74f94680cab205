"""The certificate authority of a site, and the certificates of its servers.

Import this module only where a certificate is made: `cryptography` costs 60 ms, and a running
master does not need it.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID as Use
from cryptography.x509.oid import NameOID

from zester_proto.errors import ZesterError
from zester_proto.files import read_file, read_private, write_atomic

EARLY: Final = dt.timedelta(days=2)
"""Certificates hold from two days before, for hosts whose clock is behind (bus.md 5)."""

CA_DAYS: Final = 3650
SERVER_DAYS: Final = 397


class CertificateError(ZesterError):
    """Raised when a certificate or its key cannot be read or made."""


def make_ca(certificate: Path, key: Path, name: str, now: float) -> None:
    """Make a certificate authority: its certificate, and its key readable by the owner alone.

    Raises:
        FileProblem: a file cannot be written.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Zester CA of {name}"[:64])])
    own = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    builder = (
        _builder(subject, subject, private, _days(now, CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(own, critical=False)
    )
    _write(certificate, key, builder, private, private)


def make_server_certificate(
    certificate: Path,
    key: Path,
    *,
    ca_certificate: Path,
    ca_key: Path,
    hosts: Sequence[str],
    now: float,
) -> None:
    """Make the certificate of a nats-server.

    Args:
        certificate: where it goes.
        key: where its key goes.
        ca_certificate: the authority.
        ca_key: the authority's key.
        hosts: names and addresses under which clients reach the server.
        now: Unix time.

    Raises:
        CertificateError: no host, a host that is no name, or an authority that cannot be read.
        FileProblem: a file cannot be read or written.
    """
    names = [_general_name(host) for host in hosts]
    if not names:
        raise CertificateError("a server's certificate needs at least one host name or address")
    authority, signer = _read_ca(ca_certificate, ca_key)
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    of_ca = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    by_ca = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_ca)
    own = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    builder = (
        _builder(subject, authority.subject, private, _days(now, SERVER_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([Use.SERVER_AUTH, Use.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(own, critical=False)
        .add_extension(by_ca, critical=False)
    )
    _write(certificate, key, builder, private, signer)


def _days(now: float, days: int) -> tuple[dt.datetime, dt.datetime]:
    start = dt.datetime.fromtimestamp(int(now), dt.UTC)
    return start - EARLY, start + dt.timedelta(days=days)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    private: ec.EllipticCurvePrivateKey,
    valid: tuple[dt.datetime, dt.datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    bare = host.removeprefix("*.")
    if not bare or not bare.isascii() or any(not (c.isalnum() or c in ".-_") for c in bare):
        raise CertificateError(f"{host!r} is neither a host name nor an address")
    return x509.DNSName(host)


def _read_ca(certificate: Path, key: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        signer = load_pem_private_key(read_private(key), None)
        authority = x509.load_pem_x509_certificate(read_file(certificate))
    except ValueError as error:
        raise CertificateError(f"{certificate} and {key} are no authority: {error}") from error
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{key} is not the key of a Zester CA")
    if signer.public_key() != authority.public_key():
        raise CertificateError(f"{key} does not belong to {certificate}")
    return authority, signer


def _write(
    certificate: Path,
    key: Path,
    builder: x509.CertificateBuilder,
    private: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
) -> None:
    made = builder.sign(signer, hashes.SHA256())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomic(key, pem, 0o600)
    write_atomic(certificate, made.public_bytes(Encoding.PEM), 0o644)
