"""Whether gitlab-runner is ready for the next job: its unit runs and starts at boot, and it has loaded its
file. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from runnerops.model.facts import RunnerFacts
from runnerops.model.host_state import sha256
from runnerops.model.inventory import Host
from runnerops.services.gitlab_runner.format import NAME, PATH, config_path
from runnerops.services.gitlab_runner.observe import NOT_THERE, UNIT
from runnerops.services.gitlab_runner.observe.registered import clone_fix, registrations
from runnerops.services.verify import NO_ANSWER, Call, Check, Evidence, Probe

VERIFY = Path(__file__).with_name("verify.sh").read_text(encoding="utf-8")
PULL_TEST = ""


def inquiries(host: Host, probe: Probe) -> Sequence[Call]:  # noqa: ARG001
    """Asks when its file was written, when its process began, and what its log says about the file."""
    return (("verify_runner_loaded", PATH),) if NAME in host.sections and NAME not in host.stopped else ()


def pull_test(host: Host, evidence: Evidence) -> Call | None:  # noqa: ARG001
    """Nothing is tried, because a job that the runner takes as a test would be a real one."""
    return None


def log_queries(host: Host, probe: Probe, seconds: int) -> Sequence[Call]:  # noqa: ARG001
    """A pull leaves no traces at the runner."""
    return ()


def cache_hosts(host: Host, evidence: Evidence) -> Iterable[str]:  # noqa: ARG001
    """The runner uses no cache itself."""
    return ()


def checks(host: Host, evidence: Evidence) -> Iterable[Check]:
    """Checks the unit and the file; for a runner that is kept stopped, that it is stopped."""
    if NAME not in host.sections:
        return
    runner = evidence.observed.facts.runner
    if runner is None or runner.unit.active == NOT_THERE:
        reason, fix = f"there is no unit {UNIT}", f"install GitLab's gitlab-runner package on {host.name}"
        yield Check("unit-active", NAME, f"{UNIT} is active", "fail", reason, fix)
    elif NAME in host.stopped:
        yield from _kept_stopped(host, runner)
    else:
        yield _enabled(host, runner)
        yield _active(host, runner)
        yield _loaded(host, runner, evidence)
    yield from _told_apart(evidence)


def _told_apart(evidence: Evidence) -> Iterator[Check]:
    """Checks a clone only if it shares a token with this host, because GitLab counts the jobs of both as one machine's
    then.
    """
    tokens = {registration.token for registration in registrations(evidence.observed)}
    shared = [
        name
        for name, clone in evidence.clones.items()
        if tokens & {registration.token for registration in registrations(clone)}
    ]
    if shared:
        reason = f"gitlab-runner of {', '.join(shared)} has the same system id, and a token in common"
        facts = [evidence.observed.facts, *(evidence.clones[name].facts for name in shared)]
        yield Check("system-id", NAME, "GitLab can tell this machine from others", "fail", reason, clone_fix(facts))


def _kept_stopped(host: Host, runner: RunnerFacts) -> Iterator[Check]:
    title, deploy = f"{UNIT} is kept stopped (state: stopped)", f"runnerops deploy {host.name}"
    if runner.lives:
        reason = "it is draining, and starts by itself after its last job" if runner.returning else "it runs"
        yield Check("unit-active", NAME, title, "fail", reason, deploy)
    else:
        yield Check("unit-active", NAME, title)
    title = f"{UNIT} does not start at boot (state: stopped)"
    if runner.unit.enabled.removesuffix("-runtime") == "enabled":
        yield Check("unit-enabled", NAME, title, "fail", "it is enabled", deploy)
    else:
        yield Check("unit-enabled", NAME, title)


def _enabled(host: Host, runner: RunnerFacts) -> Check:
    title, down = f"{UNIT} starts at boot", runner.unit.stays_down
    if not down:
        return Check("unit-enabled", NAME, title)
    masked = down.startswith("masked")
    fix = f"on {host.name}: systemctl unmask {UNIT}" if masked else f"runnerops deploy {host.name}"
    return Check("unit-enabled", NAME, title, "fail", f"it is {down}", fix)


def _active(host: Host, runner: RunnerFacts) -> Check:
    title = f"{UNIT} is active"
    if runner.returning:
        return Check(
            "unit-active", NAME, title, reason="it is draining for a run, and starts by itself after its last job"
        )
    if runner.unit.active == "active":
        return Check("unit-active", NAME, title)
    fix = f"runnerops deploy {host.name}" if runner.unit.active == "inactive" else _journal(host)
    return Check("unit-active", NAME, title, "fail", f"it is {runner.unit.active}", fix)


def _loaded(host: Host, runner: RunnerFacts, evidence: Evidence) -> Check:
    """A process that began after its file was written has read it, or it would have ended. Otherwise its log tells."""
    path = config_path(evidence.observed)
    title = f"gitlab-runner has {path} loaded"
    if runner.returning or runner.unit.active != "active":
        return Check("config-loaded", NAME, title, "skip", "it takes no jobs at the moment")
    written, began, said = (*evidence.answers.get("runner_loaded", NO_ANSWER).text.split(), "", "", "")[:3]
    content = evidence.observed.file(path).content
    if written == "none" or content is None:
        return Check("config-loaded", NAME, title, "fail", "there is no such file", f"runnerops deploy {host.name}")
    if said == "loaded" or (written.isdecimal() and began.isdecimal() and int(began) > int(written) + 1):
        return Check("config-loaded", NAME, title)
    if said == "refused":
        is_own = evidence.observed.applied.get(path) == sha256(content)
        fix = _journal(host) if is_own else f"runnerops deploy {host.name}"
        return Check(
            "config-loaded", NAME, title, "fail", "it refused the file, and still runs with the previous one", fix
        )
    reason = "its log does not say: the log level hides it, or the runner wrote the file itself"
    return Check("config-loaded", NAME, title, "skip", reason)


def _journal(host: Host) -> str:
    return f"on {host.name}: journalctl -u {UNIT} -n 20"


__all__ = ["NAME", "PULL_TEST", "VERIFY", "cache_hosts", "checks", "inquiries", "log_queries", "pull_test"]
