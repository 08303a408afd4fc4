"""Plans a new token for a runner as two runs on its host: GitLab gives the token and the host stores it, then
config.toml gets it. Pure.

There are two, because the content of a swapped file must be known before the run, and the new token is not. The second
run deploys the existing file with the new token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from runnerops.frozen import frozen
from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.host_state import HostState, RemoteFile, sha256
from runnerops.model.inventory import FileSpec, Host, Policy, RenderedFile, Requester
from runnerops.model.plan import Action, Blocker, Plan
from runnerops.model.steps import Step
from runnerops.planning.plan import Request
from runnerops.services.gitlab_runner import rotation
from runnerops.services.gitlab_runner.format import config_path, heading, read
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.scripts import named_by
from runnerops.services.steps import guard

_NAME = ServiceName.GITLAB_RUNNER
_TOKEN_STAND_IN: Tree = {"token": "glrt-" + "0" * 20}
"""A stand-in for the token that GitLab has not given yet, used to find what would block the second run."""


@frozen
class RotationPlanner:
    """The rotation on one host, and the values with which it is planned."""

    host: Host
    observed: HostState
    policy: Policy
    requester: Requester

    def request(self) -> Request:
        """The request that brings tokens that are stored on the host into config.toml, and changes nothing else."""
        path = config_path(self.observed)
        file = self.observed.file(path)
        tree = rotation.with_rotated(read(file.content), rotation.rotated(self.observed))
        spec = FileSpec(_NAME, path, "", "toml", file.mode, file.owner)
        content = heading(file.content or b"") + to_toml(tree).encode()
        return Request(
            host=replace(self.host, sections={_NAME: self.host.sections[_NAME]}, caches=()),
            rendered=(),
            desired=(RenderedFile(spec, content),),
            observed=self.observed,
            policy=self.policy,
            requester=self.requester,
            command="rotate",
        )

    def with_stand_in_token(self, runner: Tree) -> RotationPlanner:
        """The same host as if its new token were stored there already."""
        path = f"{rotation.FOLDER}/{rotation.digest_of(runner.get('token'))}/config.toml"
        file = RemoteFile(path, "file", rotation.alone(runner, _TOKEN_STAND_IN))
        return replace(self, observed=replace(self.observed, files={**self.observed.files, path: file}))

    def first_run(self, name: str, runner: Tree, remaining_plan: Plan, new_values: Tree | None = None) -> Plan:
        """The first run: the host asks GitLab for a token, or stores `new_values`, which GitLab gave already.
        `remaining_plan` is the run that follows.
        """
        observed = self.observed
        steps = rotation.keep_steps(runner) if new_values else rotation.ask_steps(runner, observed)
        path = config_path(observed)
        forward = (_unchanged(path, observed.file(path)), *steps)
        contents = {place: f"same.{index}" for index, place in enumerate(observed.base, 1)}
        files = {contents[place]: content for place, content in observed.base.items()}
        token = rotation.digest_of(runner.get("token"))
        return Plan(
            host=self.host.name,
            run=observed.next_run,
            requester=self.requester,
            actions=(Action(_NAME, Verb.VERIFY, (f"the token of {name}",), operation="rotate"),),
            forward=forward,
            files={**files, rotation.ALONE: rotation.alone(runner, new_values), **named_by(forward)},
            applied=observed.applied,
            contents=contents,
            secret_fingerprints=observed.secret_fingerprints,
            in_gitlab=observed.in_gitlab,
            versions=observed.versions,
            blockers=remaining_plan.blockers,
            overridden=remaining_plan.overridden,
            notes=tuple(_notes(name, remaining_plan)),
            digest=hashlib.sha256(f"rotate {self.host.name} {token} {bool(new_values)}".encode()).hexdigest(),
            keep_runs=self.host.keep_runs,
            command="rotate",
            part="first",
        )


def shared_token(name: str, other_names: tuple[str, ...]) -> Iterator[Blocker]:
    """Blocks a rotation if other machines use the token, which would become invalid for them."""
    if other_names:
        message = (
            f"other machines use the token of runner {name} too, and would get no more jobs: {', '.join(other_names)}"
        )
        yield Blocker("shared-token", message, details=other_names)


def edited_by_hand(plan: Plan) -> Iterator[Blocker]:
    """Blocks a rotation over an edit on the host. The next deploy could not recognise the edit, because this run's
    files count as ours.
    """
    for change in plan.changes:
        if change.drift and change.drift.by == "hand":
            message = (
                f"{change.old.path} was edited on the host since run {change.drift.run}; the edit would count as ours"
            )
            yield Blocker("modified-on-host", f"{message}: deploy first, which shows the edit")


def digest_of_rest(plan: Plan) -> str:
    """A digest of the host's name and the new contents, so that it is the same for the same files."""
    files = sorted(sha256(change.new.content) for change in plan.changes)
    return hashlib.sha256(" ".join(("rotate", plan.host, *files)).encode()).hexdigest()


def _notes(name: str, remaining_plan: Plan) -> Iterator[str]:
    yield f"GitLab creates a new token for runner {name} and refuses the old one from then on; the host stores the new one"
    actions_text = ", ".join(action.shown for action in remaining_plan.actions) or "nothing"
    yield (
        f"then a second run writes it into config.toml ({actions_text} gitlab-runner); running jobs continue, because they have"
        " tokens of their own"
    )


def _unchanged(path: str, file: RemoteFile) -> Step:
    expected = f"{sha256(file.content)}  {path}"
    return guard(expected, "sha256sum", path, title=f"check that {path} was not written meanwhile")
