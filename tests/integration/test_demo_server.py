"""The SSH server of the demo, as clients see it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import paramiko
import pytest

from runnerops.demo import server
from runnerops.demo.server import ADDRESS, Server, make_key


def test_a_request_is_confirmed_before_its_command_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a short command could end first, and the client would see a session without a confirmation."""
    accept, started = server._Guests.check_channel_exec_request, tmp_path / "started"
    early: list[bool] = []

    def accept_slowly(guests: server._Guests, channel: paramiko.Channel, command: bytes) -> bool:
        accepted = accept(guests, channel, command)
        ends = time.monotonic() + 0.5
        while time.monotonic() < ends and not started.exists():
            time.sleep(0.01)
        early.append(started.exists())
        return accepted

    monkeypatch.setattr(server._Guests, "check_channel_exec_request", accept_slowly)
    key = make_key(tmp_path / "key")
    with Server({"PATH": os.environ["PATH"]}, tmp_path, key) as running, paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(ADDRESS, running.port, "root", pkey=key, allow_agent=False, look_for_keys=False)
        _, stdout, _ = client.exec_command("touch started; echo done")
        assert stdout.read() == b"done\n"
        assert stdout.channel.recv_exit_status() == 0
    assert early == [False]
