"""Whether a certain pull went through a cache. This is shown by the cache's log, not by its earlier content. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from runnerops.frozen import frozen
from runnerops.model.inventory import Cache, Host
from runnerops.patterns import late_pattern
from runnerops.services.docker.verify import Pull, loaded, mirrors, pull_of, why_no_pull
from runnerops.services.registry.format import NAME
from runnerops.services.verify import NO_ANSWER, Check, Evidence, Probe

_STATUS = late_pattern(r'HTTP/[0-9.]+" ([0-9]{3}) |http\.response\.status"?[=:] ?"?([0-9]{3})')
"""In the access log's combined format, of registry 2 and 3, and in the lines that it logs itself, as text or JSON."""

_GET = late_pattern(r'"GET /v2/|http\.request\.method"?[=:] ?"?GET')


@frozen
class Request:
    """One that reached a cache. `ref` is a tag or a digest; `body`: the object itself was asked for, not
    only its digest.
    """

    kind: Literal["manifests", "blobs"]
    ref: str
    status: str
    body: bool

    @property
    def served(self) -> bool:
        """Whether the cache gave the object, or the address of it in its storage."""
        return self.status[0] in "23"


def requests(lines: str, probe: Probe, *, marked: bool) -> Iterator[Request]:
    """Returns the requests of this pull for the probe's repository; without a mark, those of any daemon."""
    path = re.compile(re.escape(f"/v2/{probe.repository}/") + r'(manifests|blobs)/([\w.:-]+)(?=[\s"?]|$)')
    for line in lines.splitlines():
        is_of_pull = probe.marker in line if marked else "docker/" in line
        if is_of_pull and (request := path.search(line)) and (answered := _STATUS.search(line)):
            kind: Literal["manifests", "blobs"] = "blobs" if request[1] == "blobs" else "manifests"
            yield Request(kind, request[2], answered[1] or answered[2], _GET.search(line) is not None)


def served_check(host: Host, caches: Sequence[Cache | None], evidence: Evidence) -> tuple[Check, Cache | None]:
    """Returns the check of the pull, and the cache that served it."""
    image = evidence.probe.image
    title = f"a pull of {image} is served by a cache"
    if why := why_no_pull(host, evidence):
        return Check("pull", NAME, title, "skip", f"nothing was pulled: {why}"), None
    if evidence.pull_answers is None:
        return Check("pull", NAME, title, "fail", "the host did not report the result", "verify again"), None
    pull = pull_of(evidence.pull_answers)
    readable = [cache for cache in caches if cache]
    if not readable:
        reason = "the mirrors are not caches of this inventory, so their logs cannot be read"
        return Check("pull", NAME, title, "skip", reason), None
    refused: list[str] = []
    requests = {cache: _requests(cache, pull, evidence) for cache in readable}
    for cache, received in requests.items():
        statuses = [
            request.status for request in received if request.kind == "manifests" and request.ref == evidence.probe.tag
        ]
        if "200" in statuses:
            return _served(cache, host, pull, requests, evidence), cache
        refused += [f"cache {_named(cache, host)} answered {statuses[-1]}"] if statuses else []
        if statuses and statuses[-1] == "404" and _unknown_there(cache, evidence):
            reason = f"the upstream of cache {_named(cache, host)} has no {evidence.probe.repository}"
            return Check("pull", NAME, title, "skip", reason, "name an image that it has with --image"), None
    return Check("pull", NAME, title, "fail", *_past(host, readable, pull, refused, evidence)), None


def _served(
    cache: Cache, host: Host, pull: Pull, by_cache: Mapping[Cache, Sequence[Request]], evidence: Evidence
) -> Check:
    """The cache gave the manifest. The pull has to end well too, and no blob may have come from elsewhere."""
    image, logs = evidence.probe.image, logs_of(cache.name, cache.host)
    title = f"a pull of {image} was served by cache {_named(cache, host)}, as its log shows"
    requests = [request for received in by_cache.values() for request in received]
    served_refs = {request.ref for request in requests if request.served}
    shared = {  # a layer that another pull of this daemon fetches meanwhile is fetched once
        request.ref
        for asked_cache in by_cache
        for request in _requests(asked_cache, replace(pull, marked=False), evidence)
        if request.served
    }
    refused = {
        request.ref: request.status for request in requests if request.ref not in served_refs and ":" in request.ref
    }
    absent = [
        layer for layer in pull.layers if not any(ref.startswith(f"sha256:{layer}") for ref in served_refs | shared)
    ]
    layers = [ref for ref in refused if any(ref.startswith(f"sha256:{layer}") for layer in absent)]
    if pull.error:
        return Check("pull", NAME, title, "fail", f"the pull failed: {pull.error}", logs)
    if refused or (absent and pull.marked):
        ref, status = next(iter(refused.items()), (absent[0] if absent else "", ""))
        answered = f", which it answered {status}" if status else ""
        count = len(refused) + len(absent) - len(layers)
        reason = f"{count} object{'s' if count != 1 else ''} of it came from elsewhere, such as {ref[:19]}{answered}"
        return Check("pull", NAME, title, "fail", reason, logs)
    return Check(
        "pull",
        NAME,
        title,
        "pass",
        f"{image} was not there before and stays: {pull.leftover_reason}" if pull.leftover_reason else "",
    )


def _unknown_there(cache: Cache, evidence: Evidence) -> bool:
    """Whether the upstream itself says that it has no such repository: that is an answer, and no fault of the cache."""
    trace = evidence.log_queries.get(cache.host, {})
    direct = NO_ANSWER if isinstance(trace, str) else trace.get(f"registry_upstream/{cache.name}", NO_ANSWER)
    return direct.text.partition(" ")[0] == "404"


