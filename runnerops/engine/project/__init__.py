"""Opens a project: the inventory with the target hosts, and their files, rendered and linted."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from runnerops.engine.learning import learn_trees
from runnerops.engine.project.findings import (
    apply_ignore,
    common_ignores,
    missing_secrets,
    unreadable_ca_files,
    with_locations,
    without_placeholders,
)
from runnerops.errors import RunneropsError
from runnerops.frozen import frozen
from runnerops.model.common import Secret, ServiceName, Tree
from runnerops.model.facts import Facts
from runnerops.model.inventory import Host, Inventory, RenderedFile
from runnerops.model.plan import Finding
from runnerops.planning.lint import lint, lint_trees, trees_of
from runnerops.planning.lint.across import lint_across
from runnerops.planning.lint.disagreeing import disagreeing_entries
from runnerops.planning.lint.known_caches import KnownCaches
from runnerops.planning.lint.project import (
    overlapping_networks,
    same_addresses,
    stray_templates,
    unreplaced_placeholders,
)
from runnerops.redact import Masker, Redactor, clear_texts, leaves, rendered_texts
from runnerops.render import Renderer
from runnerops.report.screen import Screen
from runnerops.report.text import finding_lines
from runnerops.secrets import Resolver


@frozen
class Project:
    """An inventory with the files that its hosts ask for. `salt` is random, so masked values can be compared only
    within one command.
    """

    inventory: Inventory
    hosts: tuple[Host, ...]
    rendered: Mapping[str, tuple[RenderedFile, ...]]
    findings: Mapping[str, tuple[Finding, ...]]
    salt: bytes = field(repr=False)
    project_findings: tuple[Finding, ...] = ()
    """Findings on the project as a whole: missing secrets, if these are allowed, and templates that override nothing.
    """
    clear: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    """By host, the texts in its files that are no secrets."""
    renderer: Renderer | None = field(default=None, repr=False)
    """The renderer of the files, which finds places in templates too."""
    _displayable: dict[str, tuple[Mapping[ServiceName, Tree], frozenset[str]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """By host, what `displayable` has found out from its sections."""

    @property
    def folder(self) -> Path:
        """The folder of the inventory, with `templates`, `known_hosts` and `.env`."""
        return self.inventory.folder

    def masker(self, host: Host, key: bytes = b"") -> Masker:
        """Masks values of this host. Fingerprints are made with the host's own key if it is known."""
        return Masker(key or self.salt, self.displayable(host))

    def lint(self, host: Host, files: Sequence[RenderedFile], facts: Facts | None) -> tuple[Finding, ...]:
        """Finds what is wrong in these files of a host. Each finding has the place where it can be fixed."""
        other_findings = with_locations(
            host, lint(host, files, facts), files, self.rendered.get(host.name, ()), self.renderer
        )
        return apply_ignore(other_findings, host.ignore)

    def displayable(self, host: Host) -> frozenset[str]:
        """The texts that may be shown wherever they are in this host's files."""
        sections, texts = self._displayable.get(host.name, ({}, frozenset()))
        if sections is not host.sections:
            texts = clear_texts(host) | self.clear.get(host.name, frozenset())
            self._displayable[host.name] = host.sections, texts
        return texts


def open_project(
    loaded: Inventory,
    hosts: tuple[Host, ...],
    resolver: Resolver,
    redactor: Redactor,
    *,
    allow_missing_secrets: bool = False,
) -> Project:
    """Renders and lints. Findings are returned; other problems are raised. The redactor learns every secret.

    `allow_missing_secrets`: missing secrets are replaced by placeholders, for commands that contact no host.
    """
    folder = loaded.folder
    _start_secret_commands(resolver, hosts)
    renderer = Renderer(folder / "templates", resolver, loaded.templates)
    try:
        rendered = _render(renderer, None if allow_missing_secrets else resolver, hosts)
    finally:
        redactor.learn(resolver.values())
    trees = {host.name: trees_of(rendered[host.name]) for host in hosts}
    clear = {host.name: _clear(trees[host.name].values(), resolver.values()) for host in hosts}
    for host in hosts:
        learn_trees(redactor, clear_texts(host) | clear[host.name], trees[host.name])
    caches = KnownCaches(loaded)
    same = [*same_addresses(loaded, hosts), *disagreeing_entries(loaded, hosts)]
    findings: dict[str, tuple[Finding, ...]] = {}
    for host in hosts:
        files = rendered[host.name]
        other_findings = [*lint_trees(host, trees[host.name], None, files), *_cross_file_findings(host, caches)]
        if any(resolver.missing()):
            other_findings = without_placeholders(other_findings, trees[host.name])
        own_findings = [finding for name, finding in same if name == host.name]
        findings[host.name] = apply_ignore(
            (*own_findings, *with_locations(host, other_findings, files, files, renderer)), host.ignore
        )
    missing = missing_secrets(resolver, hosts if allow_missing_secrets else ())
    stray = stray_templates(str(folder / "templates"), *renderer.template_names())
    of_project = apply_ignore((*missing, *unreadable_ca_files(hosts), *stray), common_ignores(hosts))
    return Project(loaded, hosts, rendered, findings, secrets.token_bytes(16), of_project, clear, renderer)


def _start_secret_commands(resolver: Resolver, hosts: Sequence[Host]) -> None:
    """Starts the commands of secrets in the background, as far as sections name them."""
    values = (value for host in hosts for tree in host.sections.values() for _, value in leaves(tree))
    resolver.begin(value for value in values if isinstance(value, Secret))


def _render(
    renderer: Renderer, resolver: Resolver | None, hosts: Sequence[Host]
) -> dict[str, tuple[RenderedFile, ...]]:
    """Renders all hosts. Missing secrets of all hosts are reported together, before the errors that they would cause in
    templates.
    """
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


def _cross_file_findings(host: Host, caches: KnownCaches) -> Iterator[Finding]:
    yield from overlapping_networks(host)
    yield from unreplaced_placeholders(host)
    yield from lint_across(caches, host)


def _clear(trees: Iterable[Tree], known_secrets: Collection[str]) -> frozenset[str]:
    return frozenset(text for tree in trees for text in rendered_texts(tree, known_secrets))


def show_errors(project: Project, screen: Screen) -> bool:
    """Whether findings with severity error forbid a connection to any host. Shows them."""
    errors = [
        finding
        for other_findings in project.findings.values()
        for finding in other_findings
        if finding.severity == "error"
    ]
    shown_lines: set[tuple[str, str]] = set()
    for finding in errors:
        for style, text in finding_lines(finding):
            if (style, text) not in shown_lines:
                screen.say(text, style)
            shown_lines.add((style, text))
    return bool(errors)
