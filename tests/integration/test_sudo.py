"""Becoming root over a real sshd, with stand-ins for sudo and doas that behave like them; the lab has the real
programs.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from runnerops.errors import HostError
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.keys import Credentials
from runnerops.ssh.link import Link
from tests.integration.conftest import StartSshd
from tests.integration.sshd import Sshd, known_from

PASSWORD = "ge heim'$x"
SUDO = """#!/bin/sh
# Asks at most three times, on standard error, without a newline, and reads no further than the line.
echo called >>{log}
if [ "$1" = -n ]; then {without}; fi
[ "$1 $2 $3" = '-S -k -p' ] || exit 9
prompt=$4
shift 4
{before}
for try in 1 2 3; do
    printf '%s' "$prompt" >&2
    IFS= read -r line || {{ echo 'sudo: no password was provided' >&2; exit 1; }}
    echo tried >>{log}
    if [ "$line" = {password} ]; then exec "$@"; fi
    echo 'Sorry, try again.' >&2
done
exit 1
"""
ASKS = "echo 'sudo: a password is required' >&2; exit 1"
LECTURE = """printf 'Der Administrator hat Ihnen die Regeln erklärt.\\n\\n    root-ready\\n' >&2"""
DATA = bytes(range(256)) * 4096
"""With every byte, and more than one packet of it."""


@dataclass
class Given:
    """Passwords in the order in which they are had."""

    words: list[str]
    wrong: list[str] = field(default_factory=list)

    def first(self) -> str:
        return self.words[0]

    def retry(self, wrong: str) -> str:
        self.wrong.append(wrong)
        return self.words[len(self.wrong)] if len(self.words) > len(self.wrong) else ""


def programs(folder: Path, **scripts: str) -> Path:
    """A folder that is a whole PATH: these, and what commands of the tests need."""
    folder.mkdir()
    for name in ("sh", "cat", "id", "echo", "env", "sleep"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def way(server: Sshd, passwords: Given) -> Link:
    credentials = replace(Credentials.from_environ({}), sudo=lambda _: passwords)
    return open_link(server.host(sudo=True), Access(known_from(server.line()), credentials, {"HOME": "/nonexistent"}))


def sudo(log: Path, before: str = "", without: str = ASKS) -> str:
    return SUDO.format(log=shlex.quote(str(log)), before=before, without=without, password=shlex.quote(PASSWORD))


@pytest.mark.parametrize("before", ["", LECTURE], ids=["plain", "lecture"])
def test_sudo_with_a_password(before: str, tmp_path: Path, start_sshd: StartSshd) -> None:
    log = tmp_path / "log"
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', sudo=sudo(log, before))}")
    given = Given([PASSWORD])
    with way(server, given) as link:
        completed = link.run(["sh", "-c", "cat; echo no >&2; exit 7"], DATA, 30)
        assert (completed.status, completed.stdout == DATA, completed.stderr) == (7, True, b"no\n")
        assert list(link.lines(["sh", "-c", "cat; echo two; printf last"], b"one\n")) == [b"one\n", b"two\n", b"last"]
        assert link.run(["id", "-un"], b"", 10).status == 0
        seen = link.run(["sh", "-c", "env; cat /proc/*/cmdline"], b"", 30).stdout
        assert PASSWORD.encode() not in seen
    assert log.read_text().split() == ["called", "tried"] * 4
    assert not given.wrong


def test_sudo_that_asks_nothing_is_given_nothing(tmp_path: Path, start_sshd: StartSshd) -> None:
    """The password would be a line of the command's input, and be executed."""
    free = sudo(tmp_path / "log", 'exec "$@"', 'shift; exec "$@"')
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', sudo=free)}")
    for passwords in (Given([PASSWORD]), Given([""])):
        with way(server, passwords) as link:
            assert link.run(["sh", "-s"], b"echo one\necho two\n", 10).stdout == b"one\ntwo\n"


