"""`runnerops rotate`: has GitLab replace the token of a runner, and writes the new one into config.toml."""

from __future__ import annotations

import secrets
from dataclasses import replace

from runnerops import inventory
from runnerops.engine.gitlab.context import GitlabContext
from runnerops.engine.gitlab.tokens import other_machines_with_token, reset_token_by_id, token_is_lost
from runnerops.engine.hosts.connections import ConnectionPool
from runnerops.engine.hosts.maintenance import check_maintenance
from runnerops.engine.hosts.observe import observe
from runnerops.engine.loop import DeployLoop
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.engine.plans.planned import Planned, Plans
from runnerops.engine.plans.request import plan_request, result_of
from runnerops.engine.project import Project
from runnerops.engine.requester import find_job, find_requester
from runnerops.engine.runs.locks import LockWait
from runnerops.errors import GitlabError, HostError, RunneropsError, UsageError
from runnerops.frozen import mutable
from runnerops.model.common import Exit, Result, ServiceName, Tree
from runnerops.model.gitlab import Registration
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host, Requester
from runnerops.model.plan import Blocker, Plan
from runnerops.planning.rotate import RotationPlanner, digest_of_rest, edited_by_hand, shared_token
from runnerops.redact import Redactor
from runnerops.remote.links import ReadOnly
from runnerops.report.screen import Screen
from runnerops.services.gitlab_runner.format import config_path, label, read, runners_of
from runnerops.services.gitlab_runner.observe.registered import registrations
from runnerops.services.gitlab_runner.rotation import alone, digest_of, pending, rotated, runner_named


def rotate(invocation: Invocation, runner: str, flags: Flags, ui: UiOptions) -> Exit:
    """The exit code is that of the host's result. The inventory is not rendered, so none of its secrets is needed."""
    path, (name,), environ, screen = invocation
    loaded = inventory.load(path)
    host = inventory.the_host(loaded, name)
    check_rotatable(host, runner)
    ui.check("rotate", screen, " ".join(filter(None, ("rotate", name, runner, "--dry-run"))))
    project = Project(loaded, (host,), {}, {}, secrets.token_bytes(16))
    lock_wait = LockWait(flags.lock_wait_s, screen)
    flags = replace(flags, job=find_job(environ))
    with ConnectionPool(loaded, environ, screen) as pool:
        requester = find_requester(environ, inventory.folder_of(path))
        gitlab_context = pool.gitlab_context()
        rotation = _Rotation(project, host, runner, flags, requester, gitlab_context)
        reader = pool.reader(host)
        refused = None
        try:
            rotation.given = rotation.reclaim(reader, screen, ui)
        except RunneropsError as error:
            if not ui.as_json:
                raise
            refused = error
        ui = replace(ui, yes=ui.yes or bool(rotation.given))

        def plans(_: Project) -> Plans:
            if refused:
                return {name: refused}
            try:
                check_maintenance(host, flags)
                return {name: lock_wait.plan_when_free(reader, lambda: rotation.plan(reader))}
            except HostError as error:
                return {name: error}

        return DeployLoop(pool, ui, lock_wait).run(project, plans)


def check_rotatable(host: Host, runner: str) -> None:
    """Raises UsageError if the host has no such runner, or if the inventory has its token, which would become invalid."""
    section = host.sections.get(ServiceName.GITLAB_RUNNER)
    if section is None:
        raise UsageError(f"rotate: {host.name} has no gitlab_runner section", "name a host whose runner is managed")
    runners = runners_of(section)
    names = [label(block, index) for index, block in enumerate(runners)]
    if runner and runner not in names:
        raise UsageError(f"rotate: {host.name} has no runner {runner}", f"its runners: {', '.join(names) or 'none'}")
    if not runner and len(names) != 1:
        raise UsageError(f"rotate: {host.name} has {len(names)} runners", f"name one: {', '.join(names) or 'none'}")
    if names.count(runner or names[0]) > 1:
        text = f"rotate: {host.name} has {names.count(runner)} runners that are called {runner} in config.toml"
        raise UsageError(text, "give each its own name: take `called` out of the inventory, and deploy")
    chosen = runner_named(runners, runner or names[0])
    if chosen and chosen.get("token"):
        text = f"rotate: the inventory gives the token of runner {runner or names[0]}, which GitLab would then refuse"
        fix = "leave `token` out there, or write `token: keep`: the host keeps its own; then rotate"
        raise UsageError(text, fix)


