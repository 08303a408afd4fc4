"""The content of a host's caches, as they and their volumes show it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runnerops.frozen import frozen
from runnerops.model.answers import Answers
from runnerops.model.inventory import Host
from runnerops.services.registry.caches import own_caches
from runnerops.services.registry.verify import VERIFY as FUNCTIONS
from runnerops.services.registry.verify.log import repositories
from runnerops.services.registry.verify.words import problem
from runnerops.services.verify import NO_ANSWER, Call

_TAGS = "/_manifests/tags/"


@frozen
class Holding:
    """One cache and its content. `tags` is None if they were not asked for or cannot be read; `problem`: why it did not
    answer.
    """

    cache: str
    url: str
    repositories: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] | None = None
    problem: str = ""


def questions(host: Host, *, tags: bool) -> Sequence[Call]:
    """Returns calls of FUNCTIONS, one for each cache."""
    wanted = "yes" if tags else "no"
    return tuple(("catalog_registry", cache.name, cache.probe, wanted) for cache in own_caches(host))


def holdings(host: Host, answers: Answers) -> tuple[Holding, ...]:
    """Returns what each cache holds."""
    return tuple(_holding(cache.name, cache.probe, answers) for cache in own_caches(host))


def _holding(name: str, url: str, answers: Answers) -> Holding:
    if wrong := problem(answers.get(f"registry_code/{name}", NO_ANSWER)):
        return Holding(name, url, problem=wrong)
    pages = answers.get(f"registry_catalog/{name}", NO_ANSWER)
    if pages.status != 0:
        return Holding(name, url, problem="it does not list its content")
    listed = answers.get(f"registry_tags/{name}", NO_ANSWER)
    tags = (
        {repository: tuple(sorted(names)) for repository, names in _tags(listed.text)} if listed.status == 0 else None
    )
    return Holding(name, url, tuple(sorted(repositories(pages.text))), tags)


def _tags(text: str) -> Iterator[tuple[str, list[str]]]:
    by_repository: dict[str, list[str]] = {}
    for line in text.splitlines():
        repository, _, tag = line.removeprefix("./").partition(_TAGS)
        if tag:
            by_repository.setdefault(repository, []).append(tag)
    yield from by_repository.items()


__all__ = ["FUNCTIONS", "Holding", "holdings", "questions"]
