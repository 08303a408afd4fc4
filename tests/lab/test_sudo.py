"""Real sudo with a password: deploys as such a user, asked at a terminal, wrong, refused, from a terminal only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project, host_entry
from tests.lab.roots import PRIVILEGE, ensure_root
from tests.lab.terminal import Terminal

pytestmark = pytest.mark.hosts("trixie")  # sudo is the same whatever Docker runs there

PASSWORD = "corréct horse"
SUDOERS = "/etc/sudoers.d/locked"
USER = f"""
useradd --create-home --shell /bin/bash locked
printf 'locked:%s\\n' '{PASSWORD}' | chpasswd
cp -r /home/deploy/.ssh /home/locked/ && chown -R locked: /home/locked/.ssh
printf 'locked ALL=(ALL) ALL\\nDefaults:locked lecture=always\\n' >{SUDOERS} && chmod 0440 {SUDOERS}
"""

IN_SYNC = "1 host: 0 to change, 1 in sync"
OTHERS = (
    ("ALL\\nDefaults:locked use_pty, log_input, log_output", PASSWORD, IN_SYNC),
    ('ALL\\nDefaults:locked passprompt_override, passprompt="Kennwort bitte: "', PASSWORD, IN_SYNC),
    ("NOPASSWD: /usr/bin/systemctl, PASSWD: ALL", PASSWORD, IN_SYNC),
    ("NOPASSWD: /usr/bin/systemctl", PASSWORD, "locked is not allowed to execute a shell as root"),
    ("ALL\\nDefaults:locked passwd_tries=1", "wrong", "does not accept the password of user locked"),
    ("ALL\\nDefaults:locked targetpw", PASSWORD, "targetpw"),
    ("NOPASSWD: ALL\\nDefaults:locked use_pty", "", IN_SYNC),
)
"""What sudoers may say, the password that is given, and what is read."""


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Iterator[Project]:
    """A host whose user has a password; nothing is deployed."""
    host.run(USER)
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: host_entry(host, ssh={"user": "locked"}, docker={"live-restore": True})}})
    yield project
    host.run(f"rm -f {SUDOERS}; userdel -r locked 2>/dev/null; true")


def typed(project: Project, words: tuple[str, ...], *passwords: str) -> tuple[int, str]:
    """Exit code and screen of a command that asks for as many passwords."""
    terminal = Terminal([*project.command(*words)], project.folder, project.environ)
    for password in passwords:
        terminal.wait_for(": ")
        terminal.press(f"{password}\n")
    return terminal.end(), terminal.said


@pytest.fixture(name="other_ways")
def fixture_other_ways(host: LabHost) -> Iterator[Path]:
    """Where sudo-rs and doas lie, of a host that has neither; what is laid over it goes again."""
    yield ensure_root(PRIVILEGE)
    host.run("[ ! -e /usr/bin/sudo.away ] || mv /usr/bin/sudo.away /usr/bin/sudo")
    host.run("rm -f /usr/local/bin/sudo /usr/bin/doas /etc/pam.d/doas /etc/doas.conf /etc/sudoers-rs")


def test_sudo_rs_and_doas_as_debian_has_them(project: Project, host: LabHost, other_ways: Path) -> None:
    host.write("/usr/local/bin/sudo", (other_ways / "usr/lib/cargo/bin/sudo").read_bytes(), 0o4755)
    assert host.run("/usr/local/bin/sudo --version").stderr.startswith("sudo-rs")
    host.write("/etc/sudoers-rs", b"locked ALL=(ALL:ALL) ALL\n", 0o440)
    assert "give its password" in project.run("diff", code=1).replace("\n", " ")
    output = project.run("deploy", "--yes", RUNNEROPS_SUDO_PASSWORD=PASSWORD)
    assert "applied" in output
    assert PASSWORD not in output + host.run("journalctl --boot --no-pager").stdout
    assert "does not accept the password" in project.run("diff", code=1, RUNNEROPS_SUDO_PASSWORD="wrong")
    code, output = typed(project, ("diff", "--ask-sudo-password"), "wrong", PASSWORD)
    assert code == 0, output
    host.write("/etc/sudoers-rs", b"locked ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    assert IN_SYNC in project.run("diff")
    assert IN_SYNC in project.run("diff", RUNNEROPS_SUDO_PASSWORD="not asked for")
    host.write("/etc/sudoers-rs", b"root ALL=(ALL:ALL) ALL\n", 0o440)
    output = project.run("diff", code=1, RUNNEROPS_SUDO_PASSWORD=PASSWORD)
    assert "user locked cannot become root" in output
    assert "NOPASSWD: ALL" in output

    host.run("rm /usr/local/bin/sudo && mv /usr/bin/sudo /usr/bin/sudo.away")
    assert "neither sudo nor doas is there" in project.run("diff", code=1)
    host.write("/usr/bin/doas", (other_ways / "usr/bin/doas").read_bytes(), 0o4755)
    host.write("/etc/pam.d/doas", (other_ways / "etc/pam.d/doas").read_bytes())
    host.write("/etc/doas.conf", b"permit nopass locked\n", 0o400)
    for password in ("", PASSWORD):
        assert IN_SYNC in project.run("diff", RUNNEROPS_SUDO_PASSWORD=password)
    project.set(host.name, "docker", value={"live-restore": False})
    assert "applied" in project.run("deploy", "--yes")
    for line in (b"permit locked\n", b"permit nopass other\n"):
        host.write("/etc/doas.conf", line, 0o400)
        assert "permit nopass locked" in project.run("diff", code=1)


def test_sudo_with_a_password(project: Project, host: LabHost) -> None:
    output = project.run("diff", code=1)
    assert "a password is required" in output
    assert "--ask-sudo-password" in output

    output = project.run("deploy", "--yes", RUNNEROPS_SUDO_PASSWORD=PASSWORD)
    assert "applied" in output
    assert b"live-restore" in host.read("/etc/docker/daemon.json")
    files = host.run(f"grep -rlF '{PASSWORD}' /var/lib/runnerops /etc/docker /home/locked /root; true").stdout
    assert files == ""
    assert PASSWORD not in host.run("journalctl --boot --no-pager").stdout

    (project.folder / "password").write_text(f"{PASSWORD}\n")
    project.set(host.name, "ssh", "sudo_password", value="x")
    text = (
        (project.folder / "inventory.yml")
        .read_text()
        .replace("sudo_password: x", "sudo_password: !command cat password")
    )
    (project.folder / "inventory.yml").write_text(text)
    assert "unchanged" in project.deploy()
    project.set(host.name, "ssh", value={"user": "locked"})

    output = project.run("diff", code=1, RUNNEROPS_SUDO_PASSWORD="wrong")
    assert "does not accept the password of user locked" in output

    code, output = typed(project, ("diff", "--ask-sudo-password"), "wrong", PASSWORD)
    assert code == 0, output
    assert PASSWORD not in output
    code, output = typed(project, ("diff", "--ask-sudo-password"), "wrong", "wrong too")
    assert code == 1, output
    assert "does not accept the password" in output

    for defaults, password, output in OTHERS:
        host.run(f"printf 'locked ALL=(ALL) %b\\n' '{defaults}' >{SUDOERS}")
        shown = project.run("diff", code=None, RUNNEROPS_SUDO_PASSWORD=password)
        assert output in shown, (defaults, shown)

    host.run(f"printf 'locked ALL=(ALL) ALL\\nDefaults:locked requiretty\\n' >{SUDOERS}")
    for password in ("", PASSWORD):
        output = project.run("diff", code=1, RUNNEROPS_SUDO_PASSWORD=password)
        assert "Defaults:locked !requiretty" in output
