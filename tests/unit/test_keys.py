"""Private keys as they are in files, exports of agents and variables of pipelines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from runnerops.ssh.keys import Credentials, KeyRing, LockedKeyError, PrivateKeyError, load_key
from runnerops.ssh.login import Identities, Login, make_login, public_half

KINDS: dict[str, Callable[[], PrivateKeyTypes]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}
FORMATS = {
    "openssh": form.PrivateFormat.OpenSSH,
    "pkcs8": form.PrivateFormat.PKCS8,
    "pem": form.PrivateFormat.TraditionalOpenSSL,
}
SUPPORTED = [
    (kind, name) for kind in KINDS for name in FORMATS if (kind, name) != ("ed25519", "pem")
]  # ed25519 has no traditional form
PASSPHRASE = "open sesame"


@cache
def generated(kind: str) -> PrivateKeyTypes:
    return KINDS[kind]()


def text_of(key: PrivateKeyTypes, name: str, passphrase: str = "") -> str:
    lock: form.KeySerializationEncryption = form.NoEncryption()
    if passphrase and name == "openssh":  # one round, for a passphrase's strength is not what is tested
        lock = form.PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(1).build(passphrase.encode())
    elif passphrase:
        lock = form.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(form.Encoding.PEM, FORMATS[name], lock).decode()


def public_of(key: PrivateKeyTypes) -> bytes:
    line = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


GOOD = text_of(generated("ed25519"), "openssh")


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(("kind", "name"), SUPPORTED)
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_every_kind_of_key_is_read_in_every_format(kind: str, name: str, passphrase: str) -> None:
    key = generated(kind)
    assert load_key(text_of(key, name, passphrase), "k", PASSPHRASE).asbytes() == public_of(key)


@pytest.mark.parametrize(("kind", "name"), SUPPORTED)
def test_a_locked_key_says_how_to_open_it(kind: str, name: str) -> None:
    locked = text_of(generated(kind), name, PASSPHRASE)
    with pytest.raises(LockedKeyError, match=r"^k: the key has a passphrase$") as caught:
        load_key(locked, "k")
    assert "SSH_KEY_PASSPHRASE" in caught.value.hint
    with pytest.raises(PrivateKeyError, match=r"^k: the passphrase is wrong") as other:
        load_key(locked, "k", "wrong")
    assert not isinstance(other.value, LockedKeyError)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: f"\n\n  {text}\n\n",
        lambda text: "".join(f"    {line}\n" for line in text.splitlines()),
        in_base64,
        lambda text: base64.encodebytes(text.encode()).decode(),
    ],
    ids=["no newline at the end", "CRLF", "space around", "indented", "Base64", "Base64 in lines"],
)
def test_what_variables_do_to_a_key_is_mended(change: Callable[[str], str]) -> None:
    assert load_key(change(GOOD), "k").asbytes() == public_of(generated("ed25519"))


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        (GOOD.replace("\n", " "), "the line breaks of the private key are lost", "of type file"),
        (GOOD.replace("\n", "\\n"), "the line breaks of the private key are lost", "of type file"),
        (GOOD.replace("\n", ""), "the line breaks of the private key are lost", "of type file"),
        (GOOD[:200], "cut off", "of type file"),
        (in_base64(GOOD)[:-3], "Base64 is cut off", "base64 -w0"),
        (GOOD.replace("\nb3Bl", "\nAAAA"), "damaged", "ssh-keygen -y"),
        (text_of(generated("rsa"), "pkcs8").replace("\nMII", "\nAAA"), "damaged", "ssh-keygen -y"),
        ("ssh-ed25519 AAAA me@laptop", "the public half", "without .pub"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "PuTTY", "puttygen"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a private key", "BEGIN"),
        ("hello world", "not a private key", "BEGIN"),
        (text_of(ed448.Ed448PrivateKey.generate(), "pkcs8"), "of a kind that cannot be used", "ed25519"),
        (text_of(dsa.generate_private_key(1024), "pem"), "of a kind that cannot be used", "ed25519"),
    ],
)
def test_a_key_that_cannot_be_used_says_why(text: str, says: str, hint: str) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        load_key(text, "SSH_PRIVATE_KEY")
    assert caught.value.message.startswith("SSH_PRIVATE_KEY: ")
    assert says in caught.value.message
    assert hint in caught.value.hint
    body = GOOD.splitlines()[2]
    assert body not in caught.value.message + caught.value.hint


def test_the_variable_is_a_text_or_a_path(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(GOOD)
    public = public_of(generated("ed25519"))
    for given in (GOOD, in_base64(GOOD), str(path), f" {path}\n"):
        key = Credentials.from_environ({"SSH_PRIVATE_KEY": given}).key()
        assert key is not None
        assert key.asbytes() == public
    assert Credentials.from_environ({}).key() is None
    assert Credentials.from_environ({"SSH_PRIVATE_KEY": " \n"}).key() is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("/nonexistent/key", "No such file or directory"),
        ("/", "Is a directory"),
        ("a\0b", "no text"),
        ("x" * 5000, "too long"),
    ],
)
def test_a_path_that_leads_nowhere(given: str, says: str) -> None:
    with pytest.raises(PrivateKeyError, match=f"^SSH_PRIVATE_KEY: .*{says}"):
        Credentials(given).key()


def test_credentials_never_show() -> None:
    shown = repr(given := Credentials("the-key", KeyRing("the-passphrase"))) + repr(Login(credentials=given))
    assert "the-key" not in shown
    assert "the-passphrase" not in shown


@pytest.mark.parametrize("beside", [True, False], ids=["from .pub", "from within"])
def test_the_public_half_of_a_locked_key(beside: bool, tmp_path: Path) -> None:
    key, path = generated("ecdsa"), tmp_path / "key"
    path.write_text(text_of(key, "openssh", PASSPHRASE))
    if beside:
        half = base64.b64encode(public_of(key)).decode()
        path.with_name("key.pub").write_text(f"ecdsa-sha2-nistp256 {half} me\n")
    assert public_half(path) == public_of(key)


@pytest.mark.parametrize("content", [None, "", "rubbish", text_of(generated("rsa"), "pem")])
def test_a_file_without_a_public_half(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    assert public_half(path) is None


@pytest.fixture(name="files")
def fixture_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    paths = {name: tmp_path / name for name in KINDS}
    for name, path in paths.items():
        path.write_text(text_of(generated(name), "openssh"))
    return paths


@pytest.mark.parametrize("gateway", [False, True])
@pytest.mark.parametrize(
    ("variable", "key", "host", "way"),
    [
        ("", "", ["ed25519", "ecdsa"], ["ed25519", "ecdsa"]),
        ("", "rsa", ["rsa"], ["rsa", "ed25519", "ecdsa"]),
        ("ecdsa", "", ["SSH_PRIVATE_KEY"], ["SSH_PRIVATE_KEY"]),
        ("ecdsa", "rsa", ["rsa"], ["SSH_PRIVATE_KEY", "rsa"]),
        ("ecdsa", "nonexistent", ["SSH_PRIVATE_KEY"], ["SSH_PRIVATE_KEY"]),
    ],
    ids=["ssh_config's", "the inventory's", "the environment's", "both", "a laptop's path"],
)
def test_which_keys_are_offered(
    gateway: bool, variable: str, key: str, host: list[str], way: list[str], files: dict[str, Path], tmp_path: Path
) -> None:
    credentials = Credentials(str(files[variable]) if variable else "")
    identities = (files["ed25519"], files["ecdsa"], files["ed25519"])
    login = make_login(credentials, str(tmp_path / key) if key else None, Identities(identities), gateway=gateway)
    names = [name.removeprefix(f"{tmp_path}/") for name, _ in login.keys([])]
    assert names == (way if gateway else host)


def test_files_that_cannot_be_used_are_passed_over_and_noted(files: dict[str, Path], tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_text(text_of(generated("rsa"), "openssh", PASSPHRASE))
    notes: list[str] = []
    offered = list(Login(None, (locked, tmp_path / "none", files["ed25519"])).keys(notes))
    assert [name for name, _ in offered] == [str(files["ed25519"])]
    assert notes == [f"{locked}: the key has a passphrase", f"{tmp_path}/none: No such file or directory"]
