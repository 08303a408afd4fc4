"""Whether GitLab knows the host's runners and gives them jobs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.gitlab import RunnerStatus
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import NAME
from runnerops.services.verify import Check


def checks(host: Host, statuses: Sequence[RunnerStatus], observed: HostState) -> Iterator[Check]:
    """Whether GitLab accepts each runner's token, and whether a paused runner was left so by a run that is over.

    No checks if no GitLab is named or the host's runners are not managed.
    """
    if NAME not in host.sections or host.gitlab is None:
        return
    live = observed.last.number if observed.last and observed.last.running else 0
    still_paused = {record.id: record.run for record in observed.paused if record.run != live}
    for status in statuses:
        title = f"GitLab knows runner {status.name}"
        if normal_url(status.url) != normal_url(host.gitlab.url):
            reason = f"its url is {status.url}, which is not that of the `gitlab` section"
            yield Check("known-to-gitlab", NAME, title, "skip", reason)
        elif status.is_known is None:
            yield Check("known-to-gitlab", NAME, title, "skip", status.reason, status.fix)
        elif status.is_known and status.paused and status.id in still_paused:
            reason = f"run {still_paused[status.id]} paused it in GitLab, and it was not unpaused: it gets no jobs"
            yield Check("known-to-gitlab", NAME, title, "fail", reason, f"runnerops deploy {host.name}")
        elif status.is_known:
            reason = "it is paused in GitLab" if status.paused else ""
            yield Check("known-to-gitlab", NAME, title, reason=reason)
        else:
            yield Check("known-to-gitlab", NAME, title, "fail", status.reason, status.fix)
