"""What to do if GitLab does not accept a runner's token any more: it was reset in GitLab, or the runner was deleted.
Pure.
"""

from __future__ import annotations

from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.format import NAME, runners_of
from runnerops.services.gitlab_runner.rotation import runner_named


def way_out(host: Host, name: str, number: int) -> str:
    """What to do, as a clause: with the runner's id, `rotate` has GitLab give it another token. Empty if that is not
    possible.
    """
    runner = runner_named(runners_of(host.sections.get(NAME, {})), name)
    if not number or host.gitlab is None or not host.gitlab.token or (runner and runner.get("token")):
        return ""
    anew = "create it in GitLab again, write its token into the inventory and deploy"
    if name in host.gitlab_places:
        anew = "deploy, which creates another"
    return f"if its token was reset: `runnerops rotate {host.name} {name}`; if it was deleted: {anew}"
