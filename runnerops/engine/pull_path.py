"""What `verify` does on one host: it asks, tries one pull, and reads in the log of the cache what became of that.

These are three execs at most: questions of an observation, on a connection that only reads; the pull test, which changes
something and puts it back; a look into the logs of the caches. No lock is taken and no run begun, so a deploy meanwhile is
not disturbed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from runnerops.engine.observe import Reader, ask, inquire
from runnerops.model.answers import Answers
from runnerops.model.inventory import Host
from runnerops.services.providers import VERIFY_PROVIDERS
from runnerops.services.verify import Call, Check, Evidence, Probe


def inspect(host: Host, reader: Reader, probe: Probe, *, quick: bool) -> Evidence:
    """What can be known of a host by reading. Raises HostError."""
    calls = [call for provider in VERIFY_PROVIDERS for call in provider.inquiries(host, probe)]
    observed, told = inquire(host, (), reader, calls, [provider.VERIFY for provider in VERIFY_PROVIDERS])
    return Evidence(observed, probe, told, quick=quick)


def pull_tests(host: Host, evidence: Evidence) -> list[Call]:
    """The calls of the pull test; none where it would show nothing."""
    return [
        call for provider in VERIFY_PROVIDERS if not evidence.quick and (call := provider.pull_test(host, evidence))
    ]


def attempt(calls: Sequence[Call], reader: Reader) -> Answers:
    """Makes the pull test; gives its answers. Raises HostError."""
    return ask(reader, calls, [text for provider in VERIFY_PROVIDERS for text in (provider.VERIFY, provider.PULL_TEST)])


def trace(host: Host, reader: Reader, probe: Probe, seconds: int) -> Answers:
    """What pull tests of the last `seconds` left on a host with caches. Raises HostError."""
    calls = [call for provider in VERIFY_PROVIDERS for call in provider.log_queries(host, probe, seconds)]
    return ask(reader, calls, [provider.VERIFY for provider in VERIFY_PROVIDERS])


def assess(host: Host, evidence: Evidence) -> tuple[Check, ...]:
    """All checks, in the order in which a pull meets what they are about."""
    return tuple(check for provider in VERIFY_PROVIDERS for check in provider.checks(host, evidence))


def cache_hosts(found: Iterable[tuple[Host, Evidence]]) -> list[str]:
    """The hosts by name that can tell more of what was found of these."""
    return list(
        dict.fromkeys(
            name
            for host, evidence in found
            for provider in VERIFY_PROVIDERS
            for name in provider.cache_hosts(host, evidence)
        )
    )


def marked(probe: Probe) -> Probe:
    """The probe with a word that no other host and no other `verify` sends: several clients may share a cache's log."""
    return replace(probe, marker=secrets.token_hex(8))
