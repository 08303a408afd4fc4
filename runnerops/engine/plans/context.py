"""The values with which all hosts of one command are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from runnerops.engine.options import Flags
from runnerops.engine.project import Project
from runnerops.frozen import frozen
from runnerops.model.gitlab import DesiredSettings
from runnerops.model.inventory import Host, Policy, Requester
from runnerops.redact import Redactor
from runnerops.secrets.commands import RunCommand, run_command

if TYPE_CHECKING:
    from runnerops.engine.gitlab.context import GitlabContext, UnreachableGitlabs


@frozen
class PlanContext:
    """The values with which all hosts of one command are planned. `deployed` names the hosts that the same command
    deploys to.
    """

    project: Project
    flags: Flags
    requester: Requester
    redactor: Redactor
    deployed: frozenset[str] = frozenset()
    command: str = "deploy"
    unreachable_gitlabs: UnreachableGitlabs = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment, in which the token of GitLab's API may be."""
    run: RunCommand = run_command
    desired_settings: list[DesiredSettings] = field(default_factory=list)
    """The settings of runners in GitLab that were compared so far, of all hosts."""

    def gitlab_context(self) -> GitlabContext:
        """The values with which GitLab is asked."""
        from runnerops.engine.gitlab.context import GitlabContext

        folder, down = self.project.inventory.folder, self.unreachable_gitlabs
        return GitlabContext(folder, self.environ, self.redactor, down, self.run, self.desired_settings)

    def policy(self, host: Host) -> Policy:
        """What the command line allows. For a deploy, also what the host's inventory allows."""
        policy = self.flags.policy(host)
        return replace(policy, allow=policy.allow | set(host.allow)) if self.command == "deploy" else policy
