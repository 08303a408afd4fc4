"""The way to a host: which host keys are accepted, with which private keys one logs in, what is said where neither works."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import runnerops.remote.route
import runnerops.remote.ssh
from runnerops.errors import HostError, HostKeyError
from runnerops.model import Host, Ssh
from runnerops.remote.keys import PrivateKeyError
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Keys, Sshd, free_port


def test_who_logs_in_asks_to(sshd: Sshd) -> None:
    """What the tests below take as proof that nobody did."""
    with sshd.open() as link:
        assert link.run(["echo", "hi"], b"", 10).stdout == b"hi\n"
    assert sshd.asked_to_log_in


@pytest.mark.parametrize(
    ("known", "says", "hint"),
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
    ids=["unknown", "changed", "another port's", "revoked", "revoked, another known", "an authority's"],
)
def test_a_host_key_that_is_not_known_is_refused_before_logging_in(
    known: str, says: str, hint: str, sshd: Sshd
) -> None:
    at, host = f"[{ADDRESS}]:{sshd.port}", ADDRESS
    key, other = (sshd.line(name, "x").strip().removeprefix("x ") for name in ("ed25519", "other"))
    prints = {name: sshd.keys.public(name).fingerprint for name in ("ed25519", "other")}
    with pytest.raises(HostKeyError) as caught:
        sshd.open(known.format(at=at, host=host, key=key, other=other))
    expected = says.format(ed25519=prints["ed25519"], other_print=prints["other"])
    assert expected in caught.value.message
    assert hint in caught.value.hint
    assert not sshd.asked_to_log_in


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


@pytest.mark.parametrize("form", ["text", "path", "path of a variable", "one line ends with CR"])
@pytest.mark.parametrize("name", ["user", "user_pkcs8", "user_rsa"])
def test_the_key_comes_from_the_environment(form: str, name: str, sshd: Sshd) -> None:
    path = sshd.keys.folder / name
    given = {
        "text": path.read_text().rstrip("\n"),
        "path": str(path),
        "path of a variable": f"{path}\n",
        "one line ends with CR": path.read_text().replace("\n", "\r\n"),
    }[form]
    sshd.open(host=sshd.host(key=None), SSH_PRIVATE_KEY=given).close()


def test_a_key_with_a_passphrase(sshd: Sshd) -> None:
    locked = str(sshd.keys.folder / "user_locked")
    sshd.open(host=sshd.host(key=locked), SSH_KEY_PASSPHRASE="open sesame").close()
    with pytest.raises(PrivateKeyError, match="passphrase is another's"):
        sshd.open(host=sshd.host(key=locked), SSH_KEY_PASSPHRASE="wrong")
    with pytest.raises(PrivateKeyError, match="has a passphrase"):
        sshd.open(host=sshd.host(key=None), SSH_PRIVATE_KEY=Path(locked).read_text())
    with pytest.raises(HostError, match="has a passphrase") as caught:
        sshd.open(host=sshd.host(key=locked))
    assert "SSH_KEY_PASSPHRASE" in caught.value.hint


@pytest.fixture(name="agent")
def fixture_agent(tmp_path: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    """An agent that holds the locked key, open, after one that nobody wants."""
    place = tmp_path / "agent"
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho open sesame\n")
    ask.chmod(0o755)
    with subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.DEVNULL) as process:
        while not place.exists():
            assert process.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        monkeypatch.setenv("SSH_ASKPASS", str(ask))
        monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
        keys = [sshd.keys.folder / name for name in ("user_other", "user_locked")]
        subprocess.run(["ssh-add", "-q", *keys], check=True, stdin=subprocess.DEVNULL)
        yield sshd.keys
        process.terminate()


def test_the_agent_is_asked(agent: Keys, sshd: Sshd, home: Path) -> None:
    sshd.open(host=sshd.host(key=None)).close()
    # ssh.key names a locked file, whose open twin the agent has; nothing else is offered
    sshd.open(host=sshd.host(key=str(agent.folder / "user_locked"))).close()
    (home / ".ssh" / "config").write_text(f"IdentityFile {agent.folder / 'user_locked'}\nIdentitiesOnly yes\n")
    sshd.open(host=sshd.host(key=None)).close()
    (home / ".ssh" / "config").write_text(f"IdentityFile {agent.folder / 'user_other'}\nIdentitiesOnly yes\n")
    with pytest.raises(HostError, match="authentication failed"):
        sshd.open(host=sshd.host(key=None))
    with pytest.raises(HostError, match="authentication failed") as caught:
        sshd.open(host=sshd.host(key=None), SSH_PRIVATE_KEY=str(agent.folder / "user_other"))
    assert "agent" not in caught.value.message


def test_a_wrong_key_is_told_with_what_was_tried(sshd: Sshd, home: Path) -> None:
    (home / ".ssh" / "id_ed25519").write_text((sshd.keys.folder / "user_other").read_text())
    (home / ".ssh" / "id_rsa").write_text("rubbish")
    with pytest.raises(HostError) as caught:
        sshd.open(host=sshd.host(key=None))
    assert caught.value.message.startswith(
        f"web-1: {USER}@{ADDRESS}:{sshd.port}: authentication failed; tried {home}/.ssh/id_ed"
    )
    assert f"{home}/.ssh/id_rsa: no private key" in caught.value.message
    assert "authorized_keys" in caught.value.hint


def test_no_key_at_all(sshd: Sshd) -> None:
    with pytest.raises(HostError, match="no private key to log in with") as caught:
        sshd.open(host=sshd.host(key=None))
    assert "SSH_PRIVATE_KEY" in caught.value.hint


def test_the_inventorys_key_is_not_there_in_a_pipeline(sshd: Sshd) -> None:
    host = sshd.host(key="/nonexistent/laptop/key")
    sshd.open(host=host, SSH_PRIVATE_KEY=str(sshd.keys.folder / "user")).close()
    with pytest.raises(PrivateKeyError, match=r"ssh\.key /nonexistent/laptop/key"):
        sshd.open(host=host)


def test_a_key_is_not_enough(start_sshd: StartSshd) -> None:
    server = start_sshd("AuthenticationMethods publickey,publickey")
    with pytest.raises(HostError, match="a key alone is not enough"):
        server.open()


@pytest.mark.parametrize(
    ("config", "address"),
    [
        ("Host alias\n HostName {address}\n Port {port}\n User {user}\n IdentityFile {key}\n", "alias"),
        ("IdentityFile /nonexistent\nIdentityFile {key}\nPort {port}\nUser {user}\n", ADDRESS),
        ("Include {included}\nHost *\n Port 9\n", "alias"),
        ("Include config.d/*\n", "alias"),
        ("Match tagged web\n Port 9\nMatch host 127.*\n Port {port}\n User {user}\n IdentityFile {key}\n", ADDRESS),
        (
            "ForwardAgent /some/path\nConnectTimeout none\nlonely\nPort {port}\nUser {user}\nIdentityFile {key}\n",
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


@pytest.fixture(name="gateway")
def fixture_gateway(start_sshd: StartSshd) -> Sshd:
    return start_sshd(kinds=("ecdsa",))


@pytest.mark.parametrize("way", ["ssh.gateway", "another host", "ProxyJump"])
def test_a_gateway_is_gone_through_and_both_are_verified(way: str, sshd: Sshd, gateway: Sshd, home: Path) -> None:
    jump = f"{USER}@{ADDRESS}:{gateway.port}"
    key = sshd.keys.folder / "user"
    peer = Host("bastion", ADDRESS, ssh=Ssh(user=USER, port=gateway.port))
    host = sshd.host(gateway={"ssh.gateway": jump, "another host": "bastion", "ProxyJump": None}[way])
    if way == "ProxyJump":
        (home / ".ssh" / "config").write_text(
            f"Host jump\n HostName {ADDRESS}\n Port {gateway.port}\n User {USER}\n IdentityFile {key}\n"
            f"Host {ADDRESS}\n ProxyJump jump\n"
        )
    both = sshd.line() + gateway.line("ecdsa")
    with sshd.open(both, host, [peer]) as link:
        assert link.run(["sh", "-c", "echo $SSH_CONNECTION"], b"", 10).stdout
        assert "direct-tcpip" in gateway.log()
    began = sshd.log().count("Connection from")
    with pytest.raises(HostKeyError, match=rf"the host key of gateway \[{ADDRESS}\]:{gateway.port} is unknown"):
        sshd.open(sshd.line(), host, [peer])
    assert sshd.log().count("Connection from") == began
    with pytest.raises(HostKeyError, match=rf"the host key of \[{ADDRESS}\]:{sshd.port} is unknown"):
        sshd.open(gateway.line("ecdsa"), host, [peer])


def test_gateways_that_fail_are_named(sshd: Sshd, gateway: Sshd) -> None:
    jump = f"{USER}@{ADDRESS}:{gateway.port}"
    behind = sshd.host(gateway=jump, port=free_port())
    with pytest.raises(HostError, match=r"the gateway cannot reach it"):
        sshd.open(gateway.line("ecdsa"), behind)
    gateway.stop()
    with pytest.raises(HostError, match=rf"web-1: gateway {jump}: connection refused"):
        sshd.open(None, sshd.host(gateway=jump))
    peers = [Host("a", ADDRESS, ssh=Ssh(gateway="b")), Host("b", ADDRESS, ssh=Ssh(gateway="a"))]
    with pytest.raises(HostError, match="gateways need each other"):
        sshd.open("", peers[0], peers)


@pytest.mark.parametrize(
    ("address", "port", "says"),
    [("127.0.0.1", 0, "connection refused"), ("nowhere.invalid", 22, "no such name"), ("::1", 0, "connection refused")],
)
def test_a_host_that_is_not_there(address: str, port: int, says: str, sshd: Sshd) -> None:
    with pytest.raises(HostError) as caught:
        sshd.open("", Host("web-1", address, ssh=Ssh(user=USER, port=port or free_port())))
    assert says in caught.value.message
    assert caught.value.result == "unreachable"
    assert caught.value.hint


def test_a_port_that_says_nothing(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runnerops.remote.route, "CONNECT_SECONDS", 1)
    with socket.create_server((ADDRESS, 0)) as silent, pytest.raises(HostError) as caught:
        sshd.open("", sshd.host(port=silent.getsockname()[1]))
    assert caught.value.message.endswith(": no answer within 1 s")


def test_sshd_with_too_many_connections_is_asked_again(start_sshd: StartSshd, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start_sshd("MaxStartups 1:100:1")
    with ThreadPoolExecutor(4) as pool:
        for link in pool.map(lambda _: server.open(), range(4)):
            link.close()
    assert "drop connection" in server.log() or "exceeded MaxStartups" in server.log()
    monkeypatch.setattr(runnerops.remote.ssh, "_PAUSES", ())
    with only_caller(server), pytest.raises(HostError, match="closes connections before") as caught:
        server.open()
    assert "MaxStartups" in caught.value.hint


def only_caller(server: Sshd) -> socket.socket:
    """A connection that takes the one place; those of before need a moment to be gone."""
    while True:
        first = socket.create_connection((ADDRESS, server.port))
        if first.recv(4) == b"SSH-":
            return first
        first.close()
