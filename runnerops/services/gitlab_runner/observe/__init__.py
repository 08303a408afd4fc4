"""The questions to a host about gitlab-runner, and how the answers are read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from runnerops.model.answers import Answers, text_of
from runnerops.model.facts import DockerFacts, Facts, RunnerFacts, Unit
from runnerops.model.inventory import RenderedFile
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.format import PATH
from runnerops.services.gitlab_runner.observe.jobs import (
    MANAGED,
    Processes,
    all_jobs,
    child_jobs,
    container_jobs,
    read_processes,
)

OBSERVE = Path(__file__).with_name("observe.sh").read_text(encoding="utf-8")

UNIT = "gitlab-runner.service"
NOT_THERE = "not-found"
"""The state of a unit that the host does not have."""

_RETURN = "runnerops-return-gitlab-runner.service"
_PASS_SIGNALS_ON = frozenset({"catatonit", "docker-init", "dumb-init", "tini"})
"""Programs that are made to run another one, and pass every signal on to it."""

_VERSION = late_pattern(r"^Version:\s*(\S+)", re.MULTILINE)
_CONTAINED = late_pattern(r"docker|libpod|containerd|kubepods|lxc")
_GROUP = late_pattern(r"/proc/(\d+)/cgroup:(.*)")


def questions(rendered: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:
    """Every host is asked, because jobs may run on it whether its runner is managed or not."""
    path = rendered[0].spec.path if rendered else PATH
    return ("prepare_runner", path), ("await_runner_metrics",), ("observe_runner_unit",), ("observe_runner_program",)


def facts(facts: Facts, answers: Answers) -> Facts:
    """The runner's part of the facts; None if the host has no unit, no other runner and no job."""
    unit = _unit(answers)
    at = read_processes(_output(answers, "runner_processes"), _output(answers, "runner_job_ids"))
    returning = _returning(answers)
    system_id = text_of(answers, "runner_system")
    lives = unit.active in {"active", "deactivating"} or returning
    known_jobs = (*container_jobs(facts.docker, system_id, at, lives=lives), *child_jobs(unit, at))
    jobs = all_jobs(known_jobs, text_of(answers, "runner_metrics"))
    groups = _groups(answers)
    unmanaged_runners = tuple(_strangers(groups, unit, at, facts.docker))
    if unit.active == NOT_THERE and not unmanaged_runners and not jobs:
        return facts
    version = _VERSION.search(text_of(answers, "runner_version"))
    runner = RunnerFacts(
        unit=unit,
        version=version[1] if version else "",
        jobs=tuple(jobs),
        unmanaged_runners=unmanaged_runners,
        returning=returning,
        system_id=system_id,
        job_ids=frozenset(at.job_ids.values()),
        wrapper=_wrapper(groups, unit, at),
    )
    return replace(facts, runner=runner)


def _output(answers: Answers, name: str) -> str:
    """The output of commands that read /proc. Processes end meanwhile, so the exit status says nothing."""
    return answers[name].output.decode("utf-8", "replace") if name in answers else ""


def _returning(answers: Answers) -> bool:
    """Whether an earlier run left a unit that starts the runner after its last job."""
    lines = text_of(answers, "alive").splitlines()
    return any(line.split()[0] == _RETURN and " failed " not in line for line in lines)


def _unit(answers: Answers) -> Unit:
    pairs = (line.partition("=") for line in text_of(answers, "runner_unit").splitlines())
    properties = {name: value for name, _, value in pairs}
    is_loaded = properties.get("LoadState", NOT_THERE) == "loaded"
    pid = int(properties.get("MainPID") or 0)
    return Unit(
        UNIT,
        properties.get("ActiveState", NOT_THERE) if is_loaded else NOT_THERE,
        pid,
        properties.get("InvocationID", "") if pid else "",
        tuple(word for word in text_of(answers, "runner_argv").split("\n") if word),
        properties.get("UnitFileState", "") if is_loaded else "",
    )


def _groups(answers: Answers) -> Mapping[int, str]:
    """The control groups of each process that runs `gitlab-runner run`."""
    groups: dict[int, str] = {}
    for match in _GROUP.finditer(_output(answers, "runner_groups")):
        groups[int(match[1])] = f"{groups.get(int(match[1]), '')} {match[2]}"
    return groups


def _wrapper(groups: Mapping[int, str], unit: Unit, at: Processes) -> str:
    """The name of the unit's main process if that is a script, for example, that runs gitlab-runner without `exec`."""
    if not unit.pid or unit.pid in groups or not any(at.below(pid, unit.pid) for pid in groups):
        return ""
    name = at.by_pid[unit.pid][2] if unit.pid in at.by_pid else ""
    return "" if name in _PASS_SIGNALS_ON else name


def _strangers(groups: Mapping[int, str], unit: Unit, at: Processes, docker: DockerFacts | None) -> Iterator[str]:
    """Runners other than the unit's: in a container, or a process or unit of somebody."""
    for pid, group in groups.items():
        parent = at.by_pid.get(pid, (0, "", ""))[0]
        is_child = unit.pid and at.below(pid, unit.pid)
        if is_child or _of_unit(group, groups.get(unit.pid)) or _of_job(group, docker) or parent in groups:
            continue  # this is a helper of a runner that is named already
        where = "in a container" if _CONTAINED.search(group) else f"outside of {UNIT}"
        yield f"process {pid} {where}"


def _of_unit(group: str, main: str | None) -> bool:
    """Whether it is in the unit's control group. A user's unit, or one in a container, may have the same name."""
    if main is not None:
        return group == main or group.startswith(f"{main}/")
    return any(word.endswith(f":/system.slice/{UNIT}") for word in group.split())


def _of_job(group: str, docker: DockerFacts | None) -> bool:
    """Whether it is a helper in the container of a job."""
    return (
        any(container.id in group for container in docker.containers if container.id and MANAGED in container.labels)
        if docker
        else False
    )
