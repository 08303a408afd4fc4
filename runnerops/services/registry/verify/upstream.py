"""Whether a cache can ask its upstream, with its login. It is asked for something that it does not hold itself.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.answers import Answer, Answers
from runnerops.model.facts import Container
from runnerops.model.inventory import Cache, Host
from runnerops.services.registry.caches import OwnCache, own_caches
from runnerops.services.registry.format import NAME
from runnerops.services.registry.observe.containers import own_containers
from runnerops.services.registry.verify.words import SILENT, problem, statuses
from runnerops.services.verify import NO_ANSWER, Check, Evidence


def own_upstream(host: Host, cache: OwnCache, evidence: Evidence) -> Check:
    """Returns the check for a cache on this host."""
    title = f"cache {cache.name} asks {cache.upstream}, which answers"
    if problem(evidence.answers.get(f"registry_code/{cache.probe}", NO_ANSWER)):
        return Check("upstream", NAME, title, "skip", "the cache does not answer")
    return _upstream(title, host, cache, evidence.answers, own_containers(evidence.observed).get(cache.name))


def upstream_of(cache: Cache, evidence: Evidence) -> Check:
    """Returns the check for a cache of another host, as that host reports it."""
    title = f"cache {cache.name} of {cache.host} asks its upstream, which answers"
    trace, cache_host = evidence.log_queries.get(cache.host, ""), evidence.hosts.get(cache.host)
    own_cache = (
        next((candidate for candidate in own_caches(cache_host) if candidate.name == cache.name), None)
        if cache_host
        else None
    )
    if problem(evidence.answers.get(f"registry_code/{cache.url.rstrip('/')}", NO_ANSWER)):
        return Check("upstream", NAME, title, "skip", "the cache does not answer")
    if not trace or cache_host is None or own_cache is None:
        return Check("upstream", NAME, title, "skip", f"not asked from here: runnerops verify {cache.host}")
    if isinstance(trace, str):
        return Check("upstream", NAME, title, "fail", trace, f"runnerops verify {cache.host}")
    return _upstream(title, cache_host, own_cache, trace, None)


def _upstream(title: str, host: Host, cache: OwnCache, answers: Answers, container: Container | None) -> Check:
    """If a cache lists tags that it does not hold, it has asked the upstream with its login. This costs no pull."""
    rendered = answers.get(f"registry_tag_source/{cache.name}", NO_ANSWER).text
    direct = answers.get(f"registry_upstream/{cache.name}", NO_ANSWER)
    if rendered == "upstream":
        return Check("upstream", NAME, title)
    if rendered == "held" and statuses(direct)[0] == "200":
        return Check(
            "upstream", NAME, title, "skip", "it answers the host; the cache has every tag, so it does not ask for any"
        )
    if rendered == "none" and statuses(direct)[0] == "404":
        return Check(
            "upstream", NAME, title, "pass", "it says that it has none of the repositories that were asked for"
        )
    if rendered == "nothing":
        return Check("upstream", NAME, title, "skip", "the cache has no content yet that could be asked for")
    return Check("upstream", NAME, title, "fail", *_why(host, cache, direct, container))


def _why(host: Host, cache: OwnCache, direct: Answer, container: Container | None) -> Iterator[str]:
    """Returns reason and fix, from what the upstream answers the host itself, which gives no login."""
    code, _ = statuses(direct)
    user = cache.tree.get("username")
    place = f"in the cache's section at {host.location(NAME, ('caches',)) or 'the inventory'}"
    logs = f"docker logs {container.name}" if container else "the cache's log"
    if code == SILENT:
        yield f"it does not answer {host.name} itself: {problem(direct)}; only what is cached is served"
        yield f"make {cache.upstream} answer from {host.name}: its names, routes, and firewalls on the way out"
    elif code in {"200", "401", "403"} and user:
        yield f"it answers, but refuses the login of the cache{f' ({user})' if isinstance(user, str) else ''}"
        yield f"give a username and password that it accepts, {place}, then runnerops deploy {host.name}"
    elif code in {"401", "403"}:
        yield "it answers the host, but requires a login or a token that the cache did not get"
        yield f"give the cache a username and password, {place}; or check in {logs} whether it reaches the token server"
    elif code == "200":
        yield "it answers the host, but the cache does not ask it, or gets no answer"
        yield (
            f"check {logs}, whether its container can reach the network, and with runnerops diff {host.name} whether"
            " its config is changed"
        )
    elif code == "429":
        yield "its pull limit is reached (429)"
        yield f"wait, or give the cache a username and password, {place}"
    else:
        yield f"it answers with status {code}"
        yield f"check {cache.upstream}; what is cached is still served"
