"""`runnerops status`: what runs on each host, its last run, what is owed, what is no longer managed. Reads only, one exec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from runnerops import inventory
from runnerops.engine.connections import ConnectionPool
from runnerops.engine.observe import observe
from runnerops.engine.review import failure
from runnerops.engine.scheduling import side_by_side
from runnerops.model.common import Exit
from runnerops.model.host_state import HostState
from runnerops.remote.reading import ReadOnly
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.screen import Screen
from runnerops.report.status import status_document, status_lines
from runnerops.report.text import outcome_lines
from runnerops.report.waiting import waiting
from runnerops.services.providers import STATUS_PROVIDERS


def status(path: Path, targets: Sequence[str], environ: Mapping[str, str], screen: Screen, *, as_json: bool) -> Exit:
    """Exit 1 where a host was not reached. No secret is needed for this."""
    loaded = inventory.load(path)
    hosts = {host.name: host for host in inventory.select(loaded, targets)}
    with ConnectionPool(loaded, environ, screen) as pool, waiting(screen, silent=as_json or len(hosts) == 1) as busy:

        def inspect(name: str) -> HostState:
            busy.say(name, "asking")
            try:
                return observe(hosts[name], (), ReadOnly(name, partial(pool.link, hosts[name])))
            finally:
                busy.say(name, "")

        found = side_by_side(list(hosts), inspect)
    documents = []
    for name, observed in found.items():
        if isinstance(observed, Exception):
            outcome = failure(name, observed)
            documents.append(outcome_document(outcome))
            lines = outcome_lines(outcome)
        else:
            standings = [one for stands in STATUS_PROVIDERS if (one := stands.status(hosts[name], observed))]
            documents.append(status_document(name, observed, standings))
            lines = status_lines(name, observed, standings)
        if not as_json:
            screen.lines(lines)
    if as_json:
        screen.json({"version": VERSION, "hosts": documents})
    return Exit.FAILED if any(isinstance(observed, Exception) for observed in found.values()) else Exit.OK
