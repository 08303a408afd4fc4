"""What hosts answer about gitlab-runner, and what is read from it."""

from __future__ import annotations

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import Container, DockerFacts, Facts, Job, RunnerFacts, Unit
from runnerops.services import GITLAB_RUNNER
from runnerops.services.gitlab_runner.observe.jobs import SYSTEM

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
    runner_facts = GITLAB_RUNNER.facts(Facts(docker=docker), answers(**texts)).runner
    assert runner_facts
    return runner_facts


def container(job: str = "", *, running: bool = True, labels: dict[str, str] | None = None, **keys: str) -> Container:
    variables = {**MANAGED, "com.gitlab.gitlab-runner.job.id": job} if job else MANAGED
    name = keys.get("id", f"c{job}")
    return Container(name, name, "alpine", running, labels={**variables, **(labels or {})})


def test_a_runner_as_its_unit_runs_it() -> None:
    argv = ("/usr/bin/gitlab-runner", "run", "--config", "/srv/a b.toml")
    assert read() == RunnerFacts(Unit("gitlab-runner.service", "active", 42, "3f0c", argv), "16.11.3")


def test_without_a_unit_nothing_is_known_of_the_runner() -> None:
    assert (
        GITLAB_RUNNER.facts(Facts(), answers(runner_unit=NO_UNIT, runner_groups="", runner_version="")).runner is None
    )


def test_jobs_are_found_by_their_containers() -> None:
    runner_facts = read(
        container("7"), container("7", id="helper"), container("8", running=False), container(id="bare")
    )
    assert runner_facts.jobs == (Job("7", "container c7"), Job("", "container bare"))


def test_shell_jobs_are_children_that_live() -> None:
    children = "50 42 S su\n51 42 Z sh\n52 50 S bash\n"
    assert read(runner_processes=PROCESSES + children).jobs == (Job("", "process 50 (su)"),)


def test_a_shell_job_is_known_by_any_of_its_processes() -> None:
    children = "50 42 S su\n52 50 S bash\n53 52 S make\n60 42 S su\n70 1 S make\n"
    runner_facts = read(runner_processes=PROCESSES + children, runner_job_ids="53 4711\n70 12\n")
    assert runner_facts.jobs == (Job("4711", "process 50 (su)"), Job("", "process 60 (su)"))
    assert runner_facts.job_ids == {"4711", "12"}


@pytest.mark.parametrize(
    ("ours", "theirs", "drains"),
    [("s_a", "s_a", True), ("s_a", "s_b", False), ("s_a", "", True), ("", "s_b", True)],
)
def test_a_job_that_another_hosts_runner_took_is_not_ours_to_drain(ours: str, theirs: str, drains: bool) -> None:
    labels = {SYSTEM: theirs} if theirs else {}
    runner_facts = read(container("7", labels=labels), runner_system=ours)
    assert runner_facts.jobs == (Job("7", "container c7", drains),)


def test_jobs_without_a_runner_here_count_and_nobody_drains_them() -> None:
    runner_facts = read(container("7"), runner_unit=NO_UNIT, runner_groups="", runner_version="")
    assert (runner_facts.unit.active, runner_facts.lives, runner_facts.jobs) == (
        "not-found",
        False,
        (Job("7", "container c7", False),),
    )


@pytest.mark.parametrize(
    ("units", "returning"),
    [
        ("", False),
        ("runnerops-4.service loaded active running x\n", False),
        ("runnerops-return-gitlab-runner.service loaded active running x\n", True),
        ("runnerops-return-gitlab-runner.service loaded failed failed x\n", False),
    ],
)
def test_a_drain_that_an_earlier_run_began_is_seen(units: str, returning: bool) -> None:
    assert read(alive=units).returning is returning
    stopped = read(container("7"), runner_unit=UNIT.replace("=active", "=activating").replace("42", "0"), alive=units)
    assert (stopped.lives, bool(stopped.draining)) == (returning, returning)
    ending = read(container("7"), runner_unit=UNIT.replace("=active", "=deactivating"), alive=units)
    assert (ending.lives, ending.may_have_jobs, bool(ending.draining)) == (returning, True, True)


@pytest.mark.parametrize("plugin", ["fleeting-plugin", "plugin", "docker"])
def test_plugins_and_docker_clients_are_not_counted_as_jobs(plugin: str) -> None:
    assert read(runner_processes=f"{PROCESSES}53 42 S {plugin}\n").jobs == ()


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ('gitlab_runner_jobs{runner="a",state="running"} 2\ngitlab_runner_jobs{runner="b",state="idle"} 0\n', 1),
        ('gitlab_runner_jobs{runner="a",state="running"} 1\ngitlab_runner_jobs{runner="a",state="pending"} 1\n', 1),
        ('gitlab_runner_jobs{runner_name="a}b",state="running"} 3\n', 2),
        ('gitlab_runner_jobs{runner="a",state="running"} 1\n', 0),
        ("gitlab_runner_jobs_total{} 7\n", 0),
        ("", 0),
    ],
)
def test_a_larger_number_of_the_metrics_page_counts(page: str, count: int) -> None:
    expected = ["container c7", *["from its metrics page"] * count]
    assert [job.what for job in read(container("7"), runner_metrics=page).jobs] == expected


@pytest.mark.parametrize(
    ("group", "process", "unmanaged_runners"),
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
def test_runners_beside_the_unit_are_found(group: str, process: str, unmanaged_runners: tuple[str, ...]) -> None:
    runner_facts = read(
        container("7", id="cafe"),
        runner_processes=f"{PROCESSES}{process}\n",
        runner_groups=f"{OWN}/proc/90/cgroup:{group}\n",
    )
    assert runner_facts.unmanaged_runners == unmanaged_runners


@pytest.mark.parametrize(
    ("main", "below", "wrapper"),
    [
        ("gitlab-runner", "43 42 S bash", ""),
        ("start-runner.sh", "43 42 S gitlab-runner", "start-runner.sh"),
        ("bash", "43 42 S sudo\n44 43 S gitlab-runner", "bash"),
        ("dumb-init", "43 42 S gitlab-runner", ""),
        ("bash", "43 1 S gitlab-runner", ""),
    ],
)
def test_a_unit_that_starts_the_runner_through_another_program_is_seen(main: str, below: str, wrapper: str) -> None:
    started = [line.split()[0] for line in (f"42 1 S {main}", *below.split("\n")) if line.endswith("gitlab-runner")]
    runner_facts = read(
        runner_argv=f"/usr/local/bin/{main}\n",
        runner_processes=f"1 0 S systemd\n42 1 S {main}\n{below}\n",
        runner_groups="".join(f"/proc/{pid}/cgroup:0::/system.slice/gitlab-runner.service\n" for pid in started),
    )
    assert runner_facts.wrapper == wrapper


def test_a_runner_without_a_unit_is_unmanaged() -> None:
    runner_facts = read(
        runner_unit=NO_UNIT,
        runner_processes="90 1 S gitlab-runner\n91 90 S gitlab-runner\n",
        runner_groups="/proc/90/cgroup:0::/system.slice/docker-abc.scope\n/proc/91/cgroup:0::/system.slice/docker-abc.scope\n",
    )
    assert (runner_facts.unit.active, runner_facts.unmanaged_runners) == ("not-found", ("process 90 in a container",))
