"""What a real connection takes from ssh_config, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.errors import HostError, HostKeyError
from runnerops.model.inventory import Host, Ssh
from tests.integration.sshd import ADDRESS, USER, Sshd


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ("Host alias\n HostName {address}\n Port {port}\n User {user}\n IdentityFile {key}\n", "alias"),
        ("IdentityFile /nonexistent\nIdentityFile {key}\nPort {port}\nUser {user}\n", ADDRESS),
        ("Include {included}\nHost *\n Port 9\n", "alias"),
        ("Include config.d/*\n", "alias"),
        ("Match tagged web\n Port 9\nMatch host 127.*\n Port {port}\n User {user}\n IdentityFile {key}\n", ADDRESS),
        (
            "ForwardAgent /some/path\nConnectTimeout none\nPort {port}\nUser {user}\nIdentityFile {key}\n",
            ADDRESS,
        ),
        (
            "Host 127.*\n ProxyJump none\n Port {port}\n User {user}\n IdentityFile {key}\nHost *\n ProxyJump x\n",
            ADDRESS,
        ),
    ],
    ids=["alias", "a key that is not there", "included", "included by pattern", "unknown Match", "traps", "no jump"],
)
def test_ssh_config_is_followed(config: str, address: str, sshd: Sshd, home: Path) -> None:
    values = {"address": ADDRESS, "port": sshd.port, "user": USER, "key": sshd.keys.folder / "user"}
    included = home / ".ssh" / "config.d" / "web"
    included.parent.mkdir()
    included.write_text(
        "Host alias\n HostName {address}\n Port {port}\n User {user}\n IdentityFile {key}\n".format(**values)
    )
    (home / ".ssh" / "config").write_text(config.format(**values, included="~/.ssh/config.d/web"))
    host = Host("web-1", address, ssh=Ssh(sudo=False))
    with sshd.open(host=host) as link:
        assert link.run(["id", "-un"], b"", 10).stdout.decode().strip() == USER


def test_host_key_names_of_ssh_config(sshd: Sshd, home: Path, tmp_path: Path) -> None:
    (tmp_path / "more").write_text(sshd.line(name="fleet"))
    (home / ".ssh" / "config").write_text(f"HostKeyAlias fleet\nUserKnownHostsFile {tmp_path / 'more'}\n")
    sshd.open("").close()
    (home / ".ssh" / "config").write_text("HostKeyAlias fleet\n")
    with pytest.raises(HostKeyError, match="the host key of fleet is unknown"):
        sshd.open(sshd.line())


def test_nothing_of_fabrics_own_configuration_counts(sshd: Sshd, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".fabric.yaml").write_text("user: nobody\nport: 9\ngateway: nowhere\n")
    monkeypatch.setenv("FABRIC_USER", "nobody")
    monkeypatch.setenv("FABRIC_CONNECT_KWARGS_PASSWORD", "x")
    monkeypatch.chdir(home)
    (home / "fabric.yaml").write_text("user: nobody\n")
    config = f"Port {sshd.port}\nIdentityFile {sshd.keys.folder / 'user'}\n"
    (home / ".ssh" / "config").write_text(config)
    sshd.open(host=Host("web-1", ADDRESS)).close()


@pytest.mark.parametrize(
    ("config", "problem", "hint"),
    [
        ("Match localnetwork 10.0.0.0/8\n User x\n", "Match localnetwork", "Host lines"),
        ("Match host * weekday mon\n User x\n", "Match weekday", "Host lines"),
        ("Tag x\nMatch tagged x\n User x\n", "Match tagged", "Host lines"),
        ("PubkeyAuthentication no\n", "leaves no way to log in", "PubkeyAuthentication yes"),
        ("BindAddress 127.0.0.1\n", "bindaddress 127.0.0.1", "ProxyCommand"),
        ("PreferredAuthentications password,keyboard-interactive\n", "leaves no way to log in", "publickey"),
        ("RefuseConnection 'gone for good'\n", "refuseconnection gone for good", "take it out"),
        ("AddressFamily inet6\n", "has no address of the family that", ""),
        ("ProxyUseFdpass yes\n", "proxyusefdpass", "ProxyCommand"),
        ("RevokedHostKeys /etc/revoked\n", "revokedhostkeys", "@revoked"),
        ("HostKeyAlgorithms sk-ssh-ed25519@openssh.com\n", "leaves nothing that can be verified", "ssh-ed25519"),
        ("HostKeyAlgorithms -*\n", "leaves nothing that can be verified", "ssh-ed25519"),
        ("CASignatureAlgorithms sk-*\n", "leaves nothing that can be verified", "ssh-ed25519"),
        ("HostKeyAlgorithms ecdsa-*\n", "HostKeyAlgorithms of ssh_config excludes all kinds", "add its kind"),
        ("ProxyCommand nc %x\n", "%x cannot be used", "ssh/config"),
    ],
)
def test_unsupported_settings_are_refused_by_name(config: str, problem: str, hint: str, sshd: Sshd, home: Path) -> None:
    (home / ".ssh" / "config").write_text(config)
    with pytest.raises(HostError) as refused:
        sshd.open()
    assert problem in refused.value.message
    assert hint in refused.value.hint
    (home / ".ssh" / "config").write_text(
        "Host elsewhere\n" + config if "Match" not in config else "Host x\n Tag x\n" + config
    )
    if not {"localnetwork", "weekday"} & set(config.split()):
        sshd.open().close()


def test_what_says_nothing_of_the_way_is_no_obstacle(sshd: Sshd, home: Path) -> None:
    (home / ".ssh" / "config").write_text(
        "Match tagged x\n User x\nMatch localnetwork 10.0.0.0/8\n ForwardX11 yes\nMatch all\n RevokedHostKeys none\n"
        "GSSAPIAuthentication yes\nRemoteCommand true\nRequestTTY yes\nControlMaster auto\nStrictHostKeyChecking no\n"
    )
    sshd.open().close()


def test_settings_without_effect_are_accepted(sshd: Sshd, home: Path) -> None:
    lines = (
        "AddressFamily inet",
        "PreferredAuthentications hostbased,publickey",
        "ServerAliveInterval 0",
        "VisualHostKey no",
        "HostKeyAlgorithms ^ecdsa-sha2-nistp256",
        "CASignatureAlgorithms +ssh-rsa",
        "RequiredRSASize 4096",
    )
    (home / ".ssh" / "config").write_text("\n".join(lines))
    sshd.open().close()