@mutable
class _Rotation:
    """The rotation of one runner; `begun`: the digest of the token that its first run was planned for."""

    project: Project
    host: Host
    runner: str
    flags: Flags
    requester: Requester
    gitlab_context: GitlabContext
    begun: str = ""
    given: Tree | None = None
    """The new token, if GitLab has given one already in place of a token that it did not accept any more."""

    @property
    def redactor(self) -> Redactor:
        """What masks the tokens."""
        return self.gitlab_context.redactor

    def reclaim(self, reader: ReadOnly, screen: Screen, ui: UiOptions) -> Tree | None:
        """Has GitLab create a new token by the id of the runner if it does not accept the existing one, after a confirmation.
        None if it accepts the existing one. Raises RunneropsError.
        """
        if self.host.gitlab is None:
            return None
        check_maintenance(self.host, self.flags)
        observed = observe(self.host, (), reader)
        name, runner = self._runner(observed)
        registration = self._registration(name, runner, observed)
        if name in pending(observed) or not token_is_lost(self.host, registration, observed):
            return None
        problem = f"GitLab does not accept the token of runner {name} any more"
        question = (
            f"{self.host.name}: {problem}. Create a new token by the runner's number in GitLab ({registration.id})?"
        )
        if ui.dry_run or not (ui.yes or screen.ask(question)):
            hint = (
                "with an API token, `rotate` can create a new one by the runner's number in GitLab, after you confirm"
            )
            raise HostError(self.host.name, f"{problem}; nothing was changed", hint, "refused")
        try:
            return reset_token_by_id(self.host, registration, self.gitlab_context)
        except GitlabError as error:
            text = f"{problem}, and did not create a new one by its number; nothing was changed on the host: {error.message}"
            raise HostError(self.host.name, text, f"{error.hint}; then rotate again", "refused") from None

    def plan(self, reader: ReadOnly) -> Planned:
        """Plans the next of the two runs, after one exec that only reads. Raises RunneropsError."""
        observed = observe(self.host, (), reader)
        planner = RotationPlanner(self.host, observed, self.flags.policy(self.host), self.requester)
        name, runner = self._runner(observed)
        if name in pending(observed):
            remaining = self._rest(planner)
            return replace(remaining, plan=replace(remaining.plan, part="rest" if self.begun else ""))
        if self.begun not in {"", digest_of(runner["token"])}:  # another client's run was followed, and did all of it
            return Planned(Plan(self.host.name, 0, self.requester, part="rest"), (), Result.UNCHANGED, observed.last)
        self.begun = digest_of(runner["token"])
        remaining = self._rest(planner.with_stand_in_token(runner))
        blockers, notes = self._others(self._registration(name, runner, observed), observed)
        checked = replace(remaining.plan, blockers=(*remaining.plan.blockers, *blockers))
        plan = planner.first_run(name, runner, checked, self.given)
        plan = replace(plan, notes=(*plan.notes, *notes))
        self.redactor.learn([str(runner["token"])])
        content = alone(runner).decode()
        plan = replace(
            plan,
            secrets=self.redactor.within((content, *(file.decode("utf-8", "replace") for file in plan.files.values()))),
        )
        return Planned(plan, (), result_of(plan, pending=True), observed.last, observed.facts, remaining.key)

    def _others(self, registration: Registration, observed: HostState) -> tuple[tuple[Blocker, ...], tuple[str, ...]]:
        """Blockers and notes about other machines with the same token. A token that is already invalid has none."""
        allowed = self.flags.policy(self.host).allow
        if self.given or "shared-token" in allowed:
            return (), ()
        try:
            return tuple(
                shared_token(
                    registration.name, other_machines_with_token(self.host, registration, observed, self.gitlab_context)
                )
            ), ()
        except GitlabError as error:
            return (), (f"whether other machines have this token is not known: {error.message}; {error.hint}",)

    def _registration(self, name: str, runner: Tree, observed: HostState) -> Registration:
        return next(
            registration
            for registration in registrations(observed)
            if (registration.name, registration.token) == (name, runner["token"])
        )

    def _rest(self, planner: RotationPlanner) -> Planned:
        self.redactor.learn(str(table["token"]) for table in rotated(planner.observed).values())
        planned = plan_request(planner.request(), self.redactor, self.project.displayable(self.host))
        blockers = (*planned.plan.blockers, *edited_by_hand(planned.plan))
        plan = replace(
            planned.plan, blockers=blockers, digest=digest_of_rest(planned.plan), change_name="its new token"
        )
        return replace(planned, plan=plan, result=result_of(plan))

    def _runner(self, observed: HostState) -> tuple[str, Tree]:
        """The name of the runner and its table in the config.toml of the host. Raises HostError if there is none."""
        runners = runners_of(read(observed.file(config_path(observed)).content))
        name = self.runner or label(runners_of(self.host.sections[ServiceName.GITLAB_RUNNER])[0], 0)
        table = runner_named(runners, name)
        if table is None or not table.get("token"):
            text = f"{config_path(observed)} has no runner {name} with a token"
            raise HostError(
                self.host.name, text, "deploy first, because the token is rotated on the host", result="refused"
            )
        return name, table
