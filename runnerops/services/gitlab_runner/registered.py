"""With which GitLabs the runners of a host are registered, and how they stand there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from runnerops.model.common import Tree
from runnerops.model.gitlab import Registration, RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, RenderedFile
from runnerops.model.plan import Blocker
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import NAME, config_path, label, parse, runners_of
from runnerops.services.verify import Check


def registrations(observed: HostState) -> tuple[Registration, ...]:
    """Every runner of config.toml that has a token; nothing of a file that cannot be read."""
    try:
        return _of_content(observed.file(config_path(observed)).content or b"")
    except ParseError:
        return ()


def _of_content(content: bytes) -> tuple[Registration, ...]:
    return tuple(_registration(one, index) for index, one in enumerate(runners_of(parse(content))) if one.get("token"))


def new_tokens(desired: Sequence[RenderedFile], observed: HostState) -> tuple[Registration, ...]:
    """Runners that would get a token that nobody on the host has now, of this GitLab."""
    there = {(one.token, normal_url(one.url)) for one in registrations(observed)}
    files = (file for file in desired if file.spec.service is NAME and file.content is not None)
    return tuple(
        one
        for file in files
        for one in _of_content(file.content or b"")
        if (one.token, normal_url(one.url)) not in there
    )


def unknown_tokens(statuses: Sequence[RunnerStatus]) -> tuple[Blocker, ...]:
    """What blocks a deploy that would bring these."""
    return tuple(
        Blocker("unknown-token", f"GitLab does not know the token that runner {one.name} would get (403)", (one.name,))
        for one in statuses
        if one.known is False
    )


def untold_tokens(statuses: Sequence[RunnerStatus]) -> tuple[str, ...]:
    """Why it was not told whether these are known, in sentences."""
    return tuple(
        f"whether GitLab knows the token of runner {one.name} is not known: {one.reason}"
        for one in statuses
        if one.known is None
    )


def _registration(runner: Tree, index: int) -> Registration:
    number, expires = runner.get("id"), runner.get("token_expires_at")
    return Registration(
        label(runner, index),
        str(runner.get("url") or ""),
        str(runner["token"]),
        number if isinstance(number, int) else 0,
        _aware(expires) if isinstance(expires, datetime) and expires.year > 1 else None,
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def of_gitlab(url: str, found: Sequence[Registration]) -> tuple[Registration, ...]:
    """Those of the GitLab with this URL: no other is shown their tokens."""
    return tuple(one for one in found if normal_url(one.url) == normal_url(url))


def from_file(found: Sequence[Registration]) -> tuple[RunnerStatus, ...]:
    """What the file alone tells."""
    return tuple(RunnerStatus(one.name, one.url, expires_at=one.expires_at, id=one.id) for one in found)


def merged(found: Sequence[Registration], told: Sequence[RunnerStatus]) -> tuple[RunnerStatus, ...]:
    """In the file's order: of those that were asked about what GitLab said, of the others what the file tells."""
    left = list(told)
    return tuple(
        left.pop(0) if left and (left[0].name, left[0].url) == (one.name, one.url) else one for one in from_file(found)
    )


def checks(host: Host, statuses: Sequence[RunnerStatus]) -> Iterator[Check]:
    """Whether GitLab takes each runner's token; nothing where no GitLab is named or the host's runners are not managed."""
    if NAME not in host.sections or host.gitlab is None:
        return
    for one in statuses:
        what = f"GitLab knows runner {one.name}"
        if normal_url(one.url) != normal_url(host.gitlab.url):
            reason = f"its url is {one.url}, not the one of `gitlab`"
            yield Check("known-to-gitlab", NAME, what, "skip", reason)
        elif one.known is None:
            yield Check("known-to-gitlab", NAME, what, "skip", one.reason, one.fix)
        elif one.known:
            reason = "it is paused there" if one.paused else ""
            yield Check("known-to-gitlab", NAME, what, reason=reason)
        else:
            yield Check("known-to-gitlab", NAME, what, "fail", one.reason, one.fix)
