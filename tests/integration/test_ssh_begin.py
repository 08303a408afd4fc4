"""Connections that are opened before it is known whether the login is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest

from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.errors import HostError
from runnerops.model.inventory import Inventory
from runnerops.report.screen import Screen
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Sshd

AGREED = "SSH2_MSG_NEWKEYS received"


def logged(sshd: Sshd) -> None:
    """Waits until the keys of a connection are exchanged."""
    ends = time.monotonic() + 20
    while AGREED not in sshd.log():
        assert time.monotonic() < ends, sshd.log()
        time.sleep(0.02)


def given_up(sshd: Sshd) -> None:
    """Waits until the server has no open connection."""
    ends = time.monotonic() + 20
    port_text = f":{sshd.port:04X} "
    while any(port_text in line and line.split()[3] == "01" for line in Path("/proc/net/tcp").read_text().splitlines()):
        assert time.monotonic() < ends, sshd.log()
        time.sleep(0.02)


def pool(sshd: Sshd, folder: Path) -> ConnectionPool:
    (folder / "known_hosts").write_text(sshd.line())
    path = str(folder / "inventory.yml")
    return ConnectionPool(
        Inventory(path, (sshd.host(),), {}, Path(path).parent),
        {"HOME": os.environ["HOME"]},
        Screen(out=StringIO(), err=StringIO()),
    )


def test_nobody_logs_in_before_it_is_admitted(sshd: Sshd, tmp_path: Path) -> None:
    with pool(sshd, tmp_path) as connections:
        connections.connect_early([sshd.host()])
        logged(sshd)
        assert not sshd.asked_to_log_in
        connections.allow_login()
        assert connections.link(sshd.host()).run(["echo", "hi"], b"", 10).stdout == b"hi\n"
    assert sshd.log().count(AGREED) == 1


def test_nobody_logs_in_who_was_never_admitted(sshd: Sshd, tmp_path: Path) -> None:
    with pool(sshd, tmp_path) as connections:
        connections.connect_early([sshd.host()])
        logged(sshd)
    with pytest.raises(HostError, match="not logged in"):
        connections.link(sshd.host())
    assert not sshd.asked_to_log_in


def test_one_who_waited_too_long_connects_again(
    start_sshd: StartSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sshd = start_sshd("LoginGraceTime 4")
    monkeypatch.setattr("runnerops.engine.hosts.connections._GRACE_SECONDS", 0.5)
    with pool(sshd, tmp_path) as connections:
        connections.connect_early([sshd.host()])
        logged(sshd)
        given_up(sshd)
        connections.allow_login()
        assert connections.link(sshd.host()).run(["echo", "hi"], b"", 10).stdout == b"hi\n"
    assert sshd.log().count(AGREED) == 2


@pytest.mark.parametrize("command", [("deploy", "--yes"), ("diff",)])
def test_an_unsound_inventory_logs_in_nowhere(command: tuple[str, ...], sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(sshd.line())
    (tmp_path / "inventory.yml").write_text(
        f"""hosts:
  web-1:
    address: {ADDRESS}
    ssh: {{user: {USER}, port: {sshd.port}, key: {sshd.keys.folder / "user"}}}
    gitlab_runner: {{concurrent: 0}}
"""
    )
    argv = [sys.executable, "-m", "runnerops", *command]
    completed = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 1, completed.stderr
    assert "concurrent" in completed.stderr
    assert not sshd.asked_to_log_in
