"""Private keys in every form that variables and files bring, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from runnerops.errors import RunneropsError
from runnerops.remote.keys import Credentials, load_file, load_key

KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
FORMS = {"openssh": PrivateFormat.OpenSSH, "pkcs8": PrivateFormat.PKCS8}


def text(kind: str = "ed25519", form: str = "openssh", passphrase: str = "") -> str:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    key = KEYS[kind]
    assert isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return key.private_bytes(Encoding.PEM, FORMS[form], lock).decode()


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_kinds_and_forms(kind: str, form: str, passphrase: str) -> None:
    assert load_key(text(kind, form, passphrase), "key", passphrase).can_sign()


@pytest.mark.parametrize(
    "damage",
    [lambda key: key.rstrip("\n"), lambda key: key.replace("\n", "\r\n"), lambda key: f"\n\n{key}\n\n"],
    ids=["no newline at the end", "CRLF", "blank lines around"],
)
def test_what_variables_do_to_a_key(damage: object) -> None:
    assert callable(damage)
    assert load_key(damage(text()), "key").can_sign()


def test_text_or_path(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(text())
    assert Credentials.from_environ({"SSH_PRIVATE_KEY": text()}).key()
    assert Credentials.from_environ({"SSH_PRIVATE_KEY": str(path)}).key()
    assert load_file(path, "ssh.key").can_sign()
    assert Credentials.from_environ({}).key() is None


@pytest.mark.parametrize(
    ("given", "passphrase", "says"),
    [
        (text().replace("\n", " "), "", "line breaks of the private key are lost"),
        ("not a key", "", "no private key"),
        ("/nowhere/key", "", "No such file"),
        (text("ed25519", "openssh", "x y z"), "", "has a passphrase"),
        (text("ed25519", "openssh", "x y z"), "wrong", "passphrase is another"),
        (text("rsa", "pkcs8", "x y z"), "", "has a passphrase"),
        (text("rsa", "pkcs8", "x y z"), "wrong", "passphrase is another"),
        (text()[:120] + "\n-----END OPENSSH PRIVATE KEY-----\n", "", "damaged"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_key(given: str, passphrase: str, says: str) -> None:
    with pytest.raises(RunneropsError) as caught:
        Credentials.from_environ({"SSH_PRIVATE_KEY": given, "SSH_KEY_PASSPHRASE": passphrase}).key()
    assert says in caught.value.message
    assert caught.value.hint
    body = text().splitlines()[1][10:40]
    assert body not in caught.value.message + caught.value.hint


def test_credentials_do_not_print_themselves() -> None:
    assert "BEGIN" not in repr(Credentials(text(), "sesame"))
    assert "sesame" not in repr(Credentials(text(), "sesame"))