def test_who_prints_the_line_that_was_sent_has_not_asked(tmp_path: Path, start_sshd: StartSshd) -> None:
    """A restricted shell names the command that it does not know; a wrapper, or a traced shell, each one that it begins."""
    typed = tmp_path / "typed"
    restricted = tmp_path / "restricted"
    restricted.write_text(f'#!/bin/sh\necho "$SSH_ORIGINAL_COMMAND: unknown" >&2\nhead -n 1 >{typed}\n')
    restricted.chmod(0o755)
    server = start_sshd(f"ForceCommand timeout 2 {restricted}")
    with way(server, Given([PASSWORD])) as link, pytest.raises(HostError):
        link.run(["id"], b"", 10)
    assert PASSWORD not in typed.read_text()
    traced = tmp_path / "traced"
    traced.write_text(
        '#!/bin/sh\necho "+ $SSH_ORIGINAL_COMMAND" | tee /dev/stderr\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    traced.chmod(0o755)
    own = programs(tmp_path / "bin", sudo=sudo(tmp_path / "log"))
    (own / "tee").symlink_to(str(shutil.which("tee")))
    server = start_sshd(f"SetEnv PATH={own}", f"ForceCommand {traced}")
    with way(server, Given([PASSWORD])) as link:
        assert link.run(["cat"], b"hi\n", 10).stdout == b"hi\n"


def test_a_command_may_print_the_prompt_once_it_is_root(tmp_path: Path, start_sshd: StartSshd) -> None:
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', sudo=sudo(tmp_path / 'log'))}")
    with way(server, Given([PASSWORD])) as link:
        assert link._root
        completed = link.run(["sh", "-c", 'echo "$0 $0" >&2; cat', link._root.prompt], b"hi\n", 10)
        assert (completed.status, completed.stdout) == (0, b"hi\n")


def test_a_wrong_password_is_asked_for_once_more(tmp_path: Path, start_sshd: StartSshd) -> None:
    log = tmp_path / "log"
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', sudo=sudo(log))}")
    given = Given(["wrong", PASSWORD])
    with way(server, given) as link:
        assert link.run(["cat"], b"hi\n", 10).stdout == b"hi\n"
        assert link.run(["cat"], b"ho\n", 10).stdout == b"ho\n"
    assert given.wrong == ["wrong"]
    assert log.read_text().count("tried") == 3
    log.unlink()
    for words in (["wrong"], ["wrong", "wrong too"]):
        with (
            way(server, Given(words)) as link,
            pytest.raises(HostError, match="sudo does not accept the password") as no,
        ):
            link.run(["cat"], b"hi\n", 10)
        assert no.value.result == "refused"
        assert "RUNNEROPS_SUDO_PASSWORD" in no.value.hint
    assert log.read_text().count("tried") == 3, "no more attempts than passwords, or an account would be locked"


def test_sudo_that_takes_one_password_only(tmp_path: Path, start_sshd: StartSshd) -> None:
    """`passwd_tries=1`: it does not ask again, and says how often it was wrong."""
    once = sudo(tmp_path / "log").replace("for try in 1 2 3", "for try in 1")
    once = once.replace("echo 'Sorry, try again.' >&2", "echo 'sudo: 1 incorrect password attempt' >&2")
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', sudo=once)}")
    given = Given(["wrong", PASSWORD])
    with way(server, given) as link:
        assert link.run(["cat"], b"hi\n", 10).stdout == b"hi\n"
    assert given.wrong == ["wrong"]
    with way(server, Given(["wrong"])) as link, pytest.raises(HostError, match="sudo does not accept the password"):
        link.run(["cat"], b"hi\n", 10)


NO_TTY = "echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1"
NOT_LISTED = "echo 'deploy is not in the sudoers file.' >&2; exit 1"
NOT_ALL = """echo "Sorry, user deploy is not allowed to execute '/usr/bin/sh -c x' as root on web-1." >&2; exit 1"""
BROKEN = """echo '/etc/sudoers.d/x:1:16: syntax error' >&2; echo 'sudo: a password is required' >&2; exit 1"""
NO_RULE = """echo "sudo-rs: I'm sorry deploy. I'm afraid I can't do that" >&2; exit 1"""
SILENT = "exec sleep 60"


@pytest.mark.parametrize(
    ("words", "scripts", "problem", "hint"),
    [
        ([""], {"sudo": ASKS}, "a password is required", "--ask-sudo-password"),
        ([""], {"sudo": NO_TTY}, "must have a tty", "!requiretty"),
        ([PASSWORD], {"sudo": NO_TTY}, "must have a tty", "!requiretty"),
        ([PASSWORD], {"sudo": NOT_LISTED}, "not in the sudoers file", "ALL=(ALL)"),
        ([PASSWORD], {"sudo": NOT_ALL}, "deploy is not allowed to execute a shell as root", "ALL=(ALL)"),
        ([""], {"sudo": BROKEN}, "a password is required (/etc/sudoers.d/x:1:16: syntax error)", "visudo -c"),
        ([""], {"sudo": NO_RULE}, "afraid I can't", "run every command as root"),
        ([PASSWORD], {"sudo": SILENT}, "neither asks", "PAM"),
        ([PASSWORD], {"doas": "echo 'doas: Authentication required' >&2; exit 1"}, "Authentication", "permit nopass"),
        ([""], {"doas": "echo 'doas: Authentication required' >&2; exit 1"}, "Authentication", "permit nopass"),
        ([""], {}, "neither sudo nor doas", "NOPASSWD"),
    ],
    ids=[
        "asks",
        "requiretty",
        "requiretty with one",
        "not listed",
        "some commands",
        "broken",
        "sudo-rs",
        "silent",
        "doas asks",
        "doas asks too",
        "none",
    ],
)
def test_a_refusal_of_sudo_says_what_to_write_into_sudoers(
    words: list[str],
    scripts: dict[str, str],
    problem: str,
    hint: str,
    tmp_path: Path,
    start_sshd: StartSshd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "sleep" in str(scripts):
        monkeypatch.setattr("runnerops.ssh.root.ENTER_SECONDS", 1.0)
    whole = {name: f"#!/bin/sh\n{text}\n" for name, text in scripts.items()}
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', **whole)}")
    with way(server, Given(words)) as link, pytest.raises(HostError) as refused:
        link.run(["cat"], b"hi\n", 10)
    assert problem in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.result == "refused"


@pytest.mark.parametrize("word", ["", PASSWORD])
def test_doas_where_there_is_no_sudo(word: str, tmp_path: Path, start_sshd: StartSshd) -> None:
    doas = '#!/bin/sh\n[ "$1" = -n ] || exit 9\nshift; exec "$@"\n'
    server = start_sshd(f"SetEnv PATH={programs(tmp_path / 'bin', doas=doas)}")
    with way(server, Given([word])) as link:
        assert link.run(["cat"], b"hi\n", 10).stdout == b"hi\n"
