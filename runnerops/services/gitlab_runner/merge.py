"""Settling config.toml: the inventory's keys, the host's own ids, tokens and dates. Pure."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from runnerops.model import Host, HostState, RenderedFile, Stop, Tree, Value
from runnerops.services.base import ParseError, with_path
from runnerops.services.gitlab_runner.document import NAME, PATH, label, parse, runners_of
from runnerops.services.gitlab_runner.keys import HOST_OWNED
from runnerops.services.gitlab_runner.meaning import edits
from runnerops.services.gitlab_runner.partners import match, rivals
from runnerops.services.gitlab_runner.write import to_toml


def config_path(have: HostState) -> str:
    """The file that the runner was really started with: `--config FILE`, `-c FILE` or `--config=FILE`."""
    argv = have.facts.runner.unit.argv if have.facts.runner else ()
    path = ""
    for word, following in pairwise((*argv, "")):
        if word in {"--config", "-config", "-c"}:
            path = following
        elif word.startswith(("--config=", "-config=")):
            path = word.partition("=")[2]
    return path if path.startswith("/") else PATH


def settle(
    host: Host, asked: Sequence[RenderedFile], have: HostState
) -> tuple[tuple[RenderedFile, ...], tuple[Stop, ...]]:
    """The host's own file where it means the same, else the asked one, in its order, with what the host owns put in."""
    if not asked:
        return (), ()
    file = with_path(asked[0], config_path(have))
    content = have.file(file.spec.path).content
    assert file.content is not None
    want = parse(file.spec, file.content)
    old = _read(file, content)
    merged, stops = _merge(want, old)
    _keep(merged, old, host.keep.get(NAME, ()))
    if content is not None and old is not None and not edits(file.spec, old, merged):
        return (replace(file, content=content),), stops
    if merged == want:
        return (file,), stops
    return (replace(file, content=_heading(file.content) + to_toml(merged).encode()),), stops


def _read(file: RenderedFile, content: bytes | None) -> Tree | None:
    try:
        return None if content is None else parse(file.spec, content)
    except ParseError:
        return None


def _merge(want: Tree, old: Tree | None) -> tuple[Tree, tuple[Stop, ...]]:
    merged = copy.deepcopy(want)
    have = runners_of(old or {})
    runners = runners_of(merged)
    partners = match(have, runners)
    stops: list[Stop] = []
    for index, runner in enumerate(runners):
        name = label(runner, index)
        partner = have[partners[index]] if index in partners else None
        if partner is None and len(rivals(have, runner)) > 1 and not runner.get("token"):
            message = f"runner {name}: several on the host have this name and url, and nobody can tell which it is"
            stops.append(
                Stop("ambiguous-runner", f"{message}; give its token, or rename them on the host", False, (name,))
            )
            continue
        stops += _own(runner, partner, name)
    return merged, tuple(stops)


def _own(runner: Tree, partner: Tree | None, name: str) -> list[Stop]:
    """Puts what the host owns into `runner`, and tells what of it would be lost."""
    theirs = partner.get("token") if partner else None
    ours = runner.get("token")
    if not ours and not theirs:
        message = f"runner {name} has no token, neither in the inventory nor on the host"
        return [
            Stop(
                "empty-token", f"{message}: create it in GitLab and give its token (token: !env NAME)", details=(name,)
            )
        ]
    if ours and not theirs:
        return []  # an id without a token is of no use: it was another's
    if ours and ours != theirs:
        message = f"runner {name}: its token on the host is another, and would be lost"
        return [Stop("replace-token", f"{message}; leave `token` out to keep it", details=(name,))]
    for key in HOST_OWNED:
        if partner and key in partner and (key != "token" or not ours):
            runner[key] = partner[key]
    return []


def _keep(merged: Tree, old: Tree | None, keys: Sequence[str]) -> None:
    """`keep`: dotted keys at which the host's own value stays."""
    for dotted in keys:
        value: Value = old
        parts = dotted.split(".")
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            continue
        place = merged
        for part in parts[:-1]:
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                break
            place = below
        else:
            place[parts[-1]] = value


def _heading(content: bytes) -> bytes:
    """The comment that the rendered file begins with."""
    lines = content.splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if not line.startswith(b"#")), len(lines))
    return b"".join(lines[:count]) + (b"\n" if count else b"")
