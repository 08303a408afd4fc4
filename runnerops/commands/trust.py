"""`runnerops trust`: show the SSH keys that hosts offer and, after a yes, keep them in known_hosts beside the inventory.

A gateway whose key is not known comes before the host behind it. Keys are written under the name that OpenSSH looks up,
so that `ssh -o UserKnownHostsFile=known_hosts` takes the same file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from runnerops import inventory
from runnerops.adopt.target import host_at, is_login
from runnerops.engine.options import Invocation
from runnerops.errors import HostError, InventoryError, RunneropsError, UsageError
from runnerops.frozen import frozen
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.inventory import Host
from runnerops.remote.access import Access
from runnerops.remote.gateways import Gateways
from runnerops.remote.hostkeys import PROJECT_FILE, HostKey, KnownHosts
from runnerops.remote.hostnames import without
from runnerops.remote.keys import Credentials
from runnerops.remote.offer import Offer, fetch_offer
from runnerops.report.screen import Screen


def trust(invocation: Invocation, fingerprints: Sequence[str]) -> Exit:
    """Exit 1 where a host could not be reached or was not trusted. Without a terminal only `fingerprints` count."""
    if not invocation.targets:
        raise UsageError("trust: name the hosts", "runnerops trust HOST…")
    return Exit.OK if all(keep_keys(invocation, fingerprints).values()) else Exit.FAILED


def keep_keys(invocation: Invocation, fingerprints: Sequence[str] = ()) -> Mapping[str, bool]:
    """Whether the keys of each host, or of each login as it is written, are kept now."""
    path, targets, environ, screen = invocation
    hosts, peers = _hosts(path, targets)
    credentials = Credentials.from_environ(environ)
    credentials.ring.ask = screen.ask_secret
    folder = inventory.folder_of(path)
    gateways = Gateways()
    access = Access(KnownHosts.find(folder, environ), credentials, environ, peers, gateways, screen.say)
    asking = _Asking(folder, access, screen, frozenset(fingerprints))
    for warning in access.known.warnings:
        screen.say(f"warning: {warning}", "warn")
    try:
        return _keep_keys(hosts, asking, fingerprints)
    finally:
        gateways.close()


def _keep_keys(hosts: Sequence[Host], asking: _Asking, fingerprints: Sequence[str]) -> Mapping[str, bool]:
    if not fingerprints and not asking.screen.interactive:
        shown = [asking.show(host) for host in hosts]
        if not any(shown):
            return {host.name: False for host in hosts}
        raise UsageError(
            "trust: there is no terminal to ask at",
            "give the fingerprint that you compared with --fingerprint SHA256:…, or the keys in SSH_KNOWN_HOSTS",
        )
    return {host.name: asking.trust(host) for host in hosts}


def _hosts(path: Where, targets: Sequence[str]) -> tuple[Sequence[Host], Mapping[str, Host]]:
    """Those meant, and all that the inventory has; a login needs none."""
    logins = [replace(host_at(target, "host"), name=target) for target in targets if is_login(target)]
    names = [target for target in targets if not is_login(target)]
    if not names and not inventory.exists(path):
        return logins, {}
    try:
        loaded = inventory.load(path)
    except InventoryError:  # such as one without a host yet: a login needs nothing of it
        if names:
            raise
        return logins, {}
    return [*(inventory.select(loaded, names) if names else ()), *logins], {host.name: host for host in loaded.hosts}


@frozen
class _Asking:
    """With what every host is asked. An empty `fingerprints`: the person is asked."""

    folder: Path
    access: Access
    screen: Screen
    fingerprints: frozenset[str]
    seen: dict[tuple[str, ...], Offer] = field(default_factory=dict)
    """What gateways offer whose keys are not known, by their names."""

    def trust(self, host: Host) -> bool:
        """Whether the host's keys are kept now, and those of every gateway before it."""
        kept: set[tuple[str, ...]] = set()
        while True:
            offer = self._fetch(host)
            if offer is None or offer.names in kept or not self._keep(host, offer):
                return False
            if not offer.gateway:
                return True
            kept.add(offer.names)

    def show(self, host: Host) -> bool:
        """The keys that the host offers, or the first unknown gateway before it, for somebody who cannot be asked here.

        False where it was not reached.
        """
        before = set(self.seen)
        if (offer := self._fetch(host)) and offer.names not in before:  # a gateway of many hosts is shown once
            self._describe(host, offer)
        return offer is not None

    def _fetch(self, host: Host) -> Offer | None:
        """None where the host cannot be reached, which is said."""
        known = KnownHosts.find(self.folder, self.access.environ)  # anew each time: it may have just been written
        try:
            offer = fetch_offer(host, replace(self.access, known=known), self.seen)
            if offer.gateway:
                self.seen[offer.names] = offer
            return offer
        except HostError as error:
            twice = f"{host.name}: {host.name}: "  # a login is its own name
            self.screen.say(error.message.replace(twice, f"{host.name}: ", 1), "bad")
            self.screen.say(f"  hint: {error.hint}")
            return None

    def _describe(self, host: Host, offer: Offer) -> str:
        """Says what is offered; its title."""
        title = f"gateway {offer.names[0]} of {host.name}" if offer.gateway else f"{host.name} ({offer.names[0]})"
        for line, style in describe(title, offer):
            self.screen.say(line, style)
        return title

    def _keep(self, host: Host, offer: Offer) -> bool:
        title = self._describe(host, offer)
        keys = tuple(key for key in offer.keys if not self.fingerprints or key.fingerprint in self.fingerprints)
        if not keys:
            self.screen.say(f"{title}: it offers no key with the given fingerprint; nothing was written", "bad")
            return False
        if not self.fingerprints and not self.screen.ask(f"trust {title}?"):
            return False
        file = self.folder / PROJECT_FILE
        write_keys(file, offer.names, keys)
        if self.access.gateways:
            self.access.gateways.forget()
        self.screen.say(f"{title}: kept in {file}", "good")
        return True


def describe(title: str, offer: Offer) -> list[tuple[str, str]]:
    """Lines with their styles: every key that is offered, and loudly where another was known."""
    before = {entry.key for entry in offer.before}
    lines = [(f"{title} offers:", "host")]
    lines += [(f"  {key}{'  known already' if key in before else ''}", "plain") for key in offer.keys]
    gone = [entry for entry in offer.before if entry.key not in offer.keys]
    if gone:
        changed = {entry.key.kind for entry in gone} & {key.kind for key in offer.keys} or not before & set(offer.keys)
        lines += [(f"  {'THIS HAS CHANGED' if changed else 'not offered'}: known was", "bad")]
        lines += [(f"    {entry.key} ({entry.place})", "bad") for entry in gone]
        lines += [("  Say yes only if you know why (a new host, a reinstalled one).", "bad")]
    return lines


def write_keys(file: Path, names: Sequence[str], keys: Sequence[HostKey]) -> None:
    """Puts these keys in place of those that the file has under any of the names, atomically; all else in it stays."""
    try:
        old = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if file.exists() else []
        kept = [line for line in (without(line, names) for line in old) if line is not None]
        new = [key.line(names[0]) for key in keys]
        handle, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as target:
                target.write("".join(f"{line}\n" for line in (*kept, *new)))
            Path(beside).chmod(0o644)
            Path(beside).replace(file)
        except OSError:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunneropsError(f"{file}: {error.strerror}", "make the folder of the inventory writable") from None
