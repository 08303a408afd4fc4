"""What interrupted deploys left to do in GitLab, for commands that only report it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from runnerops.engine.gitlab.asking import Asking, by_token
from runnerops.errors import GitlabError
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.report.paused import again
from runnerops.services.gitlab_runner.reconcile.leaving import taken_off


def due_deletions(host: Host, observed: HostState, asking: Asking) -> Mapping[int, str]:
    """For each runner that a run took off the host and that GitLab still has, or may have: a sentence with the way to
    continue, by GitLab's id. GitLab is asked only if such a runner is on record, which it is until the next run after
    the one that took it off.
    """
    said: dict[int, str] = {}
    for number, name in taken_off(host, observed).items():
        assert host.gitlab
        try:
            client = by_token(host.gitlab, asking)
            if asking.watched(host.gitlab, partial(client.runner, number)) is None:
                continue
        except GitlabError as error:
            said[number] = (
                f"whether runner {name} ({number}) is still to be deleted in GitLab is not known: {error.message}"
            )
        else:
            go_on = again(host.name, observed.last)
            said[number] = f"runner {name} ({number}) is off the host and still to be deleted in GitLab: {go_on}"
    return said
