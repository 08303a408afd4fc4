"""The self-deploy guard: a job must not stop the runner that runs it, because the stop would wait for the job. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runnerops.model.common import Tree
from runnerops.model.gitlab import Deletion
from runnerops.model.host_state import HostState
from runnerops.model.inventory import CiJob, Policy
from runnerops.model.plan import Blocker
from runnerops.services.gitlab_runner.diff.matching import normal_url
from runnerops.services.gitlab_runner.format import config_path, label, read, runners_of

_SHORT = 8
"""The length of a shortened token. A shorter text could occur in any token."""

_FIX = (
    "run the deploy on another runner: turn on instance runners for the project in GitLab (Settings > CI/CD > Runners), "
    "or give the job `tags:` that only another runner has"
)


def self_deploy(observed: HostState, policy: Policy, title: str) -> Iterator[Blocker]:
    """Blocks a command that runs in a job of the runner that restarts, by itself or with docker (`title`)."""
    why = _why(policy.job, observed) if policy.job else ""
    if why:
        message = f"{title} would restart under the job that this command runs in: {why}; {_FIX}"
        yield Blocker("self-deploy", message, only_here=True)


def deletes_itself(url: str, deletions: Sequence[Deletion], policy: Policy) -> Iterator[Blocker]:
    """Blocks a command that runs in a job of a runner that is deleted after its last job. `url` is that of
    its GitLab.
    """
    job = policy.job
    for deletion in deletions if job and job.runner_id and normal_url(job.server_url) == normal_url(url) else ():
        if job and deletion.id == job.runner_id:
            runs_here = f"this command runs in one (job {job.id})"
            message = f"runner {deletion} would be deleted after its last job, and {runs_here}; {_FIX}"
            yield Blocker("self-deploy", message, only_here=True)


def _why(job: CiJob, observed: HostState) -> str:
    runner = observed.facts.runner
    if runner and job.id and (job.id in runner.job_ids or any(other.id == job.id for other in runner.jobs)):
        return f"job {job.id} runs there"
    runners = runners_of(read(observed.file(config_path(observed)).content))
    names = [label(runner, index) for index, runner in enumerate(runners) if _is_of(job, runner)]
    return f"job {job.id} is of the runner {names[0]}, which that host serves" if names else ""


def _is_of(job: CiJob, runner: Tree) -> bool:
    """Compares id and GitLab, or the token: a file that was written from a token alone has no id, and each GitLab has
    its own ids.
    """
    if not job.server_url or normal_url(runner.get("url")) != normal_url(job.server_url):
        return False
    token = runner.get("token")
    by_token = isinstance(token, str) and len(job.short_token) >= _SHORT and job.short_token in token
    return by_token or (job.runner_id != 0 and runner.get("id") == job.runner_id)
