"""`runnerops trust`: shows the host keys of hosts and, after a confirmation, writes them to known_hosts beside the inventory.

A gateway whose key is not known comes before the host behind it. Keys are written under the name that OpenSSH looks up,
so that `ssh -o UserKnownHostsFile=known_hosts` takes the same file.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from runnerops import inventory
from runnerops.adopt.target import host_at, is_login
from runnerops.engine.hosts.looking import look_at
from runnerops.engine.options import Invocation
from runnerops.engine.plans.review import failed_outcome
from runnerops.errors import InventoryError, RunneropsError, UsageError
from runnerops.frozen import frozen, mutable
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.inventory import Host
from runnerops.model.run import Outcome
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.offers import offer_document, offer_lines, offer_title, withdrawn_keys
from runnerops.report.screen import Screen
from runnerops.ssh.access import Access
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.hostkeys import PROJECT_FILE, HostKey, KnownHosts
from runnerops.ssh.hostnames import without_names
from runnerops.ssh.keys import Credentials
from runnerops.ssh.offer import Offer, Offers, fetch_offer


@mutable
class OfferedKeys:
    """The keys that each host, or a gateway before it, offered, in the order of display; and why others were not reached."""

    offers: dict[str, list[Offer]] = field(default_factory=dict)
    failed: dict[str, Outcome] = field(default_factory=dict)


def trust(invocation: Invocation, fingerprints: Sequence[str], *, as_json: bool = False) -> Exit:
    """Exit 1 if a host could not be reached or was not trusted. Without a terminal, only keys with these `fingerprints` are."""
    screen = invocation.screen
    if not invocation.targets:
        raise UsageError("trust: name the hosts", "runnerops trust HOST…")
    heard = OfferedKeys()
    try:
        trusted = keep_keys(invocation, fingerprints, heard)
    except UsageError:  # nobody can be asked, and the keys are known
        if as_json and heard.offers:
            screen.json(_document(heard, dict.fromkeys((*heard.offers, *heard.failed), False)))
        raise
    if as_json:
        screen.json(_document(heard, trusted))
    return Exit.OK if all(trusted.values()) else Exit.FAILED


def keep_keys(
    invocation: Invocation, fingerprints: Sequence[str] = (), heard: OfferedKeys | None = None
) -> Mapping[str, bool]:
    """By host, or by login as it was written, whether its keys are in known_hosts now. Adds offered keys to `heard`."""
    path, targets, environ, screen = invocation
    hosts, peers = _hosts(path, targets)
    credentials = Credentials.from_environ(environ)
    credentials.ring.ask = screen.ask_secret
    folder = inventory.folder_of(path)
    gateways = Gateways()
    access = Access(KnownHosts.find(folder, environ), credentials, environ, peers, gateways, screen.say)
    asking = _TrustSession(folder, access, screen, frozenset(fingerprints), heard or OfferedKeys())
    for warning in access.known_hosts.warnings:
        screen.say(f"warning: {warning}", "warn")
    try:
        return _keep_keys(hosts, asking, fingerprints)
    finally:
        gateways.close()


def _keep_keys(hosts: Sequence[Host], asking: _TrustSession, fingerprints: Sequence[str]) -> Mapping[str, bool]:
    if not fingerprints and not asking.screen.interactive:
        fetched = asking.show(hosts)
        already_kept = asking.already_kept(fetched)
        if len(already_kept) < len(fetched):
            raise UsageError(
                "trust: there is no terminal to ask on",
                "give the fingerprint that you compared with --fingerprint SHA256:…, or the keys in SSH_KNOWN_HOSTS",
            )
        return {host.name: host.name in already_kept for host in hosts}
    trusted = asking.trust(hosts)
    return {host.name: host.name in trusted for host in hosts}


def _hosts(path: Where, targets: Sequence[str]) -> tuple[Sequence[Host], Mapping[str, Host]]:
    """The target hosts, and all hosts of the inventory by name. If all targets are logins, no inventory is needed."""
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
class _TrustSession:
    """The values that all hosts of the command share. If `fingerprints` is empty, the user is asked."""

    folder: Path
    access: Access
    screen: Screen
    fingerprints: frozenset[str]
    heard: OfferedKeys
    offers: Offers = field(default_factory=Offers)

    def trust(self, hosts: Sequence[Host]) -> set[str]:
        """The names of hosts that are trusted now, including every gateway before them."""
        other_hosts, trusted, shown = list(hosts), set[str](), set[tuple[str, ...]]()
        while other_hosts:
            fetched = self._fetch(other_hosts)
            trusted |= self._keep({name: offer for name, offer in fetched.items() if not offer.gateway})
            yes = set[tuple[str, ...]]()
            for offer in {
                offer.names: offer for offer in fetched.values() if offer.gateway and offer.names not in shown
            }.values():
                shown.add(offer.names)
                behind = next(name for name, other_offer in fetched.items() if other_offer.names == offer.names)
                if self._keep({behind: offer}):
                    yes.add(offer.names)
            other_hosts = [host for host in other_hosts if host.name in fetched and fetched[host.name].names in yes]
        return trusted

    def show(self, hosts: Sequence[Host]) -> Mapping[str, Offer]:
        """Shows and returns the keys that the hosts, or the first unknown gateways before them, offer."""
        fetched = self._fetch(hosts)
        first_behind: dict[tuple[str, ...], str] = {}
        for name, offer in fetched.items():
            first_behind.setdefault(offer.names, name)
        # a gateway of many hosts is shown once
        self._describe(
            {name: offer for name, offer in fetched.items() if not offer.gateway or first_behind[offer.names] == name}
        )
        return fetched

    @property
    def file(self) -> Path:
        """The known_hosts file of the project."""
        return self.folder / PROJECT_FILE

    def already_kept(self, offers: Mapping[str, Offer]) -> Mapping[str, Offer]:
        """The offers of hosts whose keys are all in the file already, so that there is nothing to ask."""
        return (
            {} if self.fingerprints else {name: offer for name, offer in offers.items() if offer.is_kept_in(self.file)}
        )

    def _fetch(self, hosts: Sequence[Host]) -> dict[str, Offer]:
        """What each host that is reached offers. Prints why the others were not, once for each reason."""
        known_hosts = KnownHosts.find(self.folder, self.access.environ)  # anew each time: it may have just been written
        access = replace(self.access, known_hosts=known_hosts)
        by_name = {host.name: host for host in hosts}
        results = look_at(list(by_name), lambda name: fetch_offer(by_name[name], access, self.offers), self.screen)
        failed = {name: failed_outcome(name, error) for name, error in results.items() if isinstance(error, Exception)}
        self.heard.failed.update(failed)
        for style, line in outcomes_lines([*failed.values()]):
            self.screen.say(line, style)
        return {name: offer for name, offer in results.items() if isinstance(offer, Offer)}

    def _describe(self, offers: Mapping[str, Offer]) -> None:
        """Shows what is new, and below it what has changed. Of several hosts, those that are kept already are only counted."""
        already_kept = self.already_kept(offers)
        if already_kept and len(offers) > 1:
            self._say_already_kept(already_kept)
        for host, offer in sorted(offers.items(), key=lambda item: bool(withdrawn_keys(item[1]))):
            self.heard.offers.setdefault(host, []).append(offer)
            if host not in already_kept or len(offers) == 1:
                for style, line in offer_lines(host, offer):
                    self.screen.say(line, style)
        if already_kept and len(offers) == 1:
            self._say_already_kept(already_kept)

    def _say_already_kept(self, offers: Mapping[str, Offer]) -> None:
        self.screen.say(f"{_titles(offers)}: kept in {self.file} already", "good")

    def _keep(self, offers: Mapping[str, Offer]) -> set[str]:
        """The hosts whose keys are kept now. Asks one question for all hosts, and a separate one for each host whose key has
        changed.
        """
        ready: dict[str, tuple[Offer, tuple[HostKey, ...]]] = {}
        already_kept = self.already_kept(offers)
        self._describe(offers)
        for name, offer in offers.items():
            if name in already_kept:
                continue
            keys = tuple(key for key in offer.keys if not self.fingerprints or key.fingerprint in self.fingerprints)
            if keys:
                ready[name] = offer, keys
            else:
                title = offer_title(name, offer)
                self.screen.say(f"{title}: it offers no key with the given fingerprint; nothing was written", "bad")
        if self.fingerprints:
            return self._write(ready)
        trusted = set(already_kept)
        for name in (name for name, (offer, _) in ready.items() if withdrawn_keys(offer)):
            if self.screen.ask(
                f"trust {offer_title(name, offers[name])}?"
            ):  # written at once: Ctrl-C at the next loses none
                trusted |= self._write({name: ready[name]})
        if plain := {name: offer for name, offer in ready.items() if not withdrawn_keys(offer[0])}:
            titles = _titles({name: offers[name] for name in plain}, "these ")
            trusted |= self._write(plain) if self.screen.ask(f"trust {titles}?") else set()
        return trusted

    def _write(self, keys_of: Mapping[str, tuple[Offer, tuple[HostKey, ...]]]) -> set[str]:
        """Writes these keys. Returns the names of the hosts."""
        for offer, keys in keys_of.values():
            write_keys(self.file, offer.names, keys)
        if keys_of:
            if self.access.gateways:
                self.access.gateways.forget()
            titles = _titles({name: offer for name, (offer, _) in keys_of.items()})
            self.screen.say(f"{titles}: kept in {self.file}", "good")
        return set(keys_of)


def _titles(offers: Mapping[str, Offer], many: str = "") -> str:
    """The title of the only offer, or the number of hosts."""
    return f"{many}{len(offers)} hosts" if len(offers) > 1 else offer_title(*next(iter(offers.items())))


def _document(heard: OfferedKeys, trusted: Mapping[str, bool]) -> dict[str, Any]:
    return {"version": VERSION, "hosts": [_host_document(name, heard, yes=yes) for name, yes in trusted.items()]}


def _host_document(name: str, heard: OfferedKeys, *, yes: bool) -> dict[str, Any]:
    outcome = outcome_document(heard.failed[name]) if name in heard.failed else {"host": name}
    result = {} if name in heard.failed else {"result": "trusted" if yes else "not-trusted"}
    return {**outcome, **result, "offers": [offer_document(offer) for offer in heard.offers.get(name, ())]}


def write_keys(file: Path, names: Sequence[str], keys: Sequence[HostKey]) -> None:
    """Replaces the keys under any of these names in the file, atomically. Other lines stay. Raises RunneropsError."""
    try:
        old = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if file.exists() else []
        other_lines = [line for line in (without_names(line, names) for line in old) if line is not None]
        new = [key.line(names[0]) for key in keys]
        handle, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as target:
                target.write("".join(f"{line}\n" for line in (*other_lines, *new)))
            Path(beside).chmod(0o644)
            Path(beside).replace(file)
        except OSError:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunneropsError(f"{file}: {error.strerror}", "make the folder of the inventory writable") from None
