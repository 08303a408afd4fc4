"""Turns drafts into `model.Host`s: sections for templates, with caches and mirrors filled in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from runnerops.inventory.hosts.caches import Filled, fill_caches, known_caches
from runnerops.inventory.hosts.gateways import check_gateways
from runnerops.inventory.hosts.in_gitlab import KEEP, gitlab_access, gitlab_places, gitlab_settings
from runnerops.inventory.hosts.wiring import Wiring, needs_mirrors
from runnerops.inventory.keys.checks import until_of
from runnerops.inventory.keys.shape import SectionShape, SshShape
from runnerops.inventory.layers.document import child
from runnerops.inventory.layers.drafts import RUNNERS, Draft, tree
from runnerops.inventory.parse.nodes import Node
from runnerops.inventory.problems import Problems, dotted
from runnerops.model.common import KEEP_RUNS, Key, ServiceName, SourceLocation, Tree, Value
from runnerops.model.inventory import Host, Maintenance, Ssh
from runnerops.parsing.moments import moment

_OURS = ("on_change", "keep")
_DIRECTORY = "/opt/registry"


def finish(drafts: Sequence[Draft], directory: Path) -> tuple[Host, ...]:
    """All hosts. `directory` is that of the inventory, to which paths are relative. Raises InventoryError."""
    problems = Problems()
    siblings = known_caches(drafts)
    filled = {draft.name: fill_caches(draft, problems, siblings) for draft in drafts}
    check_gateways(drafts, problems)
    problems.stop()
    wiring = Wiring(filled)
    wiring.check(drafts, problems)
    problems.stop()
    hosts = tuple(_host(draft, filled[draft.name], wiring, directory, problems) for draft in drafts)
    problems.stop()
    return hosts


def _host(draft: Draft, own_caches: Sequence[Filled], wiring: Wiring, directory: Path, problems: Problems) -> Host:
    shape = draft.shape
    locations: dict[Key, SourceLocation] = {("address",): draft.address_location}
    sections = _sections(draft, own_caches, locations)
    if mirrors := wiring.mirrors(draft) if needs_mirrors(draft) else ():
        sections[ServiceName.DOCKER]["registry-mirrors"] = list(mirrors)
        for index, place in enumerate(wiring.locations(mirrors)):
            locations["docker", "registry-mirrors", index] = place
            locations.setdefault(("docker", "registry-mirrors"), place)
    if draft.has_dind:
        from runnerops.inventory.hosts.dind import fill_dind  # noqa: PLC0415  few inventories have it

        fill_dind(draft, sections, wiring, problems)
        _locate_filled(sections[ServiceName.GITLAB_RUNNER], locations)
    if shape.gitlab and shape.gitlab.ca_file:
        locations["gitlab", "ca_file"] = draft.location("gitlab", "ca_file")
    section_shapes = {name: section for name in ServiceName if (section := _section_shape(draft, name))}
    return Host(
        name=draft.name,
        address=shape.address or draft.name,
        groups=draft.groups,
        ssh=_ssh(shape.ssh, directory),
        sections=sections,
        caches=tuple(cache.cache for cache in wiring.usable(draft)),
        vars=_tree_at(draft.node, ("vars",), {}) or {},
        locations=locations,
        always_restart=frozenset(name for name, section in section_shapes.items() if section.on_change),
        keep={name: tuple(section.keep) for name, section in section_shapes.items() if section.keep},
        versions=shape.versions.given_keys() if shape.versions else {},
        allow=dict(shape.allow or {}),
        ignore={rule: why for rule, why in (shape.ignore or {}).items() if why},
        stopped=_stopped(draft),
        renamed=_renamed(draft, problems),
        gitlab=gitlab_access(draft, directory, problems),
        gitlab_settings=gitlab_settings(draft, problems),
        gitlab_places=gitlab_places(draft, problems),
        maintenance=_maintenance(shape.maintenance),
        keep_runs=(shape.runs and shape.runs.keep) or KEEP_RUNS,
    )


def _maintenance(text: str | None) -> Maintenance | None:
    if not text:
        return None
    until = until_of(text)
    reason = text.partition(",")[2].strip() if until else text
    return Maintenance(reason, int(moment(until).timestamp()) if until else 0)


def _locate_filled(section: Tree, locations: dict[Key, SourceLocation]) -> None:
    """Gives the values that `docker_in_docker` fills in the place of that key."""
    for index, runner in enumerate(cast("list[Tree]", section["runners"])):
        if place := locations.get((*RUNNERS, index, "docker_in_docker")):
            for key in _keys(runner, (*RUNNERS, index)):
                locations.setdefault(key, place)


def _keys(value: Value, key: Key) -> Iterator[Key]:
    yield key
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        yield from _keys(below, (*key, name))


def _renamed(draft: Draft, problems: Problems) -> dict[str, str]:
    """The old name of each runner that has a `was`."""
    section = draft.shape.gitlab_runner
    old_names: dict[str, str] = {}
    for index, runner in enumerate((section.runners if section else None) or ()):
        if runner.was:
            old_names[runner.name] = runner.was
        if runner.was and runner.called is not None:
            key = (*RUNNERS, index, "was")
            text = "says what it was called, and `called` what it still is"
            problems.add(draft.location(*key), dotted(("hosts", draft.name, *key)), text, "take one of the two out")
    return old_names


def _sections(
    draft: Draft, own_caches: Sequence[Filled], locations: dict[Key, SourceLocation]
) -> dict[ServiceName, Tree]:
    """The sections of the host, in the usual order of services."""
    sections: dict[ServiceName, Tree] = {}
    for name in ServiceName:
        section = _tree_at(draft.node, (name.value,), locations)
        if section is None:
            continue
        for key in _OURS:
            section.pop(key, None)
        sections[name] = section
    if registry := draft.shape.registry:
        sections[ServiceName.REGISTRY] = {
            "directory": registry.directory or _DIRECTORY,
            "caches": [cache.tree for cache in own_caches],
        }
    if ServiceName.GITLAB_RUNNER in sections:
        _leave_out_ours(sections[ServiceName.GITLAB_RUNNER], locations)
    return sections


def _tree_at(node: Node, key: Key, locations: dict[Key, SourceLocation]) -> Tree | None:
    section = child(node, *key)
    return None if section is None else cast(Tree, tree(section, key, locations))


def _stopped(draft: Draft) -> frozenset[ServiceName]:
    section = draft.shape.gitlab_runner
    return frozenset({ServiceName.GITLAB_RUNNER} if section and section.state == "stopped" else ())


def _leave_out_ours(section: Tree, locations: dict[Key, SourceLocation]) -> None:
    """Removes `token: keep`, which means the same as leaving the token out, and our own keys of a runner."""
    section.pop("state", None)
    for index, runner in enumerate(cast("list[Tree]", section.get("runners", []))):
        runner.pop("docker_in_docker", None)
        runner.pop("was", None)
        _call(runner, runner.pop("called", None))
        runner.pop("gitlab", None)
        if runner.get("token") == KEEP:
            del runner["token"]
            locations.pop((*RUNNERS, index, "token"), None)


def _call(runner: Tree, name: Value) -> None:
    """Replaces the runner's name by the one that it shall have in config.toml."""
    if name:
        runner["name"] = name
    elif name is not None:
        del runner["name"]


def _section_shape(draft: Draft, name: ServiceName) -> SectionShape | None:
    section: SectionShape | None = getattr(draft.shape, name.value)
    return section


def _ssh(shape: SshShape | None, directory: Path) -> Ssh:
    if shape is None:
        return Ssh()
    key = shape.key
    if key and not key.startswith("~"):
        key = str(directory / key)
    return Ssh(shape.user, shape.port, key, shape.gateway, shape.sudo, shape.sudo_password)
