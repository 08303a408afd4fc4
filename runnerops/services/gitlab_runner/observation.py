"""What a host is asked about gitlab-runner, and what the answers mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files as package_files

from runnerops.model import DockerFacts, Facts, Host, Job, RenderedFile, RunnerFacts, Unit
from runnerops.services.base import Answers
from runnerops.services.gitlab_runner.document import PATH

OBSERVE = package_files(__package__).joinpath("observe.sh").read_text()

UNIT = "gitlab-runner.service"
NOT_THERE = "not-found"
"""The state of a unit that the host does not have."""

_MANAGED = "com.gitlab.gitlab-runner.managed"
_JOB = "com.gitlab.gitlab-runner.job.id"
_VERSION = re.compile(r"^Version:\s*(\S+)", re.MULTILINE)
_COUNTED = re.compile(r"^gitlab_runner_jobs\{.*\} ([0-9.e+]+)$", re.MULTILINE)
"""Of any state: a job that is `pending` is taken, and its image is being pulled."""

_PLUGINS = ("fleeting-plugin", "plugin")
"""Names of an autoscaler's plugin, as installed by hand and by `gitlab-runner fleeting install`."""

_CONTAINED = re.compile(r"docker|libpod|containerd|kubepods|lxc")
_GROUP = re.compile(r"/proc/(\d+)/cgroup:(.*)")


def questions(host: Host, asked: Sequence[RenderedFile]) -> tuple[tuple[str, ...], ...]:  # noqa: ARG001
    """Asked of every host: harm is counted by what runs there, managed or not."""
    path = asked[0].spec.path if asked else PATH
    return ("observe_runner_unit", path), ("observe_runner_version",), ("observe_runner_processes",)


def facts(facts: Facts, answers: Answers) -> Facts:
    """The runner's part; None where there is neither a unit nor any runner at all."""
    unit = _unit(answers)
    processes = dict(_processes(answers))
    strangers = tuple(_strangers(answers, unit, processes, facts.docker))
    if unit.active == NOT_THERE and not strangers:
        return facts
    version = _VERSION.search(_text(answers, "runner_version"))
    jobs = [*container_jobs(facts.docker), *_child_jobs(unit, processes)]
    told = sum(float(number) for number in _COUNTED.findall(_text(answers, "runner_metrics")))
    jobs += [Job("", "told by its metrics page")] * max(0, int(told) - len(jobs))
    return replace(facts, runner=RunnerFacts(unit, version[1] if version else "", tuple(jobs), strangers))


def _text(answers: Answers, name: str) -> str:
    return answers[name].text if name in answers else ""


def _unit(answers: Answers) -> Unit:
    pairs = (line.partition("=") for line in _text(answers, "runner_unit").splitlines())
    told = {name: value for name, _, value in pairs}
    there = told.get("LoadState", NOT_THERE) == "loaded"
    pid = int(told.get("MainPID") or 0)
    return Unit(
        UNIT,
        told.get("ActiveState", NOT_THERE) if there else NOT_THERE,
        pid,
        told.get("InvocationID", "") if pid else "",
        tuple(word for word in _text(answers, "runner_argv").split("\n") if word),
    )


def _processes(answers: Answers) -> Iterator[tuple[int, tuple[int, str, str]]]:
    """Parent, state and name of every process; processes come and go meanwhile, so the exit status tells nothing."""
    output = answers["runner_processes"].output.decode("utf-8", "replace") if "runner_processes" in answers else ""
    for line in output.splitlines():
        words = line.split(" ", 3)
        if len(words) == 4 and words[0].isdigit() and words[1].isdigit():
            yield int(words[0]), (int(words[1]), words[2], words[3])


def container_jobs(docker: DockerFacts | None) -> Iterator[Job]:
    """One for each job that has a container running, be it the build, a helper or a service."""
    ids: dict[str, Job] = {}
    for container in docker.containers if docker else ():
        if container.running and container.labels.get(_MANAGED) == "true":
            job = container.labels.get(_JOB, "")
            ids.setdefault(job or container.id, Job(job, f"container {container.name}"))
    yield from ids.values()


def _child_jobs(unit: Unit, processes: Mapping[int, tuple[int, str, str]]) -> Iterator[Job]:
    """Shell jobs are children of the main process; so is an autoscaler's plugin, which stays and is no job."""
    for pid, (parent, state, name) in processes.items():
        if unit.pid and parent == unit.pid and state != "Z" and name not in _PLUGINS:
            yield Job("", f"process {pid} ({name})")


def _strangers(
    answers: Answers, unit: Unit, processes: Mapping[int, tuple[int, str, str]], docker: DockerFacts | None
) -> Iterator[str]:
    """Runners that are not the unit's: in a container, or somebody's own process or unit."""
    output = answers["runner_groups"].output.decode("utf-8", "replace") if "runner_groups" in answers else ""
    groups: dict[int, str] = {}
    for match in _GROUP.finditer(output):
        groups[int(match[1])] = f"{groups.get(int(match[1]), '')} {match[2]}"
    for pid, group in groups.items():
        parent = processes.get(pid, (0, "", ""))[0]
        ours = unit.pid and _below(pid, unit.pid, processes)
        if ours or _of_unit(group, groups.get(unit.pid)) or _of_job(group, docker) or parent in groups:
            continue  # the last: a helper of one that is named already
        where = "in a container" if _CONTAINED.search(group) else f"outside of {UNIT}"
        yield f"process {pid} {where}"


def _of_unit(group: str, main: str | None) -> bool:
    """Whether it is in the unit's control group; a user's unit, or one in a container, may have the same name."""
    if main is not None:
        return group == main or group.startswith(f"{main}/")
    return any(word.endswith(f":/system.slice/{UNIT}") for word in group.split())


def _of_job(group: str, docker: DockerFacts | None) -> bool:
    """Whether it is a helper in a job's own container."""
    return any(one.id in group for one in docker.containers if one.id and _MANAGED in one.labels) if docker else False


def _below(pid: int, ancestor: int, processes: Mapping[int, tuple[int, str, str]]) -> bool:
    seen: set[int] = set()
    while pid in processes and pid not in seen:
        if pid == ancestor:
            return True
        seen.add(pid)
        pid = processes[pid][0]
    return pid == ancestor
