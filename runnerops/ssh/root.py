"""How commands become root on a host: with sudo, with or without a password, or with doas if there is no sudo.

The password is sent over the standard input of the exec that needs it, and only after sudo has asked with a prompt that
nobody else can print. All earlier output is ignored (a lecture, or the greeting of a login shell, in any language). The
command's own input follows after root has confirmed, so no line of it can be taken for a password.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from runnerops.errors import HostError
from runnerops.frozen import mutable
from runnerops.patterns import late_pattern

if TYPE_CHECKING:
    from threading import Thread

    from paramiko import Channel

VARIABLE = "RUNNEROPS_SUDO_PASSWORD"
ENTER_SECONDS = 60.0
"""Time limit for the prompt of sudo and for the login. PAM delays a user for some seconds after a wrong password."""
_CHUNK = 65536
_WRONG = late_pattern(r"incorrect (password|authentication) attempt")
"""What sudo and sudo-rs print after the last wrong password. With `passwd_tries=1` that is the first one."""
_EXECUTE = late_pattern(r"execute '.*' as (\S+) on .*")
_NOT_LISTED = ("not allowed", "may not", "afraid I can't do that")
"""The last one is printed by sudo-rs, for users without a rule."""

_DOAS = 'if command -v doas >/dev/null 2>&1; then exec doas -n "$@"; fi; echo "neither sudo nor doas is there" >&2; exit 127'
_BARE = f'export LC_ALL=C; if command -v sudo >/dev/null 2>&1; then exec sudo -n "$@"; fi; {_DOAS}'
# `-k`: no cached password is used, and this one is not cached. The line only contains parts of the prompt that we wait
# for. So a shell that prints the line itself (a restricted or a traced one) is not mistaken for sudo.
_ANSWERED = f'export LC_ALL=C; if command -v sudo >/dev/null 2>&1; then exec sudo -S -k -p "sudo-$0:" "$@"; fi; {_DOAS}'
_ENTERED = 'echo "root-$0"; echo "root-$0" >&2; read -r _; exec "$@"'


class Passwords(Protocol):
    """Where the sudo password of a host comes from."""

    def first(self) -> str:
        """The password to try first; empty if there is none, so that sudo must not ask. Raises SecretError."""

    def retry(self, wrong: str) -> str:
        """Another password instead of `wrong`; empty if there is none."""


class NoPassword:
    """For hosts whose sudo does not ask for a password."""

    def first(self) -> str:
        """No password."""
        return ""

    def retry(self, wrong: str) -> str:  # noqa: ARG002
        """No password."""
        return ""


class WrongPasswordError(Exception):
    """sudo rejected the password, and there is another one to try."""


@mutable
class Root:
    """How commands become root over one connection. `user` is the user who logs in."""

    host: str
    user: str
    passwords: Passwords = field(default_factory=NoPassword)
    _password: str | None = field(default=None, init=False, repr=False)
    _tried: int = field(default=0, init=False)
    _nonce: str = field(default_factory=lambda: secrets.token_hex(12), init=False)

    def argv(self, command: Sequence[str]) -> tuple[str, ...]:
        """The command as this user calls it. Raises SecretError."""
        if self._password is None:
            self._password = self.passwords.first()
        if not self._password:
            return ("sh", "-c", _BARE, "sh", *command)
        return ("sh", "-c", _ANSWERED, self._nonce, "sh", "-c", _ENTERED, self._nonce, *command)

    @property
    def asks(self) -> bool:
        """Whether a command needs an `Entry` after it is sent."""
        return bool(self._password)

    @property
    def prompt(self) -> str:
        """The prompt with which sudo asks."""
        return f"sudo-{self._nonce}:"

    @property
    def ready(self) -> str:
        """What root prints first on both outputs."""
        return f"root-{self._nonce}"

    def answer(self) -> bytes:
        """The line with the password for sudo."""
        return f"{self._password}\n".encode(errors="surrogateescape")

    def wrong(self) -> Exception:
        """What to raise if sudo rejects the password: WrongPasswordError if there is another one to try, else
        HostError.
        """
        self._tried += 1
        newer = self.passwords.retry(self._password or "") if self._tried == 1 else ""
        if newer:
            self._password = newer
            return WrongPasswordError()
        whose = f"it is {self.user}'s own password there (root's, where sudoers has rootpw or targetpw)"
        hint = f"it comes from ssh.sudo_password, --ask-sudo-password or {VARIABLE}; {whose}"
        return HostError(self.host, f"sudo does not accept the password of user {self.user}", hint, "refused")

    def silent(self) -> HostError:
        """The error if sudo neither asks nor succeeds in time."""
        problem = (
            f"sudo neither asks user {self.user} for a password nor starts the command within {ENTER_SECONDS:.0f} s"
        )
        return HostError(self.host, problem, "try `sudo true` there: PAM may require something else first", "refused")

    def refused(self, message: str) -> HostError:
        """The error for what sudo or doas printed (in English), with a fix."""
        lines = [line for line in message.replace(self.prompt, "").splitlines() if line.strip()]
        last = _EXECUTE.sub(r"execute a shell as \1", lines[-1].strip()) if lines else ""
        broken = next((line.strip() for line in lines if "syntax error" in line or "parse error" in line), "")
        user, file = self.user, f"/etc/sudoers.d/{self.user}"
        free = f"`{user} ALL=(ALL) NOPASSWD: ALL` in {file}"
        problem = f"user {user} cannot become root" + (f": {last}" if last else "")
        problem += f" ({broken})" if broken else ""
        if broken:
            hint = f"`visudo -c` there shows what is wrong in its sudoers; then {free}, or a password, lets {user} in"
        elif last.startswith("doas:"):
            hint = f"`permit nopass {user}` in /etc/doas.conf: doas reads a password only from a terminal"
        elif " a tty" in message:
            hint = f"`Defaults:{user} !requiretty` in {file}: commands of runnerops have no terminal"
        elif self._password or "sudoers" in message or any(words in message for words in _NOT_LISTED):
            hint = f"let {user} run every command as root ({free}, or without NOPASSWD:), or set ssh.user to root"
        else:
            hint = (
                f"give its password (--ask-sudo-password, {VARIABLE}, ssh.sudo_password), or {user} sudo without one "
                f"({free}), or set ssh.user to root"
            )
        return HostError(self.host, problem, hint, "refused")


class Entry:
    """The sudo dialogue of one command. Another thread reads standard error, because sshd keeps no order between both
    outputs.
    """

    def __init__(self, root: Root, channel: Channel) -> None:
        self._root = root
        self._channel = channel
        self._heard = b""
        self._prompts = 0
        self._entered = False

    def hear(self, chunk: bytes) -> None:
        """Handles standard error: sends the password at the first prompt, and closes the channel at the second.

        After root has confirmed, the output is the command's. It may contain anything, for example the prompt in a list
        of processes.
        """
        self._heard += chunk
        if self._entered:
            return
        before, ready, _ = self._heard.partition(f"{self._root.ready}\n".encode())
        self._entered = bool(ready)
        prompts = before.count(self._root.prompt.encode())
        if prompts > self._prompts and self._prompts == 0:
            self._channel.sendall(self._root.answer())
        elif prompts > self._prompts:
            self._channel.close()
        self._prompts = prompts

    def enter(self, listener: Thread) -> bytes:
        """Waits for root, and returns the output that followed. `listener` is the thread that calls `hear`.

        Raises HostError if the command cannot become root, and WrongPasswordError if it may be sent once more.
        """
        output, ready = b"", f"{self._root.ready}\n".encode()
        self._channel.settimeout(ENTER_SECONDS)
        while ready not in output:
            try:
                chunk = self._channel.recv(_CHUNK)
            except TimeoutError:
                raise self._root.silent() from None
            output += chunk
            if not chunk:
                listener.join()
                heard = self._heard.decode("utf-8", "replace")
                wrong = self._prompts > 1 or (self._prompts == 1 and _WRONG.search(heard))
                raise self._root.wrong() if wrong else self._root.refused(heard)
        self._channel.sendall(b"\n")
        return output.partition(ready)[2]

    def errors(self) -> bytes:
        """What the command itself wrote to standard error."""
        return self._heard.partition(f"{self._root.ready}\n".encode())[2]
