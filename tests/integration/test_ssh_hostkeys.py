"""Which host keys of a real sshd are accepted. If a key is not accepted, nobody logs in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runnerops.errors import HostKeyError
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, Keys, Sshd


def test_who_logs_in_asks_to(sshd: Sshd) -> None:
    """What the tests below take as proof that nobody did."""
    with sshd.open() as link:
        assert link.run(["echo", "hi"], b"", 10).stdout == b"hi\n"
    assert sshd.asked_to_log_in


@pytest.mark.parametrize(
    ("known_hosts", "says", "hint"),
    [
        ("", "is unknown: ssh-ed25519 {ed25519}", "runnerops trust web-1"),
        (
            "{at} {other}\n",
            "has changed: it offers ssh-ed25519 {ed25519}; known is ssh-ed25519 {other_print}",
            "trust web-1",
        ),
        ("{host} {other}\n", "is unknown", "trust web-1"),
        ("{at} {key}\n@revoked * {key}\n", "is revoked (known_hosts:2): ssh-ed25519 {ed25519}", "nothing was sent"),
        ("{at} {other}\n@revoked {at} {key}\n", "is revoked", "nothing was sent"),
        ("@cert-authority * {key}\n", "is unknown", "trust web-1"),
    ],
    ids=[
        "unknown",
        "changed",
        "another port's",
        "revoked",
        "revoked, another known",
        "of a host without a certificate",
    ],
)
def test_a_host_key_that_is_not_known_is_refused_before_logging_in(
    known_hosts: str, says: str, hint: str, sshd: Sshd
) -> None:
    at, host = f"[{ADDRESS}]:{sshd.port}", ADDRESS
    key, other = (sshd.line(name, "x").strip().removeprefix("x ") for name in ("ed25519", "other"))
    prints = {name: sshd.keys.public(name).fingerprint for name in ("ed25519", "other")}
    with pytest.raises(HostKeyError) as caught:
        sshd.open(known_hosts.format(at=at, host=host, key=key, other=other))
    expected = says.format(ed25519=prints["ed25519"], other_print=prints["other"])
    assert expected in caught.value.message
    assert hint in caught.value.hint
    assert not sshd.asked_to_log_in


def test_in_a_pipeline_the_way_to_trust_is_a_variable(sshd: Sshd) -> None:
    with pytest.raises(HostKeyError) as caught:
        sshd.open("", CI="true")
    assert "SSH_KNOWN_HOSTS" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["web-1", "[web-1]:{port}", "[127.0.0.1]:{port}", "127.0.0.1", "127.0.0.*", "WEB-1", "hash"]
)
def test_names_that_a_host_key_is_known_by(name: str, sshd: Sshd, tmp_path: Path) -> None:
    line = sshd.line(name=name.format(port=sshd.port) if name != "hash" else "")
    if name == "hash":
        (tmp_path / "hashed").write_text(line)
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", tmp_path / "hashed"], check=True, capture_output=True)
        line = (tmp_path / "hashed").read_text()
        assert line.startswith("|1|")
    with sshd.open(line) as link:
        assert link.run(["true"], b"", 10).status == 0


@pytest.mark.parametrize("known", [("ecdsa",), ("rsa",), ("rsa", "ecdsa"), ("ed25519",)], ids="+".join)
def test_the_kinds_that_are_known_are_asked_for(known: tuple[str, ...], start_sshd: StartSshd) -> None:
    server = start_sshd(kinds=("ed25519", "ecdsa", "rsa"))
    server.open("".join(map(server.line, known))).close()


def test_of_two_known_kinds_the_one_that_the_host_has_is_taken(start_sshd: StartSshd) -> None:
    server = start_sshd(kinds=("ed25519", "ecdsa"))
    server.open(server.line("rsa") + server.line("ecdsa")).close()


CERTIFIED = [  # options of ssh-keygen, lines of known_hosts, and what is wrong
    ("-h -n 127.0.0.1", "@cert-authority * {ca}\n", ""),
    ("-h -n x,127.*", "@cert-authority [127.0.0.1]:{port} {ca}\n", ""),
    ("-h -n web-1", "@cert-authority 127.0.0.1 {ca}\n", ""),
    ("-h -n db-1", "@cert-authority * {ca}\n", "it is for db-1, not for 127.0.0.1, web-1"),
    ("-h", "@cert-authority * {ca}\n", "it is for no host by name"),
    ("-n 127.0.0.1", "@cert-authority * {ca}\n", "it is a certificate of a user, not of a host"),
    ("-h -n 127.0.0.1 -V 20200101:20210101", "@cert-authority * {ca}\n", "it has expired"),
    ("-h -n 127.0.0.1 -V 20990101:21000101", "@cert-authority * {ca}\n", "it is not valid yet"),
    ("-h -n 127.0.0.1 -O critical:x=y", "@cert-authority * {ca}\n", "critical options"),
    ("-h -n 127.0.0.1", "@cert-authority * {another}\n", "by an authority that is not known for this host"),
    ("-h -n 127.0.0.1", "@cert-authority * {ca}\n@revoked * {ca}\n", "its authority is revoked (known_hosts:2)"),
    ("-h -n 127.0.0.1", "@cert-authority * {ca}\n@revoked * {key}\n", "is revoked (known_hosts:2)"),
    ("-h -n 127.0.0.1", "@cert-authority db-* {ca}\n", "is unknown"),
    ("-h -n db-1", "@cert-authority * {ca}\n{at} {key}\n@revoked * {ca}\n", "is revoked (known_hosts:3)"),
    ("-h -n db-1", "@cert-authority * {ca}\n{at} {key}\n", ""),
]


@pytest.mark.parametrize("case", range(len(CERTIFIED)))
def test_a_certificate_counts_for_the_host_that_it_names(
    case: int, start_sshd: StartSshd, ssh_keys: Keys, tmp_path: Path
) -> None:
    """The last host has a certificate of another, and a key that is known by itself."""
    options, known_hosts, wrong = CERTIFIED[case]
    kind, authority = ("ed25519", "ecdsa", "rsa")[case % 3], ("other", "rsa")[case % 2]
    certificate = ssh_keys.certify(kind, tmp_path, *options.split(), authority=authority)
    server = start_sshd(f"HostCertificate {certificate}", kinds=(kind,))
    key, ca, another = (server.line(name, "x").strip().removeprefix("x ") for name in (kind, authority, "user_other"))
    lines = known_hosts.format(key=key, ca=ca, another=another, port=server.port, at=f"[{ADDRESS}]:{server.port}")
    if not wrong:
        with server.open(lines) as link:
            assert link.run(["true"], b"", 10).status == 0
        return
    with pytest.raises(HostKeyError) as caught:
        server.open(lines)
    assert wrong in caught.value.message
    assert not server.asked_to_log_in


@pytest.mark.parametrize(
    ("config", "kinds", "wrong"),
    [
        ("HostKeyAlgorithms rsa-sha2-512,ecdsa-*", ("ed25519", "rsa"), ""),
        ("HostKeyAlgorithms -ssh-ed25519", ("ed25519", "ecdsa"), ""),
        ("RequiredRSASize 2048", ("rsa",), ""),
        ("RequiredRSASize 8192", ("rsa",), "RequiredRSASize of ssh_config asks for 8192"),
        ("RequiredRSASize 8192", ("ed25519",), ""),
    ],
)
def test_what_ssh_config_leaves_of_the_kinds_of_host_keys(
    config: str, kinds: tuple[str, ...], wrong: str, start_sshd: StartSshd, home: Path
) -> None:
    """The last kind is the one that must be taken: the first is not known, or there is no other."""
    server = start_sshd(kinds=kinds)
    (home / ".ssh" / "config").write_text(f"{config}\n")
    if not wrong:
        server.open(server.line(kinds[-1])).close()
        return
    with pytest.raises(HostKeyError) as caught:
        server.open(server.line(kinds[-1]))
    assert wrong in caught.value.message
    assert not server.asked_to_log_in


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ("CASignatureAlgorithms ssh-ed25519", "its signature is rsa-sha2-512, which CASignatureAlgorithms"),
        ("CASignatureAlgorithms -rsa-*", "its signature is rsa-sha2-512, which CASignatureAlgorithms"),
        ("CASignatureAlgorithms rsa-sha2-512,ssh-ed25519", ""),
    ],
)
def test_what_ssh_config_leaves_of_the_signatures_of_authorities(
    config: str, wrong: str, start_sshd: StartSshd, ssh_keys: Keys, home: Path, tmp_path: Path
) -> None:
    certificate = ssh_keys.certify("ed25519", tmp_path, "-h", "-n", "127.0.0.1", authority="rsa")
    server = start_sshd(f"HostCertificate {certificate}")
    (home / ".ssh" / "config").write_text(f"{config}\n")
    known_hosts = f"@cert-authority * {server.line('rsa', 'x').strip().removeprefix('x ')}\n"
    if not wrong:
        server.open(known_hosts).close()
        return
    with pytest.raises(HostKeyError) as caught:
        server.open(known_hosts)
    assert wrong in caught.value.message


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_revoked_certificate_revokes_its_key_as_for_openssh(
    kind: str, start_sshd: StartSshd, ssh_keys: Keys, tmp_path: Path
) -> None:
    certificate = ssh_keys.certify(kind, tmp_path, "-h", "-n", "x", authority="other").read_text().split()
    server = start_sshd(kinds=(kind,))
    at = f"[{ADDRESS}]:{server.port}"
    with pytest.raises(HostKeyError, match=r"is revoked \(known_hosts:2\)"):
        server.open(f"{server.line(kind)}@revoked {at} {' '.join(certificate[:2])}\n")
    path = tmp_path / "known"
    path.write_text(f"{server.line(kind)}@revoked {at} {' '.join(certificate[:2])}\n")
    if shutil.which("ssh"):
        words = [
            "ssh",
            "-F",
            "none",
            "-o",
            f"UserKnownHostsFile={path}",
            "-o",
            "BatchMode=yes",
            "-p",
            str(server.port),
        ]
        output = subprocess.run([*words, ADDRESS, "true"], capture_output=True, text=True, check=False).stderr
        assert "REVOKED" in output
