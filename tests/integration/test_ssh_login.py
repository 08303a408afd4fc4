"""With which private keys a login to a real sshd succeeds, and the message if none is accepted."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runnerops.errors import HostError
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.keys import Credentials, KeyRing, PrivateKeyError
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Keys, Sshd, known_from


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
    with pytest.raises(PrivateKeyError, match="passphrase is wrong"):
        sshd.open(host=sshd.host(key=locked), SSH_KEY_PASSPHRASE="wrong")
    with pytest.raises(PrivateKeyError, match="has a passphrase"):
        sshd.open(host=sshd.host(key=None), SSH_PRIVATE_KEY=Path(locked).read_text())
    with pytest.raises(HostError, match="has a passphrase") as caught:
        sshd.open(host=sshd.host(key=locked))
    assert "SSH_KEY_PASSPHRASE" in caught.value.hint


def test_a_passphrase_is_asked_for_once_a_key(sshd: Sshd, home: Path) -> None:
    locked = sshd.keys.folder / "user_locked"
    questions: list[str] = []
    answers = iter(["wrong", "open sesame"])

    def ask(question: str) -> str:
        questions.append(question)
        return next(answers)

    credentials = Credentials(ring=KeyRing(ask=ask))
    access = Access(known_from(sshd.line()), credentials, {"HOME": str(home)})
    for _ in range(2):
        open_link(sshd.host(key=str(locked)), access).close()
    (home / ".ssh" / "config").write_text(f"IdentityFile {locked}\n")
    access = Access(known_from(sshd.line()), credentials, {"HOME": str(home)})  # one reads ssh_config once
    open_link(sshd.host(key=None), access).close()
    assert questions == [f"passphrase of {locked}", f"passphrase of {locked}, again"]


def test_a_passphrase_that_is_wrong_for_good_is_asked_for_three_times(sshd: Sshd, home: Path) -> None:
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return "wrong"

    credentials = Credentials(ring=KeyRing(ask=ask))
    access = Access(known_from(sshd.line()), credentials, {"HOME": str(home)})
    for _ in range(2):
        with pytest.raises(HostError, match="passphrase is wrong"):
            open_link(sshd.host(key=str(sshd.keys.folder / "user_locked")), access)
    assert len(questions) == 3


@pytest.mark.parametrize("socket", ["gone", "a file"])
def test_an_agent_that_is_gone_is_said_where_no_key_fits(socket: str, sshd: Sshd, tmp_path: Path) -> None:
    if socket == "a file":
        (tmp_path / "agent").write_text("")
    with pytest.raises(HostError) as caught:
        sshd.open(host=sshd.host(key=None), SSH_AUTH_SOCK=str(tmp_path / "agent"))
    assert "agent" in caught.value.message + caught.value.hint


def test_nobody_is_asked_for_a_key_that_the_agent_has(agent: Keys, sshd: Sshd, home: Path) -> None:
    def ask(question: str) -> str:
        raise AssertionError(question)

    credentials = Credentials(ring=KeyRing(ask=ask))
    for host in (sshd.host(key=str(agent.folder / "user_locked")), sshd.host(key=None)):
        (home / ".ssh" / "config").write_text(f"IdentityFile {agent.folder / 'user_locked'}\n")
        open_link(host, Access(known_from(sshd.line()), credentials, {"HOME": str(home)})).close()


def test_another_agent_and_a_certificate_of_ssh_config(
    agent: Keys, start_sshd: StartSshd, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_sshd()
    place = os.environ["SSH_AUTH_SOCK"]
    monkeypatch.delenv("SSH_AUTH_SOCK")
    config = home / ".ssh" / "config"
    config.write_text(f"IdentityAgent {place}\n")
    server.open(host=server.host(key=None)).close()
    config.write_text("IdentityAgent none\n")
    with pytest.raises(HostError, match="no private key"):
        server.open(host=server.host(key=None))

    shutil.copy(agent.folder / "user_other.pub", tmp_path / "wanted.pub")
    sign = ["ssh-keygen", "-q", "-s", str(agent.folder / "other"), "-I", "me", "-n", USER, str(tmp_path / "wanted.pub")]
    subprocess.run(sign, check=True)
    certified = start_sshd(f"TrustedUserCAKeys {agent.folder / 'other.pub'}")
    config.write_text(f"IdentityFile {agent.folder / 'user_other'}\n")
    with pytest.raises(HostError, match="authentication failed"):
        certified.open(host=certified.host(key=None))
    config.write_text(f"IdentityFile {agent.folder / 'user_other'}\nCertificateFile {tmp_path / 'wanted-cert.pub'}\n")
    certified.open(host=certified.host(key=None)).close()


NO_AGENT = 2
"""Exit status of ssh-add where nobody listens yet."""


@pytest.fixture(name="agent")
def fixture_agent(tmp_path: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    """An agent that holds the locked key, open, after one that nobody wants."""
    place = tmp_path / "agent"
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho open sesame\n")
    ask.chmod(0o755)
    with subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.DEVNULL) as process:
        try:
            monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
            monkeypatch.setenv("SSH_ASKPASS", str(ask))
            monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
            while subprocess.run(["ssh-add", "-l"], capture_output=True, check=False).returncode == NO_AGENT:
                assert process.poll() is None
            keys = [sshd.keys.folder / name for name in ("user_other", "user_locked")]
            subprocess.run(["ssh-add", "-q", *keys], check=True, stdin=subprocess.DEVNULL)
            yield sshd.keys
        finally:
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


def test_a_wrong_key_is_reported_with_what_was_tried(sshd: Sshd, home: Path) -> None:
    (home / ".ssh" / "id_ed25519").write_text((sshd.keys.folder / "user_other").read_text())
    (home / ".ssh" / "id_rsa").write_text("rubbish")
    with pytest.raises(HostError) as caught:
        sshd.open(host=sshd.host(key=None))
    assert caught.value.message.startswith(
        f"web-1: {USER}@{ADDRESS}:{sshd.port}: authentication failed; tried {home}/.ssh/id_ed"
    )
    assert f"{home}/.ssh/id_rsa: not a private key" in caught.value.message
    assert "authorized_keys" in caught.value.hint


def test_without_any_key_the_host_is_refused(sshd: Sshd) -> None:
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
