"""Connections to the hosts of a project, one each, opened when first used and closed together."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from runnerops.engine.hosts.passwords import SudoPasswords
from runnerops.engine.threads import WORKERS
from runnerops.errors import HostError
from runnerops.model.inventory import Host, Inventory
from runnerops.remote.links import HostLink, ReadOnly
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.secrets.commands import Once
from runnerops.ssh.access import Access
from runnerops.ssh.connect import load, open_link
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.hostkeys import KnownHosts
from runnerops.ssh.keys import Credentials
from runnerops.ssh.link import Link

if TYPE_CHECKING:
    from runnerops.engine.gitlab.context import GitlabContext


_GRACE_SECONDS = 10.0
"""Seconds. After a longer wait before the login (e.g. for the command of a secret), sshd may have closed the connection
(LoginGraceTime).
"""


class ConnectionPool:
    """The connections of one command to the hosts of its inventory. Each host may be used by one thread at a time."""

    def __init__(self, inventory: Inventory, environ: Mapping[str, str], screen: Screen) -> None:
        self.environ = environ
        self.screen = screen
        self.command_id = secrets.token_hex(8)
        """Tells the runs of this command from those of others."""
        known_hosts = KnownHosts.find(inventory.folder, environ)
        self._folder = inventory.folder
        self.run_command = Once(say=partial(screen.say, style="dim"))
        """Runs the commands of secrets, each once for the whole command of runnerops."""
        passwords = SudoPasswords(environ, inventory.folder, screen, self.run_command)
        credentials = replace(Credentials.from_environ(environ), sudo=passwords.for_host)
        credentials.ring.ask = screen.ask_secret
        self._gateways = Gateways()
        peers = {host.name: host for host in inventory.hosts}
        self._access = Access(
            known_hosts, credentials, environ, peers, self._gateways, partial(screen.say, style="warn")
        )
        self._links: dict[str, Link] = {}
        self._begun: dict[str, Future[Link]] = {}
        self._decided = threading.Event()
        self._admitted = False
        self._since = self._waited = 0.0
        self._lock = threading.Lock()
        for warning in known_hosts.warnings:
            screen.say(f"warning: {warning}", "warn")

    def connect_early(self, hosts: Sequence[Host]) -> None:
        """Begins to open connections. Each waits before its login until `allow_login` is called."""
        self._since = time.monotonic()
        load()  # otherwise each thread would do it, and slow this one down
        by_address = {
            (host.address, host.ssh.port, host.ssh.gateway): host for host in reversed(hosts)
        }  # one host per machine
        for host in [host for host in reversed(by_address.values()) if host.name not in self._links][:WORKERS]:
            self._begun[host.name] = begun = Future[Link]()
            threading.Thread(target=self._connect_early, args=(host, begun), daemon=True).start()

    def _connect_early(self, host: Host, begun: Future[Link]) -> None:
        def allow_login() -> None:
            self._decided.wait()
            if not self._admitted:
                raise HostError(host.name, "not logged in", "")

        try:
            begun.set_result(self._open(host, allow_login))
        except BaseException as error:  # raised again where the link is needed
            begun.set_exception(error)

    def allow_login(self) -> None:
        """Lets the connections that were begun early log in. Called when the inventory and its files were found to be
        sound.
        """
        self._waited = time.monotonic() - self._since
        self._admitted = True
        self._decided.set()

    def _open(self, host: Host, allow_login: Callable[[], None] = lambda: None) -> Link:
        return open_link(host, self._access, allow_login)

    def link(self, host: Host) -> Link:
        """The host's open connection. Raises HostError."""
        with self._lock:
            existing, begun = self._links.get(host.name), self._begun.pop(host.name, None)
        if existing:
            return existing
        link = (begun and self._begun_link(begun)) or self._open(host)
        with self._lock:
            self._links[host.name] = link
        return link

    def _begun_link(self, begun: Future[Link]) -> Link | None:
        try:
            return begun.result()
        except HostError:
            if self._waited < _GRACE_SECONDS:
                raise
        self._gateways.forget()
        return None

    def reader(self, host: Host) -> ReadOnly:
        """Like `link`, for code that must not write. The connection is opened at the first read."""
        return ReadOnly(host.name, partial(self.link, host))

    def reconnect(self, host: Host) -> Link:
        """Closes a lost connection and opens a new one. Raises HostError."""
        with self._lock:
            lost = self._links.pop(host.name, None)
        if lost:
            lost.close()
        self._gateways.forget()
        return self.link(host)

    def resolver(self) -> Resolver:
        """The resolver of the inventory's secrets."""
        return Resolver(self.environ, self._folder, self.run_command)

    def gitlab_context(self) -> GitlabContext:
        """The values with which GitLab is asked about these hosts."""
        from runnerops.engine.gitlab.context import GitlabContext

        return GitlabContext(self._folder, self.environ, self.screen.redactor, run=self.run_command)

    def host_link(self, host: Host) -> HostLink:
        """The connection to the host for a run that is followed."""
        return HostLink(partial(self.link, host), partial(self.reconnect, host))

    def __enter__(self) -> ConnectionPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._decided.set()
        for link in self._links.values():
            link.close()
        self._gateways.close()
