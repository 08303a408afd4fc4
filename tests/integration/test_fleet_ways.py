"""A fleet as large ones are reached: every host is behind one jump host, and its sudo asks for a password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import StartSshd
from tests.integration.played import AFTER, SUDO_PASSWORD, TERM, Fleet, Recording, changed, fleet, plainly
from tests.integration.sshd import ADDRESS, USER, Sshd
from tests.lab.terminal import Terminal

BUSY, IDLE = ["web-1", "web-2", "web-3"], [f"idle-{number}" for number in range(1, 58)]
DEFAULTS = """defaults:
  ssh: {{gateway: "{way}", key: {key}, sudo: true}}
rollout: {{batch: 100%}}"""


@pytest.fixture(name="gateway")
def fixture_gateway(start_sshd: StartSshd) -> Sshd:
    """It lets in three at once, and counts logins as sshd does."""
    return start_sshd("MaxStartups 3:100:3")


@pytest.fixture(name="hosts")
def fixture_hosts(gateway: Sshd, recording: Recording, tmp_path: Path) -> Iterator[Fleet]:
    """Sixty hosts, three of which may change."""
    with fleet(tmp_path / "fleet", recording, [*BUSY, *IDLE], idle=IDLE) as hosts:
        with (hosts.folder / "known_hosts").open("a") as known_hosts:
            known_hosts.write(gateway.line())
        key = gateway.keys.folder / "user"
        (hosts.folder / "user").write_bytes(key.read_bytes())
        hosts.ask(AFTER, DEFAULTS.format(way=f"{USER}@{ADDRESS}:{gateway.port}", key=key))
        yield hosts


def logins(gateway: Sshd) -> int:
    return gateway.log().count("Accepted publickey")


def tried(hosts: Fleet, name: str) -> list[str]:
    path = hosts[name].root / "sudo"
    return path.read_text().splitlines() if path.exists() else []


def test_a_rollout_through_a_jump_host_with_a_password_for_sudo(hosts: Fleet, gateway: Sshd) -> None:
    output = hosts.run("deploy", "web-*", "--yes", RUNNEROPS_SUDO_PASSWORD=SUDO_PASSWORD)
    assert output.splitlines()[-1] == "3 hosts: 3 applied"
    assert all(changed(hosts[name]) for name in BUSY)
    assert logins(gateway) == 1, "one for all hosts, to look and to act"
    output = hosts.run("diff", "web-*", RUNNEROPS_SUDO_PASSWORD=SUDO_PASSWORD)
    assert output.splitlines()[-1] == "3 hosts: 0 to change, 3 in sync"
    assert hosts.run("history", "web-*", RUNNEROPS_SUDO_PASSWORD=SUDO_PASSWORD).count("3 hosts: web-[1:3]") == 2
    for name in BUSY:
        assert set(tried(hosts, name)) == {SUDO_PASSWORD}
        (hosts[name].root / "sudo").unlink()
        paths = [path for path in hosts[name].root.rglob("*") if path.is_file() and not path.is_symlink()]
        assert not [path for path in paths if SUDO_PASSWORD.encode() in path.read_bytes()], "it is nowhere on the host"


def test_a_wrong_password_for_sudo_is_tried_once_on_each_host_and_told_once(hosts: Fleet, gateway: Sshd) -> None:
    output = hosts.run("deploy", "--yes", code=1, RUNNEROPS_SUDO_PASSWORD="wrong horse")
    assert "60 hosts refused: web-[1:3], idle-[1:57]" in output
    assert output.count("sudo does not accept the password of user root") == 1
    assert "wrong horse" not in output
    assert [tried(hosts, name) for name in BUSY] == [["wrong horse"]] * 3
    assert logins(gateway) == 1
    output = hosts.run("status", "web-*", code=1)
    assert output.count("a password is required") == 1
    assert "--ask-sudo-password" in output


def test_a_password_that_is_mistyped_is_asked_for_once_more_for_all_hosts(hosts: Fleet, gateway: Sshd) -> None:
    words = hosts.command("deploy", "web-*", "--yes", "--ask-sudo-password")
    terminal = Terminal(words, hosts.folder, {**hosts.environ, **TERM}, 120)
    terminal.wait_for("password")
    terminal.press("wrong horse\n")
    terminal.wait_for("enter another one")
    terminal.press(f"{SUDO_PASSWORD}\n")
    assert terminal.end() == 0, terminal.said
    assert plainly(terminal.said).endswith("3 hosts: 3 applied")
    assert "horse" not in terminal.said
    for name in BUSY:
        assert tried(hosts, name)[0] == "wrong horse"
        assert set(tried(hosts, name)[1:]) == {SUDO_PASSWORD}
    assert logins(gateway) == 1


def test_what_is_wrong_with_the_jump_host_is_told_once_for_all_behind_it(hosts: Fleet, gateway: Sshd) -> None:
    known_hosts = (hosts.folder / "known_hosts").read_text()
    (hosts.folder / "known_hosts").write_text(known_hosts.replace(gateway.line(), gateway.line("other")))
    output = hosts.run("diff", code=1, RUNNEROPS_SUDO_PASSWORD=SUDO_PASSWORD)
    assert "60 hosts unreachable: web-[1:3], idle-[1:57]" in output
    assert output.count("has changed") == 1
    assert f"the host key of gateway [{ADDRESS}]:{gateway.port} has changed" in output
    assert logins(gateway) == 0
    gateway.stop()
    output = hosts.run("diff", code=1, RUNNEROPS_SUDO_PASSWORD=SUDO_PASSWORD)
    assert "60 hosts unreachable: web-[1:3], idle-[1:57]" in output
    assert output.count("connection refused") == 1