def _requests(cache: Cache, pull: Pull, evidence: Evidence) -> list[Request]:
    trace = evidence.log_queries.get(cache.host, {})
    answer = NO_ANSWER if isinstance(trace, str) else trace.get(f"registry_log/{cache.name}", NO_ANSWER)
    return list(requests(answer.text, evidence.probe, marked=pull.marked))


def logs_of(cache: str, host: str) -> str:
    """Returns the command that shows the log."""
    return f"on {host}: docker logs $(docker ps -qf label=com.docker.compose.service={cache}) shows why"


def _named(cache: Cache, host: Host) -> str:
    return cache.name if cache.host == host.name else f"{cache.name} of {cache.host}"


def _past(
    host: Host, readable: Sequence[Cache], pull: Pull, refused: Sequence[str], evidence: Evidence
) -> Iterator[str]:
    """Returns reason and fix."""
    error = f"; the daemon said: {pull.error}" if pull.error else ""
    if refused:
        yield f"{', '.join(refused)}, so the daemon went to Docker Hub itself{error}"
        yield "repair the connection to the upstream, then verify again"
        return
    for cache in readable:
        trace = evidence.log_queries.get(cache.host, "it was not asked")
        if isinstance(trace, str) or f"registry_logs/{cache.name}" not in trace:
            why = trace if isinstance(trace, str) else "its container does not exist"
            yield f"the log of cache {_named(cache, host)} could not be read: {why}{error}"
            yield f"runnerops verify {cache.host}"
            return
        if trace[f"registry_logs/{cache.name}"].output.strip() in {b"", b"0"}:
            yield f"cache {_named(cache, host)} logs no requests, so nothing can be shown{error}"
            yield "let it log them: `log.level: info` and no `log.accesslog.disabled` in the cache's `config`"
            return
    foreign = [url for url in loaded(evidence) if url not in mirrors(host)]
    yield f"no cache was asked for it: the pull bypassed them{error}"
    if foreign:
        yield f"the daemon has loaded {', '.join(foreign)} too: runnerops deploy {host.name}"
    else:
        yield "journalctl -u docker shows why the daemon does not use the mirror"


def catalog_check(cache: Cache, evidence: Evidence) -> Check:
    """Whether the cache keeps what it served."""
    trace = evidence.log_queries.get(cache.host, {})
    answer = NO_ANSWER if isinstance(trace, str) else trace.get(f"registry_catalog/{cache.name}", NO_ANSWER)
    repository, in_catalog = evidence.probe.repository, repositories(answer.text)
    title = f"{repository} is in the catalog of cache {cache.name}"
    if repository in in_catalog:
        count = f"{len(in_catalog)} repositor{'ies' if len(in_catalog) != 1 else 'y'}"
        return Check("catalog", NAME, f"{title} ({count})")
    if answer.status != 0:
        return Check("catalog", NAME, title, "fail", "it does not list its content", "docker logs shows why")
    if evidence.pull_answers is not None and not _fetched(cache, pull_of(evidence.pull_answers), evidence):
        reason = f"{evidence.probe.image} was on the host already, by its name or another, so nothing had to be pulled"
        return Check("catalog", NAME, title, "skip", reason, "name an image that the host does not have with --image")
    fix = "look whether its volume is full or read-only: df -h, and its log"
    return Check("catalog", NAME, title, "fail", "it served the pull, but kept nothing of it", fix)


def _fetched(cache: Cache, pull: Pull, evidence: Evidence) -> bool:
    """Whether more than the digest was asked for. Only then does a cache have something to keep."""
    if pull.marked:
        return any(request.body for request in _requests(cache, pull, evidence))
    return pull.fresh


def stored_check(cache: Cache, evidence: Evidence) -> Check | None:
    """Whether what it served lies in its storage now; None where nothing was fetched, or where that is no volume."""
    trace, pull = evidence.log_queries.get(cache.host, {}), pull_of(evidence.pull_answers or {})
    answer = NO_ANSWER if isinstance(trace, str) else trace.get(f"registry_stored/{cache.name}", NO_ANSWER)
    received = _requests(cache, pull, evidence)
    served = {
        request.ref for request in received if request.body and request.served and request.ref.startswith("sha256:")
    }
    if isinstance(trace, str) or not served or answer.status != 0:
        return None
    missing = sorted(served - set(answer.text.split()))
    title = f"what this pull fetched is in the storage of cache {cache.name}"
    if not missing:
        count = f"{len(served)} object{'s' if len(served) != 1 else ''}"
        return Check("stored", NAME, f"{title} ({count})")
    full = trace.get(f"registry_full/{cache.name}", NO_ANSWER).output.strip() not in {b"", b"0"}
    why = "no space is left on its volume" if full else f"{missing[0][:19]} is not there"
    reason = f"{len(missing)} of {len(served)} objects were passed on and not kept: {why}"
    return Check("stored", NAME, title, "fail", reason, logs_of(cache.name, cache.host))


def repositories(pages: str) -> tuple[str, ...]:
    """Returns the repositories that the pages of a catalog name. Each line is a page; other lines are ignored."""
    listed: dict[str, None] = {}
    for line in pages.splitlines():
        try:
            page = json.loads(line)
        except ValueError:
            continue
        names = page.get("repositories") if isinstance(page, dict) else None
        listed |= dict.fromkeys(str(name) for name in names) if isinstance(names, list) else {}
    return tuple(listed)
