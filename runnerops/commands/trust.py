"""`runnerops trust`: show the SSH keys that hosts offer and, after a yes, keep them in known_hosts beside the inventory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from runnerops import inventory
from runnerops.errors import HostError, RunneropsError, UsageError
from runnerops.model import Exit, Host
from runnerops.remote.hostkeys import PROJECT_FILE, KnownHosts, fingerprint, lines
from runnerops.remote.keys import Credentials
from runnerops.remote.offer import Offer, fetch_offer
from runnerops.report.screen import Screen


def trust(
    path: Path, targets: Sequence[str], environ: Mapping[str, str], screen: Screen, fingerprints: Sequence[str]
) -> Exit:
    """Exit 1 where a host could not be reached or was not trusted. Without a terminal only `fingerprints` count."""
    if not targets:
        raise UsageError("trust: name the hosts", "runnerops trust HOST…")
    if not fingerprints and not screen.interactive:
        raise UsageError(
            "trust: there is no terminal to ask at",
            "give the fingerprint that you compared with --fingerprint SHA256:…, or the keys in SSH_KNOWN_HOSTS",
        )
    loaded = inventory.load(path)
    known = KnownHosts.find(path.parent, environ)
    done = [
        _trust_host(
            host, known, Credentials.from_environ(environ), environ, screen, fingerprints, path.parent / PROJECT_FILE
        )
        for host in inventory.select(loaded, targets)
    ]
    return Exit.OK if all(done) else Exit.FAILED


def _trust_host(
    host: Host,
    known: KnownHosts,
    credentials: Credentials,
    environ: Mapping[str, str],
    screen: Screen,
    fingerprints: Sequence[str],
    file: Path,
) -> bool:
    try:
        offer = fetch_offer(host, known, credentials, environ)
    except HostError as error:
        screen.say(error.message, "bad")
        screen.say(f"  hint: {error.hint}")
        return False
    _show(host, offer, known, screen)
    if fingerprints:
        keys = tuple(key for key in offer.keys if fingerprint(key) in fingerprints)
        if not keys:
            screen.say(f"{host.name}: it offers no key with the given fingerprint; nothing was written", "bad")
            return False
    else:
        keys = offer.keys
        if not screen.ask(f"trust {host.name}?"):
            return False
    write_lines(file, offer.name, tuple(lines(offer.name, keys)))
    screen.say(f"{host.name}: kept in {file}", "good")
    return True


def _show(host: Host, offer: Offer, known: KnownHosts, screen: Screen) -> None:
    screen.say(f"{host.name} ({offer.name}) offers:", "host")
    before = {fingerprint(key) for key in known.keys([offer.name, host.name])}
    for key in offer.keys:
        mark = "  known already" if fingerprint(key) in before else ""
        screen.say(f"  {key.get_name()} {fingerprint(key)}{mark}")
    gone = before - {fingerprint(key) for key in offer.keys}
    if gone:
        screen.say(f"  THIS HAS CHANGED: known was {', '.join(sorted(gone))}", "bad")
        screen.say("  Say yes only if you know why (a new host, a reinstalled one).", "bad")


def write_lines(file: Path, name: str, new: Sequence[str]) -> None:
    """Replaces this name's lines in the file by these, atomically; comments and other hosts' lines stay."""
    try:
        old = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        kept = [line for line in old if line.split(" ", 1)[0] != name]
        handle, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write("".join(f"{line}\n" for line in (*kept, *new)))
        Path(beside).chmod(0o644)
        Path(beside).replace(file)
    except OSError as error:
        raise RunneropsError(f"{file}: {error.strerror}", "make the folder of the inventory writable") from None
