"""ssh_config files as people have them: what Fabric gets from them, and the quoting of all command lines."""

from __future__ import annotations

import os
import pwd
import re
import shlex
from pathlib import Path

import pytest
from paramiko import SSHException

from runnerops.inventory.keys.checks import gateway
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.remote import links, protocol
from runnerops.ssh.config import read_settings
from runnerops.ssh.home import ssh_home
from runnerops.ssh.route import split_target
from runnerops.ssh.settings import Settings

FILES = {
    "web": "Host web\n User from-include\nPort 7\n",
    "plain": "User plain\n",
    "loop": "Include loop\nUser loop\n",
    "conf.d/1": "Port 1\n",
    "conf.d/2": "Port 2\nUser two\n",
}


@pytest.fixture(name="home")
def fixture_home(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / ".ssh" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def read(home: Path, text: str) -> Settings:
    (home / ".ssh" / "config").write_text(text)
    return read_settings({"HOME": str(home)})


@pytest.mark.parametrize(
    ("text", "host", "expected"),
    [
        ("", "web", {}),
        ("User me\nUser you\n", "web", {"user": "me"}),
        ("Host a b\n User=me\nHost *\n User you\n", "b", {"user": "me"}),
        ("Include web\n", "web", {"user": "from-include", "port": "7"}),
        ("Include web\n", "db", {}),
        ("Include ~/.ssh/web\n", "web", {"user": "from-include"}),
        ('Include "plain"\nUser late\n', "web", {"user": "plain"}),
        ("Include nothing plain\n", "web", {"user": "plain"}),
        ("Include conf.d/*\n", "web", {"port": "1", "user": "two"}),
        ("Host db\n Include plain\n User db\nHost *\n User rest\n", "web", {"user": "rest"}),
        ("Host db\n Include plain\n Port 5\n", "db", {"user": "plain", "port": "5"}),
        ("Host db\n Include web\n Port 5\n", "db", {"port": "5"}),
        ("Host db\n Include web\n Port 5\n", "web", {}),
        ("Match host web\n User me\n", "web", {"user": "me"}),
        ("match HOST web\n User me\n", "db", {}),
        ("Match !host web\n User me\n", "db", {"user": "me"}),
        ("Match tagged x\n User me\n", "web", {}),
        ("Match host web localnetwork 192.0.2.0/24\n User me\n", "web", {}),
        ("Match all\n User me\n", "web", {"user": "me"}),
        ("Host web\n ProxyJump none\nHost *\n ProxyJump x\n", "web", {"proxyjump": None}),
        ("Host web\n ProxyJump none\nHost *\n ProxyJump x\n", "db", {"proxyjump": "x"}),
        ("ProxyCommand none\n", "web", {"proxycommand": None}),
        ("Port 022\nProxyCommand nc %h %p\n", "web", {"proxycommand": "nc web 22", "port": "22"}),
        ("ForwardAgent /tmp/agent\n", "web", {"forwardagent": None}),
        ("ForwardAgent yes\n", "web", {"forwardagent": None}),
        ("ConnectTimeout none\n", "web", {"connecttimeout": None}),
        ("ConnectTimeout 3\n", "web", {"connecttimeout": "3"}),
    ],
)
def test_settings_are_read_as_openssh_reads_them(
    text: str, host: str, expected: dict[str, str | None], home: Path
) -> None:
    found = read(home, text).lookup(host)
    assert {key: found.get(key) for key in expected} == expected
    if not expected:
        assert "user" not in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n# me\nPort 70000\n", "config:3: port 70000 is not a port"),
        ("Include loop\n", "loop:1: files that include each other"),
        ("Host db\n Include conf.d/2\n  HostNmae x\n", "config:3: there is no key hostnmae: did you mean hostname?"),
        ("User me you\n", "config:1: user takes one value; put it in quotes if it has spaces"),
        ("ProxyJump a,b:x\n", "config:1: proxyjump a,b:x: b:x is not [USER@]HOST[:PORT]"),
        ("Match host\n User me\n", "config:1: Match host has no value"),
        ('User "me\n', "config:1: a quotation mark is missing at the end"),
    ],
)
def test_a_line_that_openssh_refuses_is_reported_with_its_place(text: str, problem: str, home: Path) -> None:
    with pytest.raises(SSHException) as refused:
        read(home, text)
    assert str(refused.value).endswith(problem)


def test_a_file_that_anybody_may_write_is_not_trusted(home: Path) -> None:
    read(home, "Include plain\n")
    (home / ".ssh" / "plain").chmod(0o666)
    with pytest.raises(SSHException, match="plain: everybody may write to it"):
        read(home, "Include plain\n")


def test_without_a_file_there_are_no_settings(tmp_path: Path) -> None:
    assert read_settings({"HOME": str(tmp_path)}).lookup("web")["hostname"] == "web"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bastion", (None, "bastion", None)),
        ("me@bastion", ("me", "bastion", None)),
        ("me@bastion:2222", ("me", "bastion", 2222)),
        ("2001:db8::1", (None, "2001:db8::1", None)),
        ("me@[2001:db8::1]:2222", ("me", "2001:db8::1", 2222)),
        ("[2001:db8::1]", (None, "2001:db8::1", None)),
        ("me@corp@bastion", ("me@corp", "bastion", None)),
    ],
)
def test_a_gateway_in_the_inventory(text: str, expected: tuple[str | None, str, int | None]) -> None:
    assert split_target(text) == expected
    assert gateway(text) == text, "the inventory takes it"


@pytest.mark.parametrize(
    "command",
    [
        links.OBSERVE,
        protocol.start(Plan("web", 7, Requester("me", "laptop"))),
        protocol.follow(7, 1234),
    ],
    ids=["observe", "start", "follow"],
)
def test_every_login_shell_takes_our_command_lines(command: tuple[str, ...]) -> None:
    """Tcsh ends a quotation at a newline, and replaces `!word` within one; `! ` and `!=` it leaves alone (measured, 6.24)."""
    line = shlex.join(command)
    assert "\n" not in line
    assert not re.search(r"![^\s=(]", line)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a folder away")
def test_a_home_whose_ssh_folder_is_another_users_does_not_count(home: Path) -> None:
    """As under `sudo -E`; OpenSSH never looks at HOME."""
    environ, own = {"HOME": str(home)}, Path(pwd.getpwuid(0).pw_dir)
    (home / ".ssh/config").write_text("User me\n")
    assert (ssh_home(environ), ssh_home({"HOME": str(home / "none")})) == (home, home / "none")
    assert read_settings(environ).lookup("web")["user"] == "me"
    os.chown(home / ".ssh", 65534, -1)
    os.chown(home / ".ssh/config", 65534, -1)
    assert ssh_home(environ) == own
    assert read_settings(environ).lookup("web").get("user") != "me"
    os.chown(home / ".ssh", 0, -1)
    home.chmod(0)
    os.seteuid(65534)  # may not look into it
    try:
        assert ssh_home(environ) == own
    finally:
        os.seteuid(0)
