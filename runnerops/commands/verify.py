"""`runnerops verify`: checks by a pull that each host's pulls are served by its cache, and that its runner gets jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runnerops import inventory
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Invocation
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.verify.verifying import HostChecks, HostVerifier, passed
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit
from runnerops.report.alike import HostText
from runnerops.report.causes import TitledText, grouped_lines, outcomes_lines, total_line
from runnerops.report.checks import check_document, check_lines, summary_line
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.report.waiting import waiting
from runnerops.services.verify import Check, Probe, parse_image


def verify(
    invocation: Invocation,
    image: str,
    *,
    quick: bool,
    as_json: bool,
) -> Exit:
    """Exit 1 if a check failed or a host was not reached."""
    path, targets, environ, screen = invocation
    reference = parse_image(image)
    if reference is None:
        raise UsageError(
            f"--image {image or repr(image)}: only images of Docker Hub go through a mirror",
            "name one by its tag, such as alpine:3",
        )
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    probe = Probe(*reference, marker="")
    with ConnectionPool(loaded, environ, screen) as pool:
        chosen = select_hosts(loaded, targets, pool)
        gitlab_context = pool.gitlab_context()
        by_name = {host.name: host for host in loaded.hosts}
        with waiting(screen, silent=as_json, hosts=len(chosen)) as busy:
            checks_by_host = HostVerifier(by_name, pool, probe, busy, gitlab_context).run(chosen, quick=quick)
    if as_json:
        hosts = [_document(name, checks) for name, checks in checks_by_host.items()]
        screen.json({"version": VERSION, "image": probe.image, "quick": quick, "hosts": hosts})
    else:
        _show(checks_by_host, screen)
    return Exit.OK if all(passed(checks) for checks in checks_by_host.values()) else Exit.FAILED


def _show(checks_by_host: HostChecks, screen: Screen) -> None:
    summaries = (_titled(name, checks) for name, checks in checks_by_host.items() if not isinstance(checks, Exception))
    screen.lines(grouped_lines(summaries))
    failed = [failed_outcome(name, error) for name, error in checks_by_host.items() if isinstance(error, Exception)]
    screen.lines(outcomes_lines(failed))
    if len(checks_by_host) > 1:
        looked = {name: passed(checks) for name, checks in checks_by_host.items() if not isinstance(checks, Exception)}
        kinds = {"passed": [name for name, good in looked.items() if good]}
        kinds["did not pass"] = [name for name, good in looked.items() if not good]
        screen.data(total_line({**kinds, "not verified": [outcome.host for outcome in failed]}), "host")


def _titled(name: str, checks: Sequence[Check]) -> TitledText:
    style, words = summary_line(checks)
    text = HostText(name, name, tuple(line for check in checks for line in check_lines(check)))
    return TitledText(text, style, words, f"alike ({words})")


def _document(name: str, checks: tuple[Check, ...] | Exception) -> dict[str, Any]:
    if isinstance(checks, RunneropsError):
        return {**outcome_document(failed_outcome(name, checks)), "checks": []}
    if isinstance(checks, Exception):
        raise checks
    result = "verified" if passed(checks) else "fail"
    return {"host": name, "result": result, "checks": [check_document(check) for check in checks]}
