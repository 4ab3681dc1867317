"""Mail beyond this machine: nothing is said before STARTTLS, and to nobody whom no one vouches for.

127.0.0.2 is an address like any other to who sends: only 127.0.0.1 is this machine's own server.
"""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from alert_receivers import MailServer, mailing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from orchestration.configuration.settings import Settings
from orchestration.monitoring.mail import mail
from orchestration.monitoring.notice import Notice

HOST = "127.0.0.2"
NOTICE = Notice("alert:churn", "alert", "churn: 1 account churned", "look", "2025-06-15", ("  a",))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """One that vouches for itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = serialization.PrivateFormat.PKCS8
    pem, secret = serialization.Encoding.PEM, serialization.NoEncryption()
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, private, secret))
    return file


@pytest.fixture
def server(certificate: Path) -> Iterator[MailServer]:
    """It takes nothing before STARTTLS."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with mailing(HOST, tls) as made:
        yield made


def settings(server: MailServer, folder: Path) -> Settings:
    given = {"alert_smtp_url": server.url, "alert_mail_from": "a@example.com"}
    return Settings(data_dir=folder, alert_mail_to="b@example.com", _env_file=None, **given)  # type: ignore[call-arg,arg-type]


def test_mail_goes_by_starttls(
    server: MailServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert mail(settings(server, tmp_path), NOTICE) is None
    [got] = server.got
    assert got["Subject"] == "stripe-traits alert: churn: 1 account churned"
    assert got.get_content().splitlines() == [NOTICE.text, "  a", "", "look", "2025-06-15"]


def test_a_server_that_nobody_vouches_for_gets_nothing(server: MailServer, tmp_path: Path) -> None:
    assert mail(settings(server, tmp_path), NOTICE) == "SSLCertVerificationError"
    assert server.got == []
