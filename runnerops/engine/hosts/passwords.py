"""The sudo password of each host, from the inventory, the user at the terminal or the environment. Each is read
once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from runnerops.errors import SecretError, UsageError
from runnerops.frozen import frozen
from runnerops.model.common import Secret, SourceLocation
from runnerops.model.inventory import Host
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.secrets.commands import RunCommand, run_command
from runnerops.ssh.root import VARIABLE

_Source: TypeAlias = "str | tuple[str, str]"
"""A secret of the inventory, a text of the inventory, or "" for the password of all hosts."""


class SudoPasswords:
    """The sudo passwords of a command's hosts. Each host may be used by one thread at a time. Raises UsageError without
    a terminal.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path, screen: Screen, run: RunCommand = run_command) -> None:
        self._resolver = Resolver(environ, folder, run)
        self._screen = screen
        self._lock = threading.Lock()
        self._newer: dict[_Source, str] = {}
        self._accepted: dict[str, str] = {}
        """By host, a password that was entered later. Further connections begin with it, because PAM counts wrong
        passwords.
        """
        self._general: str | Secret = ""
        if screen.asks_sudo_password:
            if not screen.interactive:
                raise UsageError("--ask-sudo-password: there is no terminal to ask on", f"set {VARIABLE} instead")
            self._general = screen.ask_secret("sudo password")
        elif environ.get(VARIABLE, "").strip():
            self._general = Secret("env", VARIABLE, SourceLocation("the environment", 0, 0))

    def for_host(self, host: Host) -> HostPassword:
        """The password of one host."""
        return HostPassword(self, host)

    def first(self, host: Host) -> str:
        """The password to begin with; empty: none. Raises SecretError if a secret of the inventory
        cannot be resolved.
        """
        password: str | Secret = self._accepted.get(host.name, "") or self._configured(host)
        with self._lock:
            if isinstance(password, Secret):
                password = self._resolver.resolve(password)
                self._resolver.check()
            self._screen.redactor.learn([password, *self._resolver.values()])  # a text may contain further secrets
        if "\n" in password:
            raise SecretError(f"{host.name}: the sudo password has a line break", "write only the password")
        return password

    def retry(self, host: Host, wrong: str) -> str:
        """Asks for another password, once for all hosts that have the same wrong one. Returns an empty text if there is
        no other.
        """
        configured = self._configured(host)
        source = (configured.source, configured.argument) if isinstance(configured, Secret) else configured
        with self._lock:
            if source not in self._newer:
                question = f"{host.name}: sudo does not accept this password; enter another one"
                self._newer[source] = self._screen.ask_secret(question)
            if self._newer[source] == wrong:
                return ""
            self._accepted[host.name] = self._newer[source]
            return self._newer[source]

    def _configured(self, host: Host) -> str | Secret:
        return self._general if host.ssh.sudo_password is None else host.ssh.sudo_password


@frozen
class HostPassword:
    """The sudo password of one host."""

    passwords: SudoPasswords
    host: Host

    def first(self) -> str:
        """See `SudoPasswords`."""
        return self.passwords.first(self.host)

    def retry(self, wrong: str) -> str:
        """See `SudoPasswords`."""
        return self.passwords.retry(self.host, wrong)
