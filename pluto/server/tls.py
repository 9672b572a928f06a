"""A certificate for this machine, signed by itself."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from pluto.errors import UsageError

if TYPE_CHECKING:  # an optional package
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, GeneralName

_DAYS = 825  # the longest that clients accept


def certificate(directory: Path, host: str) -> tuple[Path, Path]:
    """Return certificate and key files for `localhost`, this machine and `host`; made if missing.

    Clients trust it when `SSL_CERT_FILE` names the certificate.

    Raises:
        UsageError: the package `cryptography` is not installed.
    """
    certificate_file, key_file = directory / "tls-cert.pem", directory / "tls-key.pem"
    if certificate_file.exists() and key_file.exists():
        return certificate_file, key_file
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise UsageError("--tls needs one more package: pip install cryptography") from error
    encoded, key = _self_signed(host)
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(pem, private, serialization.NoEncryption()))
    certificate_file.write_bytes(encoded.public_bytes(pem))
    return certificate_file, key_file


def _self_signed(host: str) -> tuple[Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Pluto server")])
    names = dict.fromkeys(("localhost", socket.gethostname(), host))
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")
    ]
    alternatives += [_general_name(text) for text in names if text]
    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key


def _general_name(text: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
