"""Whether a host's pulls are served by its cache, link by link: asked, tried with one pull, and shown by the cache's log.

Three execs at most, and no engine of its own: questions of an observation, on a connection that only reads; the trial, a
question that changes something and puts it back, on one that may write; what the trial left in the caches' logs. No
lock is taken and no run begun, so a deploy meanwhile is not disturbed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from runnerops.engine.observe import Reader, ask, inquire
from runnerops.model.inventory import Host
from runnerops.services.base import Answers
from runnerops.services.providers import CHAIN
from runnerops.services.verify import Call, Check, Probe, Seen


def look(host: Host, reader: Reader, probe: Probe, *, quick: bool) -> Seen:
    """What can be known of a host by reading. Raises HostError."""
    calls = [call for chain in CHAIN for call in chain.inquiries(host, probe)]
    have, told = inquire(host, (), reader, calls, [chain.VERIFY for chain in CHAIN])
    return Seen(have, probe, told, quick=quick)


def trials(host: Host, seen: Seen) -> list[Call]:
    """What is to be tried there; nothing where it would show nothing."""
    return [call for chain in CHAIN if not seen.quick and (call := chain.trial(host, seen))]


def attempt(calls: Sequence[Call], reader: Reader) -> Answers:
    """The trials' answers. Raises HostError."""
    return ask(reader, calls, [text for chain in CHAIN for text in (chain.VERIFY, chain.TRIAL)])


def trace(host: Host, reader: Reader, probe: Probe, seconds: int) -> Answers:
    """What trials of the last `seconds` left on a host on which caches run. Raises HostError."""
    calls = [call for chain in CHAIN for call in chain.traces(host, probe, seconds)]
    return ask(reader, calls, [chain.VERIFY for chain in CHAIN])


def judge(host: Host, seen: Seen) -> tuple[Check, ...]:
    """Every link of the chain, as it was found."""
    return tuple(check for chain in CHAIN for check in chain.checks(host, seen))


def witnesses(hosts: Iterable[Host]) -> list[str]:
    """The hosts by name that can tell what became of these hosts' trials."""
    return list(dict.fromkeys(name for host in hosts for chain in CHAIN for name in chain.witnesses(host)))


def marked(probe: Probe) -> Probe:
    """With a word that no other host and no other verify sends: several clients may share a cache's log."""
    return replace(probe, marker=secrets.token_hex(8))
