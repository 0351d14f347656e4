"""A time-stamp authority of our own: openssl behind a small server, with a chain made for it."""

import subprocess
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.utils import timezone

CONFIG = """\
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(name: str, key: Any, issuer: x509.Name, by: Any, *, ca: bool) -> x509.Certificate:
    now = timezone.now()
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=not ca, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_key, critical=False)
    )
    if not ca:
        for_stamps = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(for_stamps, critical=True)
    return made.sign(by, hashes.SHA256())


class Authority:
    """A server that answers queries; `answer` may be replaced by another behaviour."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.queries: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = self.stamped
        self.status, self.pause = 200, 0.0
        self._make_chain()
        there = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                there.queries.append(query)
                time.sleep(there.pause)
                self.send_response(there.status)
                self.end_headers()
                self.wfile.write(there.answer(query))

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/tsa"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _make_chain(self) -> None:
        keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
        root = _certificate("Root", keys[0], _named("Root"), keys[0], ca=True)
        signer = _certificate("Authority", keys[1], root.subject, keys[0], ca=False)
        pem = serialization.Encoding.PEM
        (self.folder / "ca.pem").write_bytes(root.public_bytes(pem))
        (self.folder / "tsa.pem").write_bytes(signer.public_bytes(pem))
        (self.folder / "tsa.key").write_bytes(
            keys[1].private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (self.folder / "serial").write_text("01")
        (self.folder / "tsa.cnf").write_text(CONFIG.format(folder=self.folder))
        self.root = root

    def stamped(self, query: bytes) -> bytes:
        """Return the answer that a real authority gives."""
        asked, told = self.folder / "query", self.folder / "answer"
        asked.write_bytes(query)
        subprocess.run(
            ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-section", "ours",
             "-queryfile", str(asked), "-out", str(told)],
            check=True, capture_output=True,
        )  # fmt: skip
        return told.read_bytes()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
