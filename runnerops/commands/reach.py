"""Connections to the hosts of a project, one each, opened when first used and closed together."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from runnerops.commands.planning import Flags, Planned, load_rest, plan_host
from runnerops.commands.project import Project
from runnerops.fleet import side_by_side
from runnerops.model import Host, Inventory
from runnerops.origin import find_job, find_origin
from runnerops.remote.hostkeys import KnownHosts
from runnerops.remote.keys import Credentials
from runnerops.remote.link import Link
from runnerops.remote.reading import ReadOnly
from runnerops.remote.ssh import open_link
from runnerops.report.screen import Screen

if TYPE_CHECKING:
    from runnerops.commands.busy import Patience


class Reach:
    """The way to every host of an inventory; safe to use from one thread a host."""

    def __init__(self, inventory: Inventory, environ: Mapping[str, str], screen: Screen) -> None:
        self._environ = environ
        self._peers = {host.name: host for host in inventory.hosts}
        self._known = KnownHosts.find(Path(inventory.path).parent, environ)
        self._credentials = Credentials.from_environ(environ)
        self._links: dict[str, Link] = {}
        self._lock = threading.Lock()
        for warning in self._known.warnings:
            screen.say(f"warning: {warning}", "warn")

    def link(self, host: Host) -> Link:
        """The host's open connection. Raises HostError."""
        with self._lock:
            known = self._links.get(host.name)
        if known:
            return known
        link = open_link(host, self._known, self._credentials, self._environ, self._peers)
        with self._lock:
            self._links[host.name] = link
        return link

    def reader(self, host: Host) -> ReadOnly:
        """The same, for code that must not write; opened when it first reads."""
        return ReadOnly(host.name, partial(self.link, host))

    def again(self, host: Host) -> Link:
        """A new connection in place of one that was lost. Raises HostError."""
        with self._lock:
            lost = self._links.pop(host.name, None)
        if lost:
            lost.close()
        return self.link(host)

    def __enter__(self) -> Reach:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for link in self._links.values():
            link.close()


def plan_all(
    project: Project,
    reach: Reach,
    environ: Mapping[str, str],
    screen: Screen,
    flags: Flags,
    patience: Patience | None = None,
) -> dict[str, Planned | Exception]:
    """Every host's plan, observed side by side; a host's error stands in its place. `patience` waits for busy hosts."""
    origin = find_origin(environ, project.folder)
    flags = replace(flags, job=find_job(environ))
    hosts = {host.name: host for host in project.hosts}
    deployed = frozenset(hosts)
    loading = threading.Thread(target=load_rest, daemon=True)

    def look(name: str) -> Planned:
        host = hosts[name]
        reach.link(host)
        with contextlib.suppress(RuntimeError):  # another host's thread has started it
            loading.start()
        reader = reach.reader(host)
        plan = partial(plan_host, project, host, reader, flags, origin, screen.redactor, deployed)
        return patience.plan_free(reader, plan) if patience else plan()

    return side_by_side(list(hosts), look)
