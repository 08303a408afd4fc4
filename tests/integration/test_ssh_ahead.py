"""What is sent to an OpenSSH server before it has answered. A proxy in between holds the answers back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from paramiko import Ed25519Key, Message, Transport
from paramiko.common import MSG_CHANNEL_DATA

from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.model.inventory import Inventory
from runnerops.report.screen import Screen
from runnerops.ssh import ahead
from runnerops.ssh.transport import preferring
from tests.integration.conftest import StartSshd
from tests.integration.sshd import USER, Sshd
from tests.lab.proxy import Proxy

OPENED = "server_input_channel_open: ctype session"
REFUSED = "dispatch_protocol_error: type 90"


@pytest.fixture(name="proxy")
def fixture_proxy(sshd: Sshd) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", sshd.port) as proxy:
        yield proxy


def until(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_session_is_opened_with_the_login(sshd: Sshd, proxy: Proxy, tmp_path: Path) -> None:
    host = sshd.host(port=proxy.port)
    (tmp_path / "known_hosts").write_text(sshd.line(name="web-1"))
    inventory = Inventory(str(tmp_path / "inventory.yml"), (host,), {}, tmp_path)
    screen = Screen(out=StringIO(), err=StringIO())
    with ConnectionPool(inventory, {"HOME": os.environ["HOME"]}, screen) as pool:
        pool.connect_early([host])
        until(lambda: "SSH2_MSG_NEWKEYS received" in sshd.log())
        proxy.hold_answers()
        pool.allow_login()
        until(lambda: OPENED in sshd.log())
        proxy.restore()
        for _ in range(2):
            assert pool.link(host).run(["cat"], b"hi", 30).stdout == b"hi"
    assert sshd.log().count(OPENED) == 2


def test_input_is_sent_together_with_the_command(sshd: Sshd, proxy: Proxy, tmp_path: Path) -> None:
    text = os.urandom(ahead.INPUT_BYTES)
    with log_in(sshd, proxy) as transport:
        channel = transport.open_session()
        proxy.hold_answers()
        sending = threading.Thread(target=ahead.start, args=(channel, f"cat >{tmp_path}/input", text), daemon=True)
        sending.start()
        until(lambda: (tmp_path / "input").exists() and (tmp_path / "input").stat().st_size == len(text))
        proxy.restore()
        sending.join()
        assert channel.recv_exit_status() == 0
    assert (tmp_path / "input").read_bytes() == text


def log_in(sshd: Sshd, proxy: Proxy, kind: type[Transport] | None = None) -> Transport:
    transport = (kind or preferring(["ssh-ed25519"]))(("127.0.0.1", proxy.port))
    transport.start_client()
    transport.auth_publickey(USER, Ed25519Key.from_private_key_file(str(sshd.keys.folder / "user")))
    return transport


@pytest.mark.parametrize("more", [0, 1])
def test_input_of_any_size_arrives(more: int, sshd: Sshd) -> None:
    text = os.urandom(ahead.INPUT_BYTES + more)
    with sshd.open() as link:
        assert link.run(["cat"], text, 30).stdout == text


class Delayed(Transport):
    """Sends the second part of a command's input only once the command has ended, if it may be sent at all by then."""

    parts = 0

    def _send_user_message(self, data: Message) -> None:
        if data.asbytes()[0] == MSG_CHANNEL_DATA:
            self.parts += 1
            ends = time.monotonic() + 1
            while (
                self.parts == 2
                and time.monotonic() < ends
                and not all(var.closed for var in vars(self)["_channels"].values())
            ):
                time.sleep(0.01)
        super()._send_user_message(data)  # type: ignore[misc]


def test_a_command_that_ends_without_reading_its_input_ends_no_connection(sshd: Sshd, proxy: Proxy) -> None:
    """OpenSSH ends a connection on which data come for a session that both sides have closed."""
    with log_in(sshd, proxy, Delayed) as transport:
        for command, status in (("exit 3", 3), ("cat", 0)):
            channel = transport.open_session()
            ahead.start(channel, command, b"x" * ahead.INPUT_BYTES)
            assert channel.recv_exit_status() == status
        assert transport.is_active()


def test_a_refused_key_costs_one_session_that_is_not_opened(sshd: Sshd, home: Path) -> None:
    keys = [sshd.keys.folder / name for name in ("user_other", "other", "user")]
    (home / ".ssh" / "config").write_text("".join(f"IdentityFile {key}\n" for key in keys))
    with sshd.open(host=sshd.host(key=None)) as link:
        assert link.run(["cat"], b"hi", 30).stdout == b"hi"
    assert sshd.log().count(REFUSED) == 1


def test_a_command_that_may_not_run(start_sshd: StartSshd) -> None:
    """Its input is on the way by then, and harms nothing."""
    server = start_sshd("ForceCommand exit 7")
    with server.open() as link:
        assert [link.run(["cat"], b"hi", 30).status for _ in range(2)] == [7, 7]
