"""What is done with findings before they are shown: places are added, `ignore` is applied, missing secrets are
reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from runnerops.gitlab.ca import ca_problem
from runnerops.model.common import Secret, Tree, Value, value_at
from runnerops.model.inventory import FileSpec, Host, RenderedFile
from runnerops.model.plan import Finding
from runnerops.planning.places import Origins, place_of_key
from runnerops.render import Renderer
from runnerops.secrets import PLACEHOLDER, Resolver


def with_locations(
    host: Host,
    findings: Iterable[Finding],
    files: Sequence[RenderedFile],
    rendered: Sequence[RenderedFile],
    renderer: Renderer | None,
) -> tuple[Finding, ...]:
    """Adds places to the findings. `files` are what was linted, `rendered` what the templates gave; the paths may
    differ on a host.
    """
    specs = {file.spec.path: file.spec for file in files}
    origins_by_path: dict[str, Origins | None] = {}

    def origins(spec: FileSpec) -> Origins | None:
        same = (file for file in rendered if (file.spec.template, file.spec.name) == (spec.template, spec.name))
        if spec.path not in origins_by_path:
            file = next(same, None)
            origins_by_path[spec.path] = renderer.origins(host, file, rendered) if renderer and file else None
        return origins_by_path[spec.path]

    def one(finding: Finding) -> Finding:
        spec = specs.get(finding.path)
        if finding.location or spec is None or not host.locations:
            return finding
        return replace(finding, location=place_of_key(host, spec, finding.key, origins(spec)))

    return tuple(map(one, findings))


def apply_ignore(findings: Iterable[Finding], ignore: Mapping[str, str]) -> tuple[Finding, ...]:
    """Turns findings that `ignore` names into infos with the reason, which come after all others."""
    marked = [
        replace(finding, severity="info", ignored=ignore[finding.rule]) if finding.rule in ignore else finding
        for finding in findings
    ]
    return tuple(sorted(marked, key=lambda item: bool(item.ignored)))


def common_ignores(hosts: Sequence[Host]) -> Mapping[str, str]:
    """What every host ignores, and therefore the project as a whole, with the reason given at the first host."""
    first = hosts[0].ignore if hosts else {}
    return {rule: why for rule, why in first.items() if all(rule in host.ignore for host in hosts)}


def missing_secrets(resolver: Resolver, hosts: Sequence[Host]) -> Iterator[Finding]:
    """One finding for each secret that could not be resolved, including secrets of these hosts that are in no file."""
    means = {secret: "checked with a placeholder in its place" for secret, _, _ in resolver.missing()}
    for secret, words in (pair for host in hosts for pair in _unrendered(host)):
        resolver.resolve(secret)
        means = {**{part: words for part, _, _ in resolver.missing()}, **means}  # one text may contain several secrets
    for secret, problem, fix in resolver.missing():
        yield Finding("S001", "warning", secret.location.file, (), f"{problem}; {means[secret]}", fix, secret.location)


def unreadable_ca_files(hosts: Sequence[Host]) -> Iterator[Finding]:
    """One finding for each `gitlab: {ca_file: …}` from which no certificate can be read."""
    places = {host.gitlab.ca_file: host.locations.get(("gitlab", "ca_file")) for host in hosts if host.gitlab}
    for path, place in places.items():
        if path and (problem := ca_problem(path)):
            text = f"{problem}, so GitLab is not asked"
            file = place.file if place else path
            yield Finding("X012", "warning", file, ("gitlab", "ca_file"), text, "write the path of a PEM file", place)


def _unrendered(host: Host) -> Iterator[tuple[Secret, str]]:
    """The host's secrets that no template uses, each with the consequence if it is missing."""
    if host.gitlab and isinstance(host.gitlab.token, Secret):
        addition = ", and does not set anything" if host.gitlab_settings else ""
        yield host.gitlab.token, f"GitLab does not say without it whether runners are paused or offline{addition}"
    if isinstance(host.ssh.sudo_password, Secret):
        yield host.ssh.sudo_password, "sudo on the host may ask for it"


def without_placeholders(findings: Iterable[Finding], trees: Mapping[FileSpec, Tree]) -> list[Finding]:
    """Leaves out findings on values with a placeholder for a secret, because nobody knows whether the
    secret is wrong.
    """
    by_path = {spec.path: tree for spec, tree in trees.items()}
    return [finding for finding in findings if not _holds_placeholder(value_at(by_path.get(finding.path), finding.key))]


def _holds_placeholder(value: Value) -> bool:
    if isinstance(value, list):
        return any(map(_holds_placeholder, value))
    return isinstance(value, str) and PLACEHOLDER in value
