"""Whether this very pull went through a cache: shown by the cache's own log, not by what it held before. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from runnerops.model.inventory import Cache, Host
from runnerops.services.base import Answers
from runnerops.services.docker.verify import Pull, loaded, mirrors, pull_of, why_no_pull
from runnerops.services.registry.format import NAME
from runnerops.services.verify import NO_ANSWER, Check, Evidence, Probe

_STATUS = re.compile(r'HTTP/[0-9.]+" ([0-9]{3}) |http\.response\.status"?[=:] ?"?([0-9]{3})')
"""In the access log's combined format, of registry 2 and 3, and in the lines that it logs itself, as text or JSON."""


def statuses(lines: str, probe: Probe, *, marked: bool) -> Iterator[str]:
    """HTTP statuses of the requests for the probe's manifest that this pull made; without a mark, that any daemon made."""
    path = re.compile(re.escape(probe.manifest) + r'(?=[\s"?]|$)')
    for line in lines.splitlines():
        ours = probe.marker in line if marked else "docker/" in line
        if ours and path.search(line) and (found := _STATUS.search(line)):
            yield found[1] or found[2]


def served_check(host: Host, caches: Sequence[Cache | None], evidence: Evidence) -> tuple[Check, Cache | None]:
    """The pull's link, and the cache that served it."""
    image = evidence.probe.image
    what = f"a pull of {image} is served by a cache"
    if why := why_no_pull(host, evidence):
        return Check("pull", NAME, what, "skip", f"nothing was pulled: {why}"), None
    if evidence.tried is None:
        return Check("pull", NAME, what, "fail", "the host did not say what became of it", "verify again"), None
    pull = pull_of(evidence.tried)
    known = [cache for cache in caches if cache]
    if not known:
        reason = "the mirrors are no caches of this inventory, so their logs cannot be read"
        return Check("pull", NAME, what, "skip", reason), None
    refused: list[str] = []
    for cache in known:
        trace = evidence.log_queries.get(cache.host, "it was not asked")
        found = [] if isinstance(trace, str) else _found(trace, cache, pull, evidence.probe)
        if "200" in found:
            what = f"a pull of {image} was served by cache {_named(cache, host)}, as its log shows"
            left = f"{image} was not there before and stays: {pull.left}" if pull.left else ""
            return Check("pull", NAME, what, "pass", left), cache
        refused += [f"cache {_named(cache, host)} answered {found[-1]}"] if found else []
    return Check("pull", NAME, what, "fail", *_past(host, known, pull, refused, evidence)), None


def _found(trace: Answers, cache: Cache, pull: Pull, probe: Probe) -> list[str]:
    lines = trace.get(f"registry_log/{cache.name}", NO_ANSWER).text
    return list(statuses(lines, probe, marked=pull.marked))


def _named(cache: Cache, host: Host) -> str:
    return cache.name if cache.host == host.name else f"{cache.name} of {cache.host}"


def _past(host: Host, known: Sequence[Cache], pull: Pull, refused: Sequence[str], evidence: Evidence) -> Iterator[str]:
    """Reason and fix."""
    said = f"; the daemon said: {pull.error}" if pull.error else ""
    if refused:
        yield f"{', '.join(refused)}, so the daemon went to Docker Hub itself{said}"
        yield "mend the link to the upstream, then verify again"
        return
    for cache in known:
        trace = evidence.log_queries.get(cache.host, "it was not asked")
        if isinstance(trace, str) or f"registry_logs/{cache.name}" not in trace:
            why = trace if isinstance(trace, str) else "its container is not there"
            yield f"the log of cache {_named(cache, host)} could not be read: {why}{said}"
            yield f"runnerops verify {cache.host}"
            return
        if trace[f"registry_logs/{cache.name}"].output.strip() in {b"", b"0"}:
            yield f"cache {_named(cache, host)} logs no requests, so nothing can be shown{said}"
            yield "let it log them: `log.level: info` and no `log.accesslog.disabled` in the cache's `config`"
            return
    foreign = [url for url in loaded(evidence) if url not in mirrors(host)]
    yield f"no cache was asked for it: the pull went past them{said}"
    if foreign:
        yield f"the daemon has loaded {', '.join(foreign)} too: runnerops deploy {host.name}"
    else:
        yield "journalctl -u docker tells why the daemon does not take the mirror"


def catalog_check(cache: Cache, evidence: Evidence) -> Check:
    """Whether the cache keeps what it served."""
    trace = evidence.log_queries.get(cache.host, {})
    answer = NO_ANSWER if isinstance(trace, str) else trace.get(f"registry_catalog/{cache.name}", NO_ANSWER)
    repository, held = evidence.probe.repository, repositories(answer.text)
    what = f"{repository} is in the catalog of cache {cache.name}"
    if repository in held:
        count = f"{len(held)} repositor{'ies' if len(held) != 1 else 'y'}"
        return Check("catalog", NAME, f"{what} ({count})")
    if answer.status != 0:
        return Check("catalog", NAME, what, "fail", "it does not tell what it holds", "docker logs tells why")
    if evidence.tried is not None and not pull_of(evidence.tried).fresh:
        reason = f"{evidence.probe.image} was on the host already, so none of it had to be fetched"
        return Check("catalog", NAME, what, "skip", reason, "name an image that is not there with --image")
    fix = "look whether its volume is full or read-only: df -h, and its log"
    return Check("catalog", NAME, what, "fail", "it served the pull, and kept nothing of it", fix)


def repositories(pages: str) -> tuple[str, ...]:
    """What the pages of a catalog name, one page a line; a line that is none names nothing."""
    found: dict[str, None] = {}
    for line in pages.splitlines():
        try:
            page = json.loads(line)
        except ValueError:
            continue
        names = page.get("repositories") if isinstance(page, dict) else None
        found |= dict.fromkeys(str(name) for name in names) if isinstance(names, list) else {}
    return tuple(found)
