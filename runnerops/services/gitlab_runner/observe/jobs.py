"""The CI jobs that run on a host, from its containers, its processes and the runner's metrics page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from runnerops.frozen import frozen
from runnerops.model.facts import DockerFacts, Job, Unit
from runnerops.model.waited import described
from runnerops.patterns import late_pattern

MANAGED = "com.gitlab.gitlab-runner.managed"
JOB = "com.gitlab.gitlab-runner.job.id"
SYSTEM = "com.gitlab.gitlab-runner.runner.system_id"
"""Labels of a job's containers. Old versions do not have the last one."""
_URL = "com.gitlab.gitlab-runner.job.url"

NO_JOBS = ("fleeting-plugin", "plugin", "docker")
"""Child processes that are not jobs: plugins of autoscalers, as installed by hand and by `gitlab-runner fleeting
install`, and a client attached to a container, which is counted by its labels.
"""

_COUNTED = late_pattern(r"^gitlab_runner_jobs\{.*\} ([0-9.e+]+)$", re.MULTILINE)
"""Jobs of any state count: one that is `pending` was accepted, and its image is being pulled."""


@frozen
class Processes:
    """The host's processes: parent, state and name by pid, and the `CI_JOB_ID` of those that have one.

    `job_variables` has further variables of GitLab, by the id of the job, in the form that `read_waited` parses.
    """

    by_pid: Mapping[int, tuple[int, str, str]]
    job_ids: Mapping[int, str]
    job_variables: Mapping[str, str]

    def below(self, pid: int, ancestor: int) -> bool:
        """Whether `pid` is `ancestor` or one of its descendants."""
        return ancestor in self._line(pid)

    def job_of(self, child: int) -> str:
        """GitLab's id of the job whose first process is `child`; empty if none of its processes has the variable."""
        return next((job for pid, job in self.job_ids.items() if self.below(pid, child)), "")

    def _line(self, pid: int) -> set[int]:
        """The process and all its ancestors."""
        seen_pids: set[int] = set()
        while pid in self.by_pid and pid not in seen_pids:
            seen_pids.add(pid)
            pid = self.by_pid[pid][0]
        return seen_pids | {pid}


def read_processes(text: str, job_ids: str) -> Processes:
    """Parses lines `PID PARENT STATE NAME` and `PID CI_JOB_ID WORDS`. Processes come and go meanwhile."""
    by_process = {}
    for line in text.split("\n"):
        words = line.split(" ", 3)
        if len(words) == 4 and words[0].isdigit() and words[1].isdigit():
            by_process[int(words[0])] = int(words[1]), words[2], words[3]
    pairs = []
    by_pid: dict[str, str] = {}
    for line in job_ids.split("\n"):
        pid, _, rest = line.partition(" ")
        job, _, words_of_job = rest.partition(" ")
        if pid.isdigit() and job.isdigit():
            pairs.append((int(pid), job))
            by_pid.setdefault(job, words_of_job)
    return Processes(by_process, dict(pairs), by_pid)


def all_jobs(known_jobs: Iterable[Job], page: str) -> list[Job]:
    """The known jobs, and as many without a name as the metrics page (`page`) counts in addition."""
    jobs = list(known_jobs)
    counted = sum(float(number) for number in _COUNTED.findall(page))
    return [*jobs, *[Job("", "from its metrics page")] * max(0, int(counted) - len(jobs))]


def container_jobs(docker: DockerFacts | None, system_id: str, at: Processes, *, lives: bool) -> Iterator[Job]:
    """One for each job with a running container, whether that is of the build, a helper or a service."""
    ids: dict[str, Job] = {}
    for container in docker.containers if docker else ():
        if container.running and container.labels.get(MANAGED) == "true":
            job = container.labels.get(JOB, "")
            is_foreign = system_id and container.labels.get(SYSTEM, system_id) != system_id
            project = _project(container.labels.get(_URL, ""))
            container_job = Job(job, f"container {container.name}", lives and not is_foreign, project=project)
            ids.setdefault(job or container.id, described(container_job, at.job_variables.get(job, "")))
    yield from ids.values()


def _project(url: str) -> str:
    """Of `https://gitlab.example.com/team/app/-/jobs/7`: `team/app`."""
    place, _, _ = url.partition("/-/jobs/")
    return place.split("/", 3)[3] if place.count("/") > 2 else ""


def child_jobs(unit: Unit, at: Processes) -> Iterator[Job]:
    """Jobs of the shell executor are children of the main process."""
    for pid, (parent, state, name) in at.by_pid.items():
        if unit.pid and parent == unit.pid and state != "Z" and name not in NO_JOBS:
            job = at.job_of(pid)
            yield described(Job(job, f"process {pid} ({name})"), at.job_variables.get(job, ""))
