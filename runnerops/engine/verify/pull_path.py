"""What `verify` does on one host: it asks questions, pulls one image, and reads in the log of the cache what the pull
did.

This takes at most three execs: the questions of an observation, on a connection that only reads; the test pull, which
restores what it changes; and reading the logs of the caches. It takes no lock and begins no run, so it does not disturb
a deploy.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace

from runnerops.engine.hosts.observe import ask, observe_and_ask
from runnerops.model.answers import Answers
from runnerops.model.inventory import Host
from runnerops.remote.links import Reader
from runnerops.services.providers import VERIFY_PROVIDERS
from runnerops.services.verify import Call, Check, Evidence, Probe


def inspect(host: Host, reader: Reader, probe: Probe, *, quick: bool) -> Evidence:
    """Returns what can be found out about a host by reading. Raises HostError."""
    calls = [call for provider in VERIFY_PROVIDERS for call in provider.inquiries(host, probe)]
    observed, answers = observe_and_ask(host, (), reader, calls, [provider.VERIFY for provider in VERIFY_PROVIDERS])
    return Evidence(observed, probe, answers, quick=quick)


def pull_tests(host: Host, evidence: Evidence) -> list[Call]:
    """The calls of the test pull; none if it would show nothing."""
    return [
        call for provider in VERIFY_PROVIDERS if not evidence.quick and (call := provider.pull_test(host, evidence))
    ]


def run_pull_test(calls: Sequence[Call], reader: Reader) -> Answers:
    """Makes the test pull and returns its answers. Raises HostError."""
    return ask(reader, calls, [text for provider in VERIFY_PROVIDERS for text in (provider.VERIFY, provider.PULL_TEST)])


def read_cache_logs(host: Host, reader: Reader, probe: Probe, seconds: int) -> Answers:
    """Returns the traces that test pulls of the last `seconds` left on a host with caches. Raises HostError."""
    calls = [call for provider in VERIFY_PROVIDERS for call in provider.log_queries(host, probe, seconds)]
    return ask(reader, calls, [provider.VERIFY for provider in VERIFY_PROVIDERS])


def assess(host: Host, evidence: Evidence) -> tuple[Check, ...]:
    """All checks, in the order in which a pull passes what they check."""
    return tuple(check for provider in VERIFY_PROVIDERS for check in provider.checks(host, evidence))


def cache_hosts(pulls: Iterable[tuple[Host, Evidence]]) -> list[str]:
    """The names of hosts whose caches can tell more about these pulls."""
    return list(
        dict.fromkeys(
            name
            for host, evidence in pulls
            for provider in VERIFY_PROVIDERS
            for name in provider.cache_hosts(host, evidence)
        )
    )


def with_marker(probe: Probe) -> Probe:
    """The probe with a word that is unique to this host and command, because several clients may share the log of a
    cache.
    """
    return replace(probe, marker=secrets.token_hex(8))
