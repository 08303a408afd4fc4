"""The way out where GitLab does not take a runner's token any more: it was reset there, or the runner deleted. Pure."""

from __future__ import annotations

from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.format import NAME, runners_of
from runnerops.services.gitlab_runner.rotation import runner_named


def way_out(host: Host, name: str, number: int) -> str:
    """What to do, a clause: by its number `rotate` has GitLab give it another token. Empty where that cannot be."""
    given = runner_named(runners_of(host.sections.get(NAME, {})), name)
    if not number or host.gitlab is None or not host.gitlab.token or (given and given.get("token")):
        return ""
    anew = "create it in GitLab again, write its token into the inventory and deploy"
    if name in host.gitlab_places:
        anew = "deploy, which creates another"
    return f"if its token was reset: `runnerops rotate {host.name} {name}`; if it was deleted: {anew}"
