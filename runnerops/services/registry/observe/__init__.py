"""The questions to a host about its caches and its mirrors, and how the answers are read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from runnerops.model.answers import Answers, text_of
from runnerops.model.common import ServiceName
from runnerops.model.facts import Facts, RegistryFacts
from runnerops.model.host_state import sha256
from runnerops.model.inventory import Host, RenderedFile
from runnerops.services.registry.caches import DIRECTORY, OwnCache, directory, own_caches
from runnerops.services.registry.format import COMPOSE_TEMPLATE, NAME
from runnerops.services.shared.listeners import listeners

OBSERVE = Path(__file__).with_name("observe.sh").read_text(encoding="utf-8")

_FOUND = (
    '{"name":{{json .Name}},"config":{{json .Config}},"host":{{json .HostConfig}},"mounts":{{json .Mounts}},'
    '"networks":{{json .NetworkSettings.Networks}}}'
)
"""A format of `docker inspect`. The output contains secrets, so it is used only to make a section."""

ADOPT_QUESTIONS = (("observe_registry_files", DIRECTORY), ("await_registry_found", _FOUND))

_SURE = {"docker.io": "library/alpine"}
"""A repository that the upstream certainly has, asked for if the cache is empty."""


def questions(host: Host, rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
    """Every host is asked about its mirrors; the rest is asked where caches run."""
    caches = own_caches(host)
    own_probes = {cache.probe for cache in caches}
    urls = [url for url in dict.fromkeys(_mirrors(host)) if url not in own_probes]
    mirror_calls = [("await_registry_answer", str(number), url) for number, url in enumerate(urls, len(caches) + 1)]
    pages = [("prepare_page", f"{url}/v2/", "3") for url in urls]
    if NAME not in host.sections:
        return (*pages, *mirror_calls)
    pages = [*(("prepare_page", f"{cache.probe}/v2/", "3") for cache in caches), *pages]
    cache_calls = (_cache(number, cache, rendered) for number, cache in enumerate(caches, 1))
    removal = (("await_registry_volumes",),) if NAME in host.removed else ()
    return (*pages, ("observe_registry", directory(host)), *cache_calls, *mirror_calls, *removal)


def _mirrors(host: Host) -> Iterator[str]:
    """The mirrors that the host should use; in a removal, also those that it used before the first run."""
    for sections in (host.sections, host.before):
        mirrors = sections.get(ServiceName.DOCKER, {}).get("registry-mirrors")
        for url in mirrors if isinstance(mirrors, list) else ():
            yield str(url).rstrip("/")


def _cache(number: int, cache: OwnCache, rendered: Sequence[RenderedFile]) -> tuple[str, ...]:
    files = [file for file in rendered if file.spec.name == cache.name or file.spec.template == COMPOSE_TEMPLATE]
    pairs = (word for file in files for word in (file.spec.path, sha256(file.content)))
    sure = _SURE.get(cache.serves, "none")
    return ("await_registry_cache", str(number), cache.name, cache.probe, cache.upstream.rstrip("/"), sure, *pairs)


def facts(facts: Facts, answers: Answers) -> Facts:
    """The registry's part of the facts. Every host has it, because one without caches may use those of others."""
    version, *compose = text_of(answers, "registry_compose").split()[:3] or [""]
    return replace(
        facts,
        registry=RegistryFacts(
            compose=tuple(compose),
            compose_version=version.lstrip("v"),
            answers=dict(_words_by_subject(answers, "registry_answer_")),
            upstreams=dict(_words_by_subject(answers, "registry_upstream_")),
            volumes=tuple(text_of(answers, "registry_volumes").split()),
            listeners=dict(_listeners(answers)),
        ),
    )


def _listeners(answers: Answers) -> Iterator[tuple[str, str]]:
    """Asked for each cache that may have to be started."""
    for name, answer in answers.items():
        if name.startswith("registry_listeners_"):
            yield from listeners(answer.text)


def _words_by_subject(answers: Answers, prefix: str) -> Iterator[tuple[str, bool]]:
    for name, answer in answers.items():
        if name.startswith(prefix) and answer.text:
            subject, _, word = answer.text.rpartition(" ")
            yield subject, word == "yes"
