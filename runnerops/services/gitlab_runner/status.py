"""The status of gitlab-runner on a host. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runnerops.model.answers import Answers
from runnerops.model.host_state import HostState
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.action import count
from runnerops.services.gitlab_runner.format import NAME, config_path
from runnerops.services.gitlab_runner.observe.registered import from_file, registrations
from runnerops.services.gitlab_runner.rotation import pending
from runnerops.services.status import ServiceStatus
from runnerops.services.verify import Call

FUNCTIONS = ""


def inquiries(host: Host) -> Sequence[Call]:  # noqa: ARG001
    """Asks nothing in addition to the observation."""
    return ()


def status(host: Host, observed: HostState, answers: Answers) -> ServiceStatus | None:  # noqa: ARG001
    """The state of the unit, its jobs, and other runners."""
    managed, runner = NAME in host.sections, observed.facts.runner
    path = config_path(observed)
    leftover_files = (path,) if not managed and observed.holds_ours(path) else ()
    if runner is None:
        return (
            ServiceStatus(NAME, managed, "", "not there", not managed, (), leftover_files)
            if managed or leftover_files
            else None
        )
    details = [count(runner.jobs)] if runner.lives or runner.jobs else []
    details += ["draining, starts by itself after its last job"] if runner.returning else []
    details += [f"a runner that is not the unit: {stranger}" for stranger in runner.unmanaged_runners]
    is_kept_stopped, down = NAME in host.stopped, runner.unit.stays_down
    details += ["kept stopped (state: stopped)"] if is_kept_stopped else []
    details += [f"{runner.unit.name} is {down}: it does not start at boot"] if down and not is_kept_stopped else []
    waiting = pending(observed)
    details += [
        f"runner {name}: its new token is stored on the host, but not yet in {path}: a deploy writes it"
        for name in waiting
    ]
    runners = from_file(registrations(observed))
    healthy = not runner.lives if is_kept_stopped else runner.lives and not (down or waiting)
    state = runner.unit.active
    return ServiceStatus(
        NAME, managed, runner.version, state, healthy, tuple(details), leftover_files, runners, runner.jobs
    )
