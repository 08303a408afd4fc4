"""`runnerops verify`: whether each host's pulls are served by its cache, shown by a pull, and its runner is there for jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from runnerops import inventory
from runnerops.engine import verify as pull_path
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.gitlab import Asking, gitlab_checks
from runnerops.engine.review import failure
from runnerops.engine.scheduling import side_by_side
from runnerops.engine.targets import check_targets, choose
from runnerops.errors import RunneropsError, UsageError
from runnerops.inventory import Where
from runnerops.model.common import Exit
from runnerops.model.inventory import Host
from runnerops.remote.reading import ReadOnly
from runnerops.remote.trying import Trying
from runnerops.report.checks import check_document, check_lines, summary_line
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.report.text import outcome_lines
from runnerops.report.waiting import Waiting, waiting
from runnerops.services.base import Answers
from runnerops.services.verify import Check, Evidence, Probe, parse_image

Found = Mapping[str, tuple[Check, ...] | Exception]


def verify(
    path: Where,
    targets: Sequence[str],
    environ: Mapping[str, str],
    screen: Screen,
    image: str,
    *,
    quick: bool,
    as_json: bool,
) -> Exit:
    """Exit 1 where a link is broken or a host was not reached."""
    named = parse_image(image)
    if named is None:
        raise UsageError(
            f"--image {image}: only images of Docker Hub go through a mirror", "name one by its tag, such as alpine:3"
        )
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool, waiting(screen, silent=as_json) as busy:
        chosen = choose(loaded, targets, pool)
        probe = Probe(*named, marker="")
        asking = Asking(loaded.folder, environ, screen.redactor, run=pool.run_command)
        known = {host.name: host for host in loaded.hosts}
        found = _Verify(chosen, known, pool, probe, busy, asking).run(quick=quick)
    if as_json:
        hosts = [_document(name, checks) for name, checks in found.items()]
        screen.json({"version": VERSION, "image": probe.image, "quick": quick, "hosts": hosts})
    else:
        _show(found, screen)
    return Exit.OK if all(_sound(checks) for checks in found.values()) else Exit.FAILED


@dataclass(frozen=True, slots=True)
class _Verify:
    """All hosts of one verify. `known` are all of the inventory: caches may be on hosts that are no targets."""

    hosts: Sequence[Host]
    known: Mapping[str, Host]
    pool: ConnectionPool
    probe: Probe
    busy: Waiting
    asking: Asking
    began: float = field(default_factory=time.monotonic)

    def run(self, *, quick: bool) -> Found:
        """Every host's links, or why it was not reached."""
        names = [host.name for host in self.hosts]
        evidence = side_by_side(names, partial(self._look, quick=quick))
        found = [(self.known[name], one) for name, one in evidence.items() if isinstance(one, Evidence)]
        log_queries = side_by_side(pull_path.cache_hosts(found), self._trace)
        told = {name: self._why(name, one) if isinstance(one, Exception) else one for name, one in log_queries.items()}
        in_gitlab = side_by_side(
            [host.name for host, _ in found if host.gitlab], partial(self._in_gitlab, dict(evidence))
        )
        return {
            name: one
            if isinstance(one, Exception)
            else (
                *pull_path.assess(self.known[name], replace(one, log_queries=told, hosts=self.known)),
                *_checks(in_gitlab.get(name, ())),
            )
            for name, one in evidence.items()
        }

    def _in_gitlab(self, evidence: Mapping[str, Evidence | Exception], name: str) -> tuple[Check, ...]:
        one = evidence[name]
        assert isinstance(one, Evidence)
        self.busy.say(name, "asking GitLab")
        try:
            return gitlab_checks(self.known[name], one.observed, self.asking)
        finally:
            self.busy.say(name, "")

    def _look(self, name: str, *, quick: bool) -> Evidence:
        """Asks, and tries where that shows something."""
        host, probe = self.known[name], pull_path.marked(self.probe)
        self.busy.say(name, "asking the daemon, the cache and its upstream")
        try:
            evidence = pull_path.inspect(host, ReadOnly(name, partial(self.pool.link, host)), probe, quick=quick)
            calls = pull_path.pull_tests(host, evidence)
            if not calls:
                return evidence
            self.busy.say(name, f"pulling {self.probe.image} through the daemon")
            watch = partial(self._watch, name)
            return replace(evidence, tried=pull_path.attempt(calls, Trying(partial(self.pool.link, host), watch)))
        finally:
            self.busy.say(name, "")

    def _trace(self, name: str) -> Answers:
        host, seconds = self.known[name], int(time.monotonic() - self.began) + 5
        self.busy.say(name, "reading the log and the catalog of its cache")
        try:
            return pull_path.trace(host, ReadOnly(name, partial(self.pool.link, host)), self.probe, seconds)
        finally:
            self.busy.say(name, "")

    def _why(self, name: str, error: Exception) -> str:
        return failure(name, error).message

    def _watch(self, name: str, line: str) -> None:
        """The daemon's own words while it pulls."""
        if line.startswith("{"):
            try:
                said = json.loads(line)
            except ValueError:
                return
            words = (said.get("status"), said.get("id"), said.get("progress"))
            self.busy.detail(name, " ".join(str(word) for word in words if word))


def _checks(found: tuple[Check, ...] | Exception) -> tuple[Check, ...]:
    if isinstance(found, Exception):
        raise found
    return found


def _sound(checks: tuple[Check, ...] | Exception) -> bool:
    return not isinstance(checks, Exception) and all(check.state != "fail" for check in checks)


def _show(found: Found, screen: Screen) -> None:
    for name, checks in found.items():
        if isinstance(checks, Exception):
            screen.lines(outcome_lines(failure(name, checks)))
            continue
        style, words = summary_line(checks)
        screen.data(f"{name}: {words}", style)
        for check in checks:
            screen.lines(check_lines(check))


def _document(name: str, checks: tuple[Check, ...] | Exception) -> dict[str, Any]:
    if isinstance(checks, RunneropsError):
        return {**outcome_document(failure(name, checks)), "checks": []}
    if isinstance(checks, Exception):
        raise checks
    result = "verified" if _sound(checks) else "fail"
    return {"host": name, "result": result, "checks": [check_document(check) for check in checks]}
