"""Rules across the files of one host, and the only place that runs all rules. Pure. Each rule is a function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from runnerops.model.common import Key, ServiceName, Tree, item_name, key_text
from runnerops.model.facts import DockerFacts, Facts, RegistryFacts, RunnerFacts, Unit
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.model.plan import Finding
from runnerops.planning.lint.encoding import newer_toml
from runnerops.services import service_of
from runnerops.services.base import ListeningPlace
from runnerops.services.shared.listeners import overlap


def lint(host: Host, files: Sequence[RenderedFile], facts: Facts | None) -> tuple[Finding, ...]:
    """Returns all findings on a host's files, worst first, without their places in the inventory.

    `facts` None: what can be found without the host, with the versions given in the inventory.
    """
    return lint_trees(host, trees_of(files), facts, files)


def lint_trees(
    host: Host, trees: Mapping[FileSpec, Tree], facts: Facts | None, files: Sequence[RenderedFile] = ()
) -> tuple[Finding, ...]:
    """Like `lint`, for files that are parsed already. Findings on the text itself are added for `files`."""
    facts = facts or _assumed(host)
    findings: list[Finding] = []
    for file in files:
        texts = newer_toml(file.spec, file.content, facts) if file.content is not None else ()
        findings += [replace(finding, location=None) for finding in texts]
    listening: list[ListeningPlace] = []
    for name in ServiceName:
        own_trees = {spec: tree for spec, tree in trees.items() if spec.service is name}
        if own_trees:
            service = service_of(name)
            findings += service.lint(own_trees, facts)
            listening += service.listens(host, own_trees)
    findings += _shared_places(listening)
    by_path: Mapping[str, Tree] = {spec.path: tree for spec, tree in trees.items()}
    with_names = (replace(finding, name=item_name(by_path.get(finding.path), finding.key)) for finding in findings)
    order = ("error", "warning", "info")
    return tuple(sorted(with_names, key=lambda finding: order.index(finding.severity)))


def _assumed(host: Host) -> Facts | None:
    """Facts of a host with the versions that the inventory gives. Nothing is known about its units and containers."""
    docker, runner, registry, compose = map(host.versions.get, ("docker", "gitlab_runner", "registry", "compose"))
    if not (docker or runner or registry or compose):
        return None
    return Facts(
        docker=DockerFacts(Unit("docker", ""), docker) if docker else None,
        runner=RunnerFacts(Unit("gitlab-runner", ""), runner) if runner else None,
        registry=RegistryFacts(version=registry or "", compose_version=compose or "") if registry or compose else None,
    )


def trees_of(files: Sequence[RenderedFile]) -> Mapping[FileSpec, Tree]:
    """The parsed content of the files that exist. Raises ParseError."""
    present = ((file.spec, file.content) for file in files)
    return {spec: service_of(spec.service).parse(spec, content) for spec, content in present if content is not None}


def _shared_places(places: Iterable[ListeningPlace]) -> Iterator[Finding]:
    """A finding for each place where two systems would listen. The second one to start would fail,
    whichever that is.
    """
    met: set[tuple[str, Key]] = set()
    for first, second in combinations(places, 2):
        if overlap((str(first),), second.address, second.port) and (second.file, second.key) not in met:
            met.add((second.file, second.key))
            here = f"{first.listener} listens ({key_text(first.key)}: {first})"
            text = f"{second} is where {here}, so one of the two does not start"
            yield Finding("X014", "error", second.file, second.key, text, "use another port", second.location)
