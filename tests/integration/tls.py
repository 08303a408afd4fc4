"""A CA that is made for one test, a server certificate of this CA, and a proxy for tunnels (HTTP CONNECT)."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Ca:
    """A CA of its own; `path` is its certificate as a PEM file in the folder."""

    def __init__(self, folder: Path, name: str = "ca of a test") -> None:
        self._folder, self._name = folder, _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name.replace(' ', '-')}.pem"
        self.path.write_bytes(self._signed(self._name, self._key.public_key(), ca=True))

    def context(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """For a server at that address, with a certificate that this CA signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain = self._folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(private + self._signed(_name(address), key.public_key(), address))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePublicKey, address: str = "", *, ca: bool = False) -> bytes:
        now = datetime.now(UTC)
        signer = self._key.public_key()
        built = (
            x509.CertificateBuilder(self._name, name, key, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            built = built.add_extension(names, critical=False)
        else:
            signs = {name: name in {"key_cert_sign", "crl_sign"} for name in _USES}
            built = built.add_extension(x509.KeyUsage(**signs), critical=True)
        return built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass
class Tunnels:
    """A proxy that tunnels: whom it was asked for (`HOST:PORT`), and whether it refuses."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    refuses: bool = False


@contextlib.contextmanager
def open_proxy() -> Iterator[Tunnels]:
    """On a free port of loopback, until the block is left."""
    tunnels = Tunnels()
    with socket.create_server(("127.0.0.1", 0)) as server:
        tunnels.url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=_tunnel, args=(server.accept()[0], tunnels), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield tunnels


def _tunnel(client: socket.socket, tunnels: Tunnels) -> None:
    with client, contextlib.suppress(OSError, ValueError):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        method, whom, _ = head.split(b"\r\n")[0].decode().split(" ")
        tunnels.asked.append(f"{method} {whom}")
        if tunnels.refuses or method != "CONNECT":
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = whom.rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(there, client), daemon=True)
            back.start()
            _pour(client, there)
            back.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
