"""Gateways, and hosts that cannot be reached."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import runnerops.ssh.connect
import runnerops.ssh.route
from runnerops.errors import HostError, HostKeyError
from runnerops.model.inventory import Host, Ssh
from runnerops.ssh.access import Access
from runnerops.ssh.keys import Credentials
from runnerops.ssh.route import make_route
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Sshd, free_port, known_from


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


@pytest.mark.parametrize("option", ["AllowTcpForwarding no", "PermitOpen none", "DisableForwarding yes"])
def test_a_gateway_that_forwards_nothing_is_told_apart(option: str, sshd: Sshd, start_sshd: StartSshd) -> None:
    gateway = start_sshd(option, kinds=("ecdsa",))
    with pytest.raises(HostError, match=r"the gateway does not forward connections") as caught:
        sshd.open(sshd.line() + gateway.line("ecdsa"), sshd.host(gateway=f"{USER}@{ADDRESS}:{gateway.port}"))
    assert "AllowTcpForwarding" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "port", "says"),
    [("127.0.0.1", 0, "connection refused"), ("nowhere.invalid", 22, "no such name"), ("::1", 0, "connection refused")],
)
def test_a_missing_host_is_unreachable(address: str, port: int, says: str, sshd: Sshd) -> None:
    host = Host("web-1", address, ssh=Ssh(user=USER, port=port or free_port()))
    with pytest.raises(HostError) as caught:
        sshd.open("", host)
    shown = f"[{address}]" if ":" in address else address
    assert caught.value.message.startswith(f"web-1: {USER}@{shown}:{host.ssh.port}: {says}")
    assert caught.value.result == "unreachable"
    assert caught.value.hint


def test_a_port_without_an_ssh_server_is_unreachable(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runnerops.ssh.route, "CONNECT_SECONDS", 1)
    with socket.create_server((ADDRESS, 0)) as silent, pytest.raises(HostError) as caught:
        sshd.open("", sshd.host(port=silent.getsockname()[1]))
    assert caught.value.message.endswith(": no answer within 1 s")


@pytest.mark.parametrize("seconds", ["", "1", "120"])
def test_our_own_limit_of_silence_comes_first(seconds: str, sshd: Sshd, home: Path) -> None:
    """Paramiko ends a connection as if the other side had closed it."""
    (home / ".ssh" / "config").write_text(f"ConnectTimeout {seconds}\n" if seconds else "")
    access = Access(known_from(""), Credentials.from_environ({}), {"HOME": str(home)})
    (hop,) = make_route(sshd.host(), access)
    connection = hop.connection
    with closing(socket.socket()) as sock:
        transport = connection.connect_kwargs["transport_factory"](sock)
        limits = (transport.handshake_timeout, connection.connect_kwargs["banner_timeout"])
    assert connection.connect_timeout == int(seconds or 15)
    assert min(limits) > connection.connect_timeout + 10


def test_sshd_with_too_many_connections_is_asked_again(start_sshd: StartSshd, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start_sshd("MaxStartups 1:100:1")
    with ThreadPoolExecutor(4) as pool:
        for link in pool.map(lambda _: server.open(), range(4)):
            link.close()
    assert "drop connection" in server.log() or "exceeded MaxStartups" in server.log()
    monkeypatch.setattr(runnerops.ssh.connect, "_PAUSES", ())
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
