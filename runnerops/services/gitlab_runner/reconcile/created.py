"""Runners that the deploy itself creates in GitLab, and the stand-in for a token until GitLab has given it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from runnerops.model.common import Tree
from runnerops.model.gitlab import Created
from runnerops.model.inventory import Host, RenderedFile
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.format import NAME, label, parse, runners_of

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""What gitlab-runner writes for a token that does not expire (Go's zero time)."""


def own_keys(host: Host, name: str) -> Tree:
    """The keys of a runner without a token: those from GitLab if it has been created by now, else a stand-in."""
    created = host.created.get(name)
    return _written(created) if created else {"token": stand_in(name)}


def stand_in(name: str) -> str:
    """The stand-in for a token that GitLab will give. It has the form of a token, and GitLab knows none like it."""
    return f"glrt-{hashlib.sha256(name.encode()).hexdigest()[:20]}"


def to_be_created(desired: Sequence[RenderedFile]) -> tuple[str, ...]:
    """Names of the runners whose token is a stand-in."""
    names: list[str] = []
    for file in desired:
        if file.spec.service is NAME and file.content is not None:
            with suppress(ParseError):
                names += (
                    label(runner, index)
                    for index, runner in enumerate(runners_of(parse(file.content)))
                    if runner.get("token") == stand_in(label(runner, index))
                )
    return tuple(names)


def _written(created: Created) -> Tree:
    """The keys as gitlab-runner writes them when it registers itself (`common/config.go`, RunnerCredentials)."""
    return {
        "id": created.id,
        "token": created.token,
        "token_obtained_at": created.obtained_at,
        "token_expires_at": created.expires_at or _NEVER,
    }
