"""Which host keys are known: every form of a known_hosts line, from every place."""

from __future__ import annotations

from pathlib import Path

import pytest
from paramiko import ECDSAKey, Ed25519Key, HostKeys, PKey, RSAKey

from runnerops.remote.hostkeys import KnownHosts, fingerprint, lookup_name, parse


def ed25519() -> PKey:
    import io

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return Ed25519Key.from_private_key(io.StringIO(text))


ED, OTHER, EC, RSA = ed25519(), ed25519(), ECDSAKey.generate(), RSAKey.generate(2048)


def line(names: str, key: PKey, marker: str = "") -> str:
    return f"{marker} {names} {key.get_name()} {key.get_base64()}".strip()


@pytest.mark.parametrize(
    ("entry", "name", "known"),
    [
        (line("h.example.com", ED), "h.example.com", True),
        (line("h.example.com", ED), "other.example.com", False),
        (line("a,h.example.com,192.0.2.1", ED), "192.0.2.1", True),
        (line("[h.example.com]:2222", ED), lookup_name("h.example.com", 2222), True),
        (line("h.example.com", ED), lookup_name("h.example.com", 2222), False),
        (line("*.example.com", ED), "h.example.com", True),
        (line(HostKeys.hash_host("h.example.com"), ED), "h.example.com", True),
        (line(HostKeys.hash_host("h.example.com"), ED), "x.example.com", False),
        (line("h.example.com", ED) + " a comment", "h.example.com", True),
    ],
)
def test_names(entry: str, name: str, known: bool) -> None:
    found = parse([("f", f"# comment\n\n{entry}\n")])
    assert [key.asbytes() for key in found.keys([name])] == ([ED.asbytes()] if known else [])
    assert found.warnings == ()


def test_keys_of_every_kind_are_known() -> None:
    found = parse([("f", "\n".join(line("h", key) for key in (ED, EC, RSA)))])
    assert {key.get_name() for key in found.keys(["h"])} == {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"}


@pytest.mark.parametrize(
    "bad",
    [
        "garbage",
        "h ssh-ed25519",
        "h ssh-ed25519 !!!",
        "h ssh-dss AAAAB3NzaC1kc3MAAACB",
        line("*", ED, "@cert-authority"),
        line("h", ED, "@odd"),
    ],
)
def test_a_line_that_cannot_be_used_is_passed_over_with_its_place(bad: str) -> None:
    found = parse([("known_hosts", f"{line('h', ED)}\n{bad}\n{line('h', EC)}\n")])
    assert len(found.keys(["h"])) == 2
    assert [warning.split(": ")[0] for warning in found.warnings] == ["known_hosts:2"]


def test_a_revoked_key_is_not_known_and_is_told_from_an_unknown_one() -> None:
    found = parse([("f", "\n".join((line("h", ED), line("*", ED, "@revoked"), line("h", EC))))])
    assert [key.asbytes() for key in found.keys(["h"])] == [EC.asbytes()]
    assert found.is_revoked(ED, ["h"])
    assert not found.is_revoked(OTHER, ["h"])


def test_every_place_counts(tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    project.mkdir()
    (project / "known_hosts").write_text(line("h", ED))
    (home / ".ssh" / "known_hosts").write_text(line("h", EC))
    environ = {"HOME": str(home), "SSH_KNOWN_HOSTS": line("h", OTHER) + "\n"}
    kinds = {key.asbytes() for key in KnownHosts.find(project, environ).keys(["h"])}
    assert {ED.asbytes(), EC.asbytes(), OTHER.asbytes()} <= kinds
    file = tmp_path / "variable"
    file.write_text(line("h", RSA))
    known = KnownHosts.find(project, {"HOME": str(home), "SSH_KNOWN_HOSTS": str(file)})
    assert RSA.asbytes() in {key.asbytes() for key in known.keys(["h"])}


def test_fingerprints_are_those_of_openssh() -> None:
    assert fingerprint(ED).startswith("SHA256:")
    assert fingerprint(ED) == ED.fingerprint
