"""Settling config.toml: the inventory's keys, the host's own ids, tokens and dates. Pure."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

from runnerops.model.common import Tree, Value
from runnerops.model.host_state import Given, HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Stop
from runnerops.services.base import ParseError, with_path
from runnerops.services.gitlab_runner.diff import edits
from runnerops.services.gitlab_runner.format import NAME, label, parse, runners_of
from runnerops.services.gitlab_runner.matching import match, rivals
from runnerops.services.gitlab_runner.paths import config_path
from runnerops.services.gitlab_runner.schema import HOST_OWNED
from runnerops.services.gitlab_runner.tokens import names_of, stop_of, whose
from runnerops.services.gitlab_runner.toml_writer import to_toml
from runnerops.services.keep import keep

_EACH = "runners."


def settle(
    host: Host, asked: Sequence[RenderedFile], have: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Stop, ...]]:
    """The host's own file where it means the same, else the asked one, in its order, with what the host owns put in."""
    if not asked:
        return (), ()
    file = with_path(asked[0], config_path(have))
    content = have.file(file.spec.path).content
    assert file.content is not None
    want = parse(file.content)
    old = _read(file, content)
    merged, stops = _merge(_kept(want, old or {}, host.keep.get(NAME, ())), old, have.given)
    if content is not None and old is not None and not edits(old, merged):
        return (replace(file, content=content),), stops
    if merged == want:
        return (file,), stops
    return (replace(file, content=_heading(file.content) + to_toml(merged).encode()),), stops


def _read(file: RenderedFile, content: bytes | None) -> Tree | None:
    try:
        return None if content is None else parse(content)
    except ParseError:
        return None


def _merge(want: Tree, old: Tree | None, given: Given) -> tuple[Tree, tuple[Stop, ...]]:
    """The wanted tree with what the host owns put in, and what of it cannot be told or would be lost."""
    merged = copy.deepcopy(want)
    have = runners_of(old or {})
    runners = runners_of(merged)
    partners, names = match(have, runners), names_of(runners)
    stops: list[Stop] = []
    for index, runner in enumerate(runners):
        name = label(runner, index)
        partner = have[partners[index]] if index in partners else None
        if partner is None and len(set(rivals(have, runner)) - {*partners.values()}) > 1:
            message = f"runner {name}: several on the host have this name and url, and nobody can tell which it is"
            help_ = "give the token of one of them, or rename them on the host"
            stops.append(Stop("ambiguous-runner", f"{message}; {help_}", False, (name,)))
            continue
        found = whose(runner, partner, given.marks.get(names[index], ""), given)
        stops += stop_of(found, name)
        if partner and found.host:
            runner |= {key: partner[key] for key in HOST_OWNED if key in partner}
    return merged, tuple(stops)


def _kept(want: Tree, old: Tree, keys: Sequence[str]) -> Tree:
    """The host's own at the dotted keys of `keep`; `runners.KEY` is that key of every runner."""
    below = [key.removeprefix(_EACH) for key in keys if key.startswith(_EACH)]
    want = keep(want, old, [key for key in keys if not key.startswith(_EACH)])
    runners, have = runners_of(want), runners_of(old)
    if not below or not runners:
        return want
    partners = match(have, runners)
    found: list[Value] = [
        keep(one, have[partners[index]], below) if index in partners else one for index, one in enumerate(runners)
    ]
    return {**want, "runners": found}


def _heading(content: bytes) -> bytes:
    """The comment that the rendered file begins with."""
    lines = content.splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith(b"#")), len(lines))
    return b"".join(lines[:count]) + (b"\n" if count else b"")
