"""The values with which all hosts of one command are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from runnerops.engine.options import Flags
from runnerops.engine.project import Project
from runnerops.frozen import frozen
from runnerops.model.gitlab import Wish
from runnerops.model.inventory import Host, Policy, Requester
from runnerops.redact import Redactor
from runnerops.secrets.commands import RunCommand, run_command

if TYPE_CHECKING:
    from runnerops.engine.gitlab.asking import Asking, Down


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
    gitlabs_down: Down = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment, in which the token of GitLab's API may be."""
    run: RunCommand = run_command
    wishes: list[Wish] = field(default_factory=list)
    """The settings of runners in GitLab that were compared so far, of all hosts."""

    def asking(self) -> Asking:
        """The values with which GitLab is asked."""
        from runnerops.engine.gitlab.asking import Asking

        folder, down = self.project.inventory.folder, self.gitlabs_down
        return Asking(folder, self.environ, self.redactor, down, self.run, self.wishes)

    def policy(self, host: Host) -> Policy:
        """What the command line allows. For a deploy, also what the host's inventory allows."""
        policy = self.flags.policy(host)
        return replace(policy, allow=policy.allow | set(host.allow)) if self.command == "deploy" else policy
