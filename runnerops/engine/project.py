"""What every command begins with: the inventory, the hosts meant, and all that they ask for, rendered and linted."""

from __future__ import annotations

import secrets as random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runnerops.errors import RunneropsError
from runnerops.model.host_state import Facts
from runnerops.model.inventory import FileSpec, Host, Inventory, RenderedFile
from runnerops.model.plan import Finding
from runnerops.planning.lint import lint
from runnerops.planning.lint_project import overlapping_networks, same_addresses, stray_templates, unreplaced
from runnerops.planning.places import Origins, place_of_key
from runnerops.redact import Masker, Redactor, clear_texts, rendered_texts, secret_values
from runnerops.render import Renderer
from runnerops.report.screen import Screen
from runnerops.report.text import finding_lines
from runnerops.secrets import Resolver
from runnerops.services import service_of


@dataclass(frozen=True, slots=True)
class Project:
    """An inventory with what its hosts ask for. `salt` is random: masked values of one run can be told apart, no others."""

    inventory: Inventory
    hosts: tuple[Host, ...]
    rendered: Mapping[str, tuple[RenderedFile, ...]]
    findings: Mapping[str, tuple[Finding, ...]]
    salt: bytes = field(repr=False)
    without: tuple[Finding, ...] = ()
    """Of the project as a whole: secrets that could not be had, where that was allowed; templates that override nothing."""
    clear: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    """What stands in clear in the files that each host asks for."""
    renderer: Renderer | None = field(default=None, repr=False)
    """The one that rendered, which finds places in templates too."""

    @property
    def folder(self) -> Path:
        """Where the inventory lies, and with it `templates`, `known_hosts` and `.env`."""
        return Path(self.inventory.path).parent

    def masker(self, host: Host, key: bytes = b"") -> Masker:
        """Masks this host's trees, with fingerprints under the host's own key where it is known."""
        return Masker(key or self.salt, self.shown(host))

    def lint(self, host: Host, files: Sequence[RenderedFile], facts: Facts | None) -> tuple[Finding, ...]:
        """What is wrong in these files of a host, each finding with the place where it is to be mended."""
        rendered = self.rendered.get(host.name, ())
        return placed(host, lint(host, files, facts), files, rendered, self.renderer)

    def shown(self, host: Host) -> frozenset[str]:
        """Texts that may be shown of this host's files, wherever they stand there."""
        return clear_texts(host) | self.clear.get(host.name, frozenset())


def open_project(
    loaded: Inventory,
    hosts: tuple[Host, ...],
    environ: Mapping[str, str],
    redactor: Redactor,
    *,
    secrets_may_miss: bool = False,
) -> Project:
    """Renders and lints. Raises what is wrong; findings are values. The redactor learns every secret.

    `secrets_may_miss`: for what leaves nothing and reaches no host; a placeholder stands for each that is not there.
    """
    folder = Path(loaded.path).parent
    resolver = Resolver(environ, folder)
    renderer = Renderer(folder / "templates", resolver)
    try:
        rendered = _render(renderer, None if secrets_may_miss else resolver, hosts)
    finally:
        redactor.learn(resolver.values())
    clear = {host.name: _clear(rendered[host.name], resolver.values()) for host in hosts}
    for host in hosts:
        learn_secrets(redactor, clear_texts(host) | clear[host.name], rendered[host.name])
    findings: dict[str, tuple[Finding, ...]] = {}
    for host in hosts:
        files = rendered[host.name]
        found = (*lint(host, files, None), *overlapping_networks(host), *unreplaced(host))
        findings[host.name] = placed(host, found, files, files, renderer)
    for name, finding in same_addresses(loaded, hosts):
        findings[name] = (finding, *findings[name])
    without = tuple(
        Finding("S001", "warning", secret.location.file, (), f"{problem}; checked without it", fix, secret.location)
        for secret, problem, fix in resolver.missing()
    )
    without += tuple(stray_templates(str(folder / "templates"), *renderer.template_names()))
    return Project(loaded, hosts, rendered, findings, random.token_bytes(16), without, clear, renderer)


def placed(
    host: Host,
    found: Iterable[Finding],
    files: Sequence[RenderedFile],
    rendered: Sequence[RenderedFile],
    renderer: Renderer | None,
) -> tuple[Finding, ...]:
    """`files` are what was linted, `rendered` what the templates gave: on a host the paths may be others."""
    specs = {file.spec.path: file.spec for file in files}
    known: dict[str, Origins | None] = {}

    def origins(spec: FileSpec) -> Origins | None:
        same = (file for file in rendered if (file.spec.template, file.spec.name) == (spec.template, spec.name))
        if spec.path not in known:
            file = next(same, None)
            known[spec.path] = renderer.origins(host, file, rendered) if renderer and file else None
        return known[spec.path]

    def one(finding: Finding) -> Finding:
        spec = specs.get(finding.path)
        if finding.location or spec is None or not host.locations:
            return finding
        return replace(finding, location=place_of_key(host, spec, finding.key, origins(spec)))

    return tuple(map(one, found))


def _render(
    renderer: Renderer, resolver: Resolver | None, hosts: Sequence[Host]
) -> dict[str, tuple[RenderedFile, ...]]:
    """Missing secrets of all hosts are reported together, and before what they would break in a template."""
    rendered: dict[str, tuple[RenderedFile, ...]] = {}
    broken: RunneropsError | None = None
    for host in hosts:
        try:
            rendered[host.name] = renderer.files(host)
        except RunneropsError as error:
            broken = broken or error
    if resolver:
        resolver.check()
    if broken:
        raise broken
    return rendered


def _clear(files: Sequence[RenderedFile], secrets: Collection[str]) -> frozenset[str]:
    trees = (service_of(file.spec.service).parse(file.spec, file.content or b"") for file in files)
    return frozenset(text for tree in trees for text in rendered_texts(tree, secrets))


def learn_secrets(redactor: Redactor, clear: frozenset[str], files: Sequence[RenderedFile]) -> None:
    """What is secret in these files is secret in every message; `clear` is what may be shown."""
    for file in files:
        if file.content is None:
            continue
        service = service_of(file.spec.service)
        redactor.learn(secret_values(service, file.spec, service.parse(file.spec, file.content), clear))


def refuse_unsound(project: Project, screen: Screen) -> bool:
    """Whether findings of severity error forbid to connect to any host; says them."""
    errors = [finding for found in project.findings.values() for finding in found if finding.severity == "error"]
    seen: set[tuple[str, str]] = set()
    for finding in errors:
        for style, text in finding_lines(finding):
            if (style, text) not in seen:
                screen.say(text, style)
            seen.add((style, text))
    return bool(errors)
