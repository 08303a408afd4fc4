"""How it is seen that caches run what their files say, and that their upstream answers as before. Pure: builds the steps."""

from __future__ import annotations

from collections.abc import Iterator

from runnerops.model.common import Secret, Verb
from runnerops.model.plan import Step
from runnerops.services.registry.caches import PROJECT, OwnCache
from runnerops.services.registry.compared import FORM, traits, volumes_of
from runnerops.services.registry.containers import filters, ours
from runnerops.services.registry.context import ActionContext
from runnerops.services.registry.reach import for_jobs, from_container, url_of
from runnerops.services.shared.ways import reached, still_reached
from runnerops.services.steps import answers, run, wait

HUB = "docker.io"
SURE = "library/alpine"
"""A repository that Docker Hub has for certain, asked for where a cache holds none yet."""

_NO_REPOSITORY = "-"

_ASK = (
    'cd "${RUNNEROPS_DESK:-.}" || exit; ask() { '
    'curl -sS --noproxy "*" -m 10 -o tags -w "%{http_code}" "$1/v2/$2/tags/list" 2>/dev/null; '
    'printf " %s" "$(wc -c <tags 2>/dev/null || echo 0)"; rm -f tags; }; '
)
"""CACHE-URL REPOSITORY: the HTTP status and the size of its list of tags, which costs no pull.

A cache whose upstream is silent answers with the tags that it holds itself: the list is shorter then, and none is longer.
"""

MARK = (
    ": what does its upstream say now; "
    + _ASK
    + 'repository=$(curl -fsS --noproxy "*" -m 3 "$2/v2/_catalog?n=1" 2>/dev/null | '
    + """sed -n 's/.*"repositories":\\["\\([^"]*\\)".*/\\1/p'); """
    + "repository=${repository:-$3}; "
    + f'[ "$repository" = {_NO_REPOSITORY} ] || '
    + 'echo "$repository $(ask "$2" "$repository")" >"upstream.$1"'
)
"""NAME URL REPOSITORY|-: noted for AS_BEFORE; a repository that the cache's own catalog names goes first."""

AS_BEFORE = (
    ": does its upstream answer as before; "
    + _ASK
    + 'if [ -s "upstream.$1" ]; then read -r repository status size <"upstream.$1"; '
    + '[ "$status" = 200 ] || { echo same; exit; }; set -- $(ask "$2" "$repository"); '
    + 'if [ "$1" = 200 ] && [ "$2" -ge "$size" ]; then echo same; '
    + 'else echo "its upstream does not answer as before for $repository: $1, $2 bytes of tags, was 200, $size"; fi; exit; fi; '
    + f'if [ "$3" != {_NO_REPOSITORY} ]; then '
    + 'now=$(ask "$2" "$3"); case $now in "200 "*) ;; *) '
    + 'echo "cache $1: its upstream gives no $3 (${now% *}); until it does, pulls go past this cache" >tell;; esac; fi; '
    + "echo same"
)
"""NAME URL REPOSITORY|-: where nothing was noted (a first deploy, another upstream), only a word for the person."""

ANOTHER = (
    ': another container than before; old=$1; shift; id=$(docker ps -q --no-trunc "$@"); '
    '[ -z "$id" ] || [ "$id" = "$old" ] || echo another'
)

AS_ASKED = (
    ": does it run as asked, and run on; cache=$1 form=$2; shift 2; "
    f'id=$(docker ps -q --filter "label=com.docker.compose.project={PROJECT}" '
    '--filter "label=com.docker.compose.service=$cache" | head -n 1); [ -n "$id" ] || { echo "it does not run"; exit; }; '
    'line=$(printf "\\nx"); line=${line%x}; '
    'ask() { docker inspect --type container --format "$form" "$id"; }; told=$line$(ask)$line; '
    "for want; do case $want in *=) end=;; *) end=$line;; esac; "
    'case $told in *"$line$want$end"*) ;; *) echo "not as asked: $want"; exit;; esac; done; '
    'sleep 1; [ "$told" = "$line$(ask)$line" ] || { echo "it is started again and again"; exit; }; echo "as asked"'
)
"""CACHE FORM LINE…: two looks, a second apart, at the container that this cache's service has; none may differ."""

LATER = ': comes later; cd "${RUNNEROPS_DESK:-.}" && echo "$1" >tell'

BACK_AGAIN = (
    ": does it answer again; name=$1 seconds=$2; shift 2; asked=0; "
    'until "$@"; do asked=$((asked + 1)); [ "$asked" -lt "$seconds" ] || exit 1; '
    f'[ "$asked" != 10 ] || docker restart $(docker ps -aq --filter "label=com.docker.compose.project={PROJECT}" '
    '--filter "label=com.docker.compose.service=$name"); sleep 1; done'
)
"""NAME SECONDS ARGV…: until the command succeeds. A daemon that came back may show a container as running whose port is
dead; then a restart of the container cures it."""

_DIAGNOSE = (
    ': what does it say; name=$1; shift; id=$(docker ps -aq "$@" | head -n 1); [ -n "$id" ] || { '
    'echo "cache $name has no container"; exit; }; '
    'docker ps -a "$@" --format "cache $name: {{.Status}}; its last lines:"; docker logs --tail 8 "$id" 2>&1'
)


