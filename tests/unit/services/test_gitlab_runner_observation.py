"""What hosts answer about gitlab-runner, and what is read from it."""

from __future__ import annotations

import pytest

from runnerops.model import Container, DockerFacts, Facts, Job, RunnerFacts, Unit
from runnerops.services import gitlab_runner as service
from runnerops.services.base import Answer

UNIT = "LoadState=loaded\nActiveState=active\nMainPID=42\nInvocationID=3f0c\n"
NO_UNIT = "LoadState=not-found\nActiveState=inactive\nMainPID=0\nInvocationID=\n"
OWN = "/proc/42/cgroup:0::/system.slice/gitlab-runner.service\n"
PROCESSES = "1 0 S systemd\n42 1 S gitlab-runner\n"
MANAGED = {"com.gitlab.gitlab-runner.managed": "true"}


def answers(**texts: str) -> dict[str, Answer]:
    given = {
        "runner_unit": UNIT,
        "runner_argv": "/usr/bin/gitlab-runner\nrun\n--config\n/srv/a b.toml\n",
        "runner_version": "Version:      16.11.3\nGit revision: abc\n",
        "runner_processes": PROCESSES,
        "runner_groups": OWN,
        **texts,
    }
    return {name: Answer(0, text.encode()) for name, text in given.items()}


def read(*containers: Container, **texts: str) -> RunnerFacts:
    docker = DockerFacts(Unit("docker.service", "active"), containers=containers)
    found = service.facts(Facts(docker=docker), answers(**texts)).runner
    assert found
    return found


def container(job: str = "", *, running: bool = True, **keys: str) -> Container:
    labels = {**MANAGED, "com.gitlab.gitlab-runner.job.id": job} if job else MANAGED
    name = keys.get("id", f"c{job}")
    return Container(name, name, "alpine", running, labels=labels)


def test_a_runner_as_its_unit_runs_it() -> None:
    argv = ("/usr/bin/gitlab-runner", "run", "--config", "/srv/a b.toml")
    assert read() == RunnerFacts(Unit("gitlab-runner.service", "active", 42, "3f0c", argv), "16.11.3")


def test_nothing_there_is_nothing_known() -> None:
    assert service.facts(Facts(), answers(runner_unit=NO_UNIT, runner_groups="", runner_version="")).runner is None


def test_jobs_are_told_by_their_containers() -> None:
    found = read(container("7"), container("7", id="helper"), container("8", running=False), container(id="bare"))
    assert found.jobs == (Job("7", "container c7"), Job("", "container bare"))


def test_shell_jobs_are_children_that_live() -> None:
    children = "50 42 S su\n51 42 Z sh\n52 50 S bash\n53 42 S fleeting-plugin\n"
    assert read(runner_processes=PROCESSES + children).jobs == (Job("", "process 50 (su)"),)


def test_a_larger_number_of_the_metrics_page_counts() -> None:
    page = (
        'gitlab_runner_jobs{runner="a",state="running",stage="x"} 2\ngitlab_runner_jobs{runner="b",state="running"} 0\n'
    )
    assert [job.what for job in read(container("7"), runner_metrics=page).jobs] == [
        "container c7",
        "told by its metrics page",
    ]


@pytest.mark.parametrize(
    ("group", "process", "strangers"),
    [
        ("0::/system.slice/docker-abc.scope", "90 1 S gitlab-runner", ("process 90 in a container",)),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/gitlab-runner.service",
            "90 1 S gitlab-runner",
            ("process 90 outside of gitlab-runner.service",),
        ),
        (
            "0::/docker/abc/system.slice/gitlab-runner.service",
            "90 1 S gitlab-runner",
            ("process 90 in a container",),
        ),
        ("0::/system.slice/gitlab-runner.service", "90 1 S gitlab-runner", ()),
        ("0::/user.slice/session-1.scope", "90 42 S gitlab-runner", ()),
        ("0::/system.slice/docker-cafe.scope", "90 1 S gitlab-runner", ()),
    ],
)
def test_strangers(group: str, process: str, strangers: tuple[str, ...]) -> None:
    found = read(
        container("7", id="cafe"),
        runner_processes=f"{PROCESSES}{process}\n",
        runner_groups=f"{OWN}/proc/90/cgroup:{group}\n",
    )
    assert found.strangers == strangers


def test_a_runner_without_a_unit_is_a_stranger() -> None:
    found = read(
        runner_unit=NO_UNIT,
        runner_processes="90 1 S gitlab-runner\n91 90 S gitlab-runner\n",
        runner_groups="/proc/90/cgroup:0::/system.slice/docker-abc.scope\n/proc/91/cgroup:0::/system.slice/docker-abc.scope\n",
    )
    assert (found.unit.active, found.strangers) == ("not-found", ("process 90 in a container",))
