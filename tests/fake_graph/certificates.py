"""An own certificate authority, a server certificate for localhost, and a client certificate: made once a process, gone when it ends."""

from __future__ import annotations

import atexit
import datetime
import functools
import ipaddress
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
BEGIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
END = datetime.datetime(2049, 1, 1, tzinfo=datetime.timezone.utc)


@functools.cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="fake-graph-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(common: str, issuer: str, key: Key, issuer_key: Key) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer_name=_name(issuer), subject_name=_name(common), public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)


def _write(name: str, certificate: x509.Certificate, key: Key | None = None) -> Path:
    path = _folder() / name
    secret = b""
    if key is not None:
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.touch(0o600)
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass(frozen=True)
class ServerFiles:
    ca: Path
    leaf: Path


@functools.cache
def server_files() -> ServerFiles:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = (
        _begun("fake graph CA", "fake graph CA", ca_key, ca_key)
        .add_extension(x509.BasicConstraints(True, 0), True)
        .add_extension(_usage(True), True)
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = (
        _begun("localhost", "fake graph CA", key, ca_key)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(_usage(False), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectAlternativeName(names), False)
    )
    return ServerFiles(_write("ca.pem", ca.sign(ca_key, hashes.SHA256())), _write("leaf.pem", leaf.sign(ca_key, hashes.SHA256()), key))


@dataclass(frozen=True)
class ClientCertificate:
    path: Path  # PEM, with its key; the key is RSA, since azure-identity takes no other
    certificate: x509.Certificate


@functools.cache
def client_certificate(name: str = "client") -> ClientCertificate:
    key = rsa.generate_private_key(65537, 2048)
    certificate = _begun(name, name, key, key).sign(key, hashes.SHA256())
    return ClientCertificate(_write(name + ".pem", certificate, key), certificate)
