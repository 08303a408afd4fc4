"""`verify` of several hosts at the same time: each is asked and makes a test pull, then its caches are asked what they
saw.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TypeAlias

from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.status import gitlab_checks
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.threads import side_by_side
from runnerops.engine.verify import pull_path
from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.model.inventory import Host
from runnerops.planning.lint.machines import clones
from runnerops.remote.links import PullTestReader, ReadOnly
from runnerops.report.waiting import Waiting
from runnerops.services.verify import Check, Evidence, Probe

HostChecks: TypeAlias = Mapping[str, tuple[Check, ...] | Exception]
"""By host, its checks in the order of a pull, or why it could not be reached."""


@frozen
class HostVerifier:
    """Verifies hosts. `all_hosts` are all hosts of the inventory, because caches may be on hosts that are not targets.

    Each host may be used by one thread at a time. Hosts that share a cache ask it one after the other, because sshd
    limits the number of sessions.
    """

    all_hosts: Mapping[str, Host]
    pool: ConnectionPool
    probe: Probe
    busy: Waiting
    gitlab_context: GitlabContext
    _turns: dict[str, threading.Lock] = field(default_factory=dict)

    def run(self, hosts: Sequence[Host], *, quick: bool) -> HostChecks:
        """Returns the checks of every host, or why it could not be reached."""
        began = time.monotonic()
        names = [host.name for host in hosts]
        evidence = side_by_side(names, partial(self._look, quick=quick))
        pulls = [(self.all_hosts[name], result) for name, result in evidence.items() if isinstance(result, Evidence)]
        log_queries = side_by_side(pull_path.cache_hosts(pulls), partial(self._trace, began))
        log_answers = {
            name: self._why(name, error) if isinstance(error, Exception) else error
            for name, error in log_queries.items()
        }
        in_gitlab = side_by_side(
            [host.name for host, _ in pulls if host.gitlab], partial(self._in_gitlab, dict(evidence))
        )
        observed_states = {host.name: evidence.observed for host, evidence in pulls}
        same = clones({name: state.facts for name, state in observed_states.items()})
        alike = {name: {other: observed_states[other] for other in others} for name, others in same.items()}
        return {
            name: error
            if isinstance(error, Exception)
            else (
                *pull_path.assess(
                    self.all_hosts[name],
                    replace(error, log_queries=log_answers, hosts=self.all_hosts, clones=alike.get(name, {})),
                ),
                *_checks(in_gitlab.get(name, ())),
            )
            for name, error in evidence.items()
        }

    def _in_gitlab(self, evidence: Mapping[str, Evidence | Exception], name: str) -> tuple[Check, ...]:
        result = evidence[name]
        assert isinstance(result, Evidence)
        self.busy.say(name, "asking GitLab")
        try:
            return gitlab_checks(self.all_hosts[name], result.observed, self.gitlab_context)
        finally:
            self.busy.say(name, "")

    def _look(self, name: str, *, quick: bool) -> Evidence:
        """Asks one host, and makes the test pull if it can show something."""
        host, probe = self.all_hosts[name], pull_path.with_marker(self.probe)
        self.busy.say(name, "asking the daemon, the cache and its upstream" if host.caches else "asking the daemon")
        try:
            evidence = pull_path.inspect(host, ReadOnly(name, partial(self.pool.link, host)), probe, quick=quick)
            calls = pull_path.pull_tests(host, evidence)
            if not calls:
                return evidence
            self.busy.say(name, f"pulling {self.probe.image} through the daemon")
            reader = PullTestReader(partial(self.pool.link, host), partial(self._watch, name))
            return replace(evidence, pull_answers=pull_path.run_pull_test(calls, reader))
        finally:
            self.busy.say(name, "")

    def _trace(self, began: float, name: str) -> Answers:
        host = self.all_hosts[name]
        self.busy.say(name, "reading the log and the catalog of its cache")
        try:
            with self._turns.setdefault(name, threading.Lock()):
                seconds = int(time.monotonic() - began) + 5
                return pull_path.read_cache_logs(
                    host, ReadOnly(name, partial(self.pool.link, host)), self.probe, seconds
                )
        finally:
            self.busy.say(name, "")

    def _why(self, name: str, error: Exception) -> str:
        return failed_outcome(name, error).message

    def _watch(self, name: str, line: str) -> None:
        """Shows a line of the daemon's progress while it pulls."""
        if line.startswith("{"):
            try:
                entry = json.loads(line)
            except ValueError:
                return
            words = (entry.get("status"), entry.get("id"), entry.get("progress"))
            self.busy.detail(name, " ".join(str(word) for word in words if word))


def _checks(checks: tuple[Check, ...] | Exception) -> tuple[Check, ...]:
    if isinstance(checks, Exception):
        raise checks
    return checks


def passed(checks: tuple[Check, ...] | Exception) -> bool:
    """Whether the host was reached and no check failed."""
    return not isinstance(checks, Exception) and all(check.state != "fail" for check in checks)
