"""Reconciles config.toml: the inventory's keys, with the host's own ids, tokens and dates. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import HostState, SecretFingerprints
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.diff import distance, key_changes
from runnerops.services.gitlab_runner.diff.matching import match, match_equals, match_renamed, rivals
from runnerops.services.gitlab_runner.format import NAME, config_path, heading, label, parse, runners_of
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.reconcile.created import own_keys
from runnerops.services.gitlab_runner.reconcile.tokens import Whose, names_of, stop_of, whose
from runnerops.services.gitlab_runner.rotation import rotated, with_rotated
from runnerops.services.gitlab_runner.schema import HOST_OWNED
from runnerops.services.keep import keep

_EACH = "runners."


def reconcile(
    host: Host, rendered: Sequence[RenderedFile], observed: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Blocker, ...]]:
    """The host's own file if it means the same. Otherwise the desired one in the order of the host's, with the host's
    own keys.
    """
    if not rendered:
        return (), ()
    file = rendered[0].at(config_path(observed))
    content = observed.file(file.spec.path).content
    assert file.content is not None
    desired = parse(file.content)
    tree = _read(content)
    old = None if tree is None else with_rotated(tree, rotated(observed))
    merged, blockers = _merge(host, _with_kept_keys(host, desired, old or {}), old, observed.secret_fingerprints)
    if content is not None and tree is not None and not key_changes(tree, merged):
        return (replace(file, content=content),), blockers
    if NAME in host.content_before and merged == host.before.get(NAME):
        return (replace(file, content=host.content_before[NAME]),), blockers
    if merged == desired:
        return (file,), blockers
    return (replace(file, content=heading(file.content) + to_toml(merged).encode()),), blockers


def _read(content: bytes | None) -> Tree | None:
    try:
        return None if content is None else parse(content)
    except ParseError:
        return None


def _merge(
    host: Host, desired: Tree, old: Tree | None, fingerprints: SecretFingerprints
) -> tuple[Tree, tuple[Blocker, ...]]:
    """The desired tree with the host's own keys, and blockers for keys that cannot be assigned or would be lost."""
    merged = copy.deepcopy(desired)
    observed = runners_of(old or {})
    runners = runners_of(merged)
    partners, names, before = _partners(host, observed, runners), names_of(runners), _before(host, runners)
    blockers: list[Blocker] = []
    for index, runner in enumerate(runners):
        name = label(runner, index)
        partner = observed[partners[index]] if index in partners else None
        if partner is None and _is_ambiguous(runner, runners, observed, partners):
            message = f"runner {name}: several runners have this name and url, so it cannot be told which one on the host it is"
            help_ = "give its `id`, change one of them at a time, or rename them on the host"
            blockers.append(Blocker("ambiguous-runner", f"{message}; {help_}", (name,)))
            continue
        partner = partner or before[index]
        whose_token = whose(runner, partner, fingerprints.fingerprints.get(names[index], ""), fingerprints)
        if name in host.gitlab_places and (whose_token is Whose.NOBODY or name in host.lost):
            runner.update(own_keys(host, name))
            continue
        blockers += stop_of(whose_token, name)
        if partner and whose_token.host:
            runner |= {key: partner[key] for key in HOST_OWNED if key in partner}
    return merged, tuple(blockers)


def _is_ambiguous(runner: Tree, runners: Sequence[Tree], observed: Sequence[Tree], partners: Mapping[int, int]) -> bool:
    """Whether several runners have this name, in either file, and one on the host is not matched yet."""
    free = len(set(rivals(observed, runner)) - {*partners.values()})
    return free > 1 or (free == 1 and len(rivals(runners, runner)) > 1 and not runner.get("token"))


def _partners(host: Host, observed: Sequence[Tree], runners: Sequence[Tree]) -> dict[int, int]:
    known_runners = [
        {**old_runner, **runner} for old_runner, runner in zip(_before(host, runners), runners, strict=True)
    ]
    old = [{**runner, "name": host.renamed.get(str(runner.get("name")), runner.get("name"))} for runner in runners]
    partners = match_equals(observed, old, match(observed, known_runners), distance)
    return match_renamed(observed, runners, host.renamed, partners)


def _before(host: Host, runners: Sequence[Tree]) -> list[Tree]:
    """What each of these runners owned at the time to which a rollback returns; empty trees in a deploy."""
    before = [
        {key: runner[key] for key in HOST_OWNED if key in runner} for runner in runners_of(host.before.get(NAME, {}))
    ]
    return before if len(before) == len(runners) else [{} for _ in runners]


def _with_kept_keys(host: Host, desired: Tree, old: Tree) -> Tree:
    """The host's values at the dotted keys of `keep`. `runners.KEY` is that key of every runner."""
    keys = host.keep.get(NAME, ())
    below = [key.removeprefix(_EACH) for key in keys if key.startswith(_EACH)]
    desired = keep(desired, old, [key for key in keys if not key.startswith(_EACH)])
    runners, observed = runners_of(desired), runners_of(old)
    if not below or not runners:
        return desired
    partners = _partners(host, observed, runners)
    reconciled: list[Value] = [
        keep(runner, observed[partners[index]], below) if index in partners else runner
        for index, runner in enumerate(runners)
    ]
    return {**desired, "runners": reconciled}
