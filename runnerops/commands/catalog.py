"""`runnerops catalog`: lists what the caches hold. It asks the hosts on which they run, and only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from runnerops import inventory
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.observe import ask
from runnerops.engine.hosts.targets import check_targets, select_hosts
from runnerops.engine.options import Invocation
from runnerops.engine.plans.review import failed_outcome
from runnerops.engine.threads import side_by_side
from runnerops.errors import RunneropsError
from runnerops.model.common import Exit, ServiceName
from runnerops.remote.links import ReadOnly
from runnerops.report.causes import outcomes_lines
from runnerops.report.document import VERSION, outcome_document
from runnerops.report.text import Line
from runnerops.report.waiting import waiting
from runnerops.services.registry.verify.catalog import FUNCTIONS, Holding, holdings, questions

Found = Mapping[str, tuple[Holding, ...] | Exception]


def catalog(invocation: Invocation, *, tags: bool, as_json: bool) -> Exit:
    """Exit 1 if a cache or its host did not answer. Hosts without a cache are skipped."""
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    check_targets(loaded, targets)
    with ConnectionPool(loaded, environ, screen) as pool, waiting(screen, silent=as_json) as busy:
        chosen = select_hosts(loaded, targets, pool)
        hosts = {host.name: host for host in chosen if questions(host, tags=tags)}

        def inspect(name: str) -> tuple[Holding, ...]:
            host = hosts[name]
            busy.say(name, "asking its caches")
            try:
                reader = ReadOnly(name, partial(pool.link, host))
                return holdings(host, ask(reader, questions(host, tags=tags), (FUNCTIONS,)))
            finally:
                busy.say(name, "")

        results = side_by_side(list(hosts), inspect)
    if as_json:
        screen.json({"version": VERSION, "hosts": [_document(name, result) for name, result in results.items()]})
    elif chosen:
        screen.lines(_lines(results))
    good = all(
        not isinstance(result, Exception) and not any(holding.problem for holding in result)
        for result in results.values()
    )
    return Exit.OK if good else Exit.FAILED


def _lines(results: Found) -> Iterator[Line]:
    if not results:
        yield "plain", f"no cache runs on these hosts: none has a `{ServiceName.REGISTRY}` section with caches"
    for name, result in results.items():
        for holding in () if isinstance(result, Exception) else result:
            yield from _held_lines(name, holding)
    yield from outcomes_lines(
        [failed_outcome(name, error) for name, error in results.items() if isinstance(error, Exception)]
    )


def _held_lines(host: str, holding: Holding) -> Iterator[Line]:
    title = f"{host}: cache {holding.cache} ({holding.url})"
    if holding.problem:
        yield "bad", f"{title}: {holding.problem}"
        yield "plain", f"  hint: runnerops verify {host}"
        return
    count = len(holding.repositories)
    yield "host", f"{title} holds {count} repositor{'ies' if count != 1 else 'y'}"
    for repository in holding.repositories:
        tags = "" if holding.tags is None else "  " + (", ".join(holding.tags.get(repository, ())) or "no tag")
        yield "plain", f"  {repository}{tags}"


def _document(name: str, result: tuple[Holding, ...] | Exception) -> dict[str, Any]:
    if isinstance(result, RunneropsError):
        return {**outcome_document(failed_outcome(name, result)), "caches": []}
    if isinstance(result, Exception):
        raise result
    return {"host": name, "result": "reached", "caches": [_cache(holding) for holding in result]}


def _cache(holding: Holding) -> dict[str, Any]:
    return {
        "name": holding.cache,
        "url": holding.url,
        "problem": holding.problem,
        "repositories": [
            {"name": name, "tags": None if holding.tags is None else list(holding.tags.get(name, ()))}
            for name in holding.repositories
        ],
    }