def marks(now: ActionContext) -> Iterator[Step]:
    """Before anything is swapped: what `proofs` compares with."""
    if now.action.verb is Verb.VERIFY:
        return
    for cache in now.caches:
        if _marked(now, cache):
            argv = ("sh", "-c", MARK, "sh", cache.name, cache.probe, _repository(cache))
            yield run(40, *argv, title=f"note what the upstream of cache {cache.name} answers")


def ways_before(now: ActionContext) -> Iterator[Step]:
    """Where Docker's restart changes which packets of containers pass: whether these reach the caches as it is."""
    for cache in now.caches if now.action.ways else ():
        if now.answered(cache):
            yield reached(cache.name, url_of(cache), now.observed.facts.tools)


def _marked(now: ActionContext, cache: OwnCache) -> bool:
    return now.answered(cache) and "curl" in now.observed.facts.tools and not _moves_on(now, cache)


def proofs(now: ActionContext) -> Iterator[Step]:
    """Every cache alike: it answers, its container is as asked and runs on, and its upstream answers as before."""
    there = ours(now.observed)
    for cache in now.caches:
        if now.comes_later(cache):
            said = f"cache {cache.name} does not run yet: {cache.upstream} does not answer; it comes up when that does"
            yield run(10, "sh", "-c", LATER, "sh", said, title=f"leave cache {cache.name} to come up later")
            continue
        yield from _answer(now, cache)
        yield from _as_asked(now, cache)
        if cache.name in there and cache.name in now.forced:
            argv = ("sh", "-c", ANOTHER, "sh", there[cache.name].id, *filters(cache.name))
            yield wait(15, "=another", *argv, title=f"wait until cache {cache.name} has its new container")
        yield from _upstream(now, cache)


def _as_asked(now: ActionContext, cache: OwnCache) -> Iterator[Step]:
    hidden = {name for name, value in cache.environment.items() if isinstance(value, Secret)}
    lines = tuple(traits(now.tree, cache.name, hidden))
    yield _runs_on(cache, *lines)


def _runs_on(cache: OwnCache, *lines: str) -> Step:
    argv = ("sh", "-c", AS_ASKED, "sh", cache.name, FORM, *lines)
    return wait(15, "=as asked", *argv, title=f"verify that cache {cache.name} runs as asked, and runs on")


def as_before(now: ActionContext, cache: OwnCache) -> Iterator[Step]:
    """On the way back, of a cache that answered before: it answers, runs on, and has the volume that it had."""
    container = ours(now.observed).get(cache.name)
    had = (container.mounts if container else None) or {}
    volumes = volumes_of(now.tree_before, cache.name).items()
    lines = (f"mount {inside}={volume}" for inside, volume in volumes if had.get(inside) == volume)
    yield _answers(now, cache)
    yield _runs_on(cache, "state running", *lines)


def _upstream(now: ActionContext, cache: OwnCache) -> Iterator[Step]:
    words = ("sh", "-c", AS_BEFORE, "sh", cache.name, cache.probe, _repository(cache))
    title = f"verify that the upstream of cache {cache.name} answers"
    if _marked(now, cache):
        yield wait(now.policy.verify_s, "=same", *words, title=f"{title} as before")
    elif "curl" in now.observed.facts.tools and cache.serves == HUB:
        yield run(30, *words, title=title)


def still_there(now: ActionContext) -> Iterator[Step]:
    """After docker's restart: what answered before answers again."""
    for cache in now.caches:
        if now.answered(cache):
            yield from _answer(now, cache)
            yield from _as_asked(now, cache)


def back_again(now: ActionContext) -> Iterator[Step]:
    """After the way back of a docker that was restarted: what answered before answers again."""
    for cache in now.caches:
        if now.answered(cache):
            seconds = now.policy.verify_s
            question = answers(cache.probe, now.observed.facts.tools)
            argv = ("sh", "-c", BACK_AGAIN, "sh", cache.name, str(seconds), *question)
            yield run(seconds + 60, *argv, title=f"wait until cache {cache.name} answers again")


def diagnose(cache: OwnCache) -> Step:
    """How its container is, and the last lines of its log, for a person."""
    argv = ("sh", "-c", _DIAGNOSE, "sh", cache.name, *filters(cache.name))
    return run(10, *argv, title=f"ask how cache {cache.name} is")


def _answer(now: ActionContext, cache: OwnCache) -> Iterator[Step]:
    """To the host, and where jobs use it, to a container: two ways, of which a firewall may close one."""
    yield _answers(now, cache)
    if cache in for_jobs(now.host):
        yield from_container(cache, now.observed.facts.tools)
    if now.action.ways and now.answered(cache):
        yield still_reached(cache.name, url_of(cache), now.action.ways, now.observed.facts.tools)


def _answers(now: ActionContext, cache: OwnCache) -> Step:
    question = answers(cache.probe, now.observed.facts.tools)
    return wait(now.policy.verify_s, "ok", *question, title=f"wait until cache {cache.name} answers")


def _repository(cache: OwnCache) -> str:
    return SURE if cache.serves == HUB else _NO_REPOSITORY


def _moves_on(now: ActionContext, cache: OwnCache) -> bool:
    """Whether this very run gives the cache another upstream, whose answers are no matter of before."""
    keys = {
        key_change.key
        for change in now.changes
        if change.new.spec.name == cache.name
        for key_change in change.key_changes
    }
    return ("proxy", "remoteurl") in keys or ("proxy",) in keys
