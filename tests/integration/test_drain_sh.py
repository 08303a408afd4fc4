"""How a host finds out for which jobs a runner waits, under each shell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runnerops.model.steps import ENDING
from runnerops.services.scripts import content
from tests.integration.shell_host import ShellHost
from tests.shells import SH, SHELLS

PAGE = "http://127.0.0.1:9252/metrics"

FAKES = {
    "systemctl": """case $1 in
show)
    case $* in *FreezerState*) cat frozen 2>/dev/null; exit ;; esac
    [ ! -e upgraded ] || exit 1
    cat pid 2>/dev/null || echo 0 ;;
kill) echo "$*" >>kills; [ ! -e dies ] || rm -f pid dies ;;
esac""",
    "curl": 'for url; do :; done; cat "page/${url##*/}" 2>/dev/null || exit 7',
    "wget": "exit 4",
    "docker": "cat containers 2>/dev/null || exit 1",
    "timeout": 'echo "$*" >>limits; shift 3; [ ! -e hangs ] || kill -KILL $$; "$@"',
}


class Host(ShellHost):
    """A host in a folder: its /proc, its containers, the runner's pages."""

    def __init__(self, shell: tuple[str, ...], folder: Path) -> None:
        super().__init__(shell, folder, FAKES)
        (folder / "page").mkdir()
        (folder / "drain.sh").write_bytes(content("drain.sh"))
        self.put("pid", "42")
        self.put("signalled", "42")
        self.process(1, 0, "systemd")
        self.process(42, 1, "gitlab-runner")

    def process(self, pid: int, parent: int, name: str, *, state: str = "S", environ: str = "") -> None:
        place = self.folder / "proc" / str(pid)
        place.mkdir(parents=True)
        (place / "stat").write_text(f"{pid} ({name}) {state} {parent} {pid} {pid} 0 -1 4194560 7\n")
        (place / "environ").write_text(environ)

    def containers(self, *lines: str) -> None:
        (self.folder / "containers").write_text("".join(f"{line}\n" for line in lines))

    def page(self, metrics: str, jobs: str = "") -> None:
        (self.folder / "page" / "metrics").write_text(metrics)
        (self.folder / "page" / "list").write_text(jobs)

    def end_job(self, *pids: int) -> None:
        for pid in pids:
            shutil.rmtree(self.folder / "proc" / str(pid))

    def kills(self) -> list[str]:
        """What was asked of `systemctl kill`."""
        file = self.folder / "kills"
        return file.read_text().splitlines() if file.exists() else []

    def says(self, page: str = "-", system: str = "-") -> list[str]:
        return self.execute("drain.sh", "gitlab-runner", "QUIT", "main", page, system).splitlines()

    def counts(self, page: str = "-", system: str = "-") -> str:
        """What its first line says before it names jobs."""
        return self.says(page, system)[0].partition(": ")[0]


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(request.param, tmp_path)


@pytest.fixture
def simulated(tmp_path: Path) -> Host:
    """Under one shell: what is a matter of logic, not of the shell."""
    return Host(SH, tmp_path)


def test_a_drain_is_over_when_the_process_has_ended(host: Host) -> None:
    assert host.says() == ["no job left, it ends"]
    (host.folder / "pid").unlink()
    assert host.says() == ["gone"]


def test_a_process_is_signalled_once(host: Host) -> None:
    assert host.says() == host.says() == ["no job left, it ends"]
    assert host.kills() == []


def test_a_process_that_was_started_since_is_signalled_too(host: Host) -> None:
    """A SIGQUIT that met nobody, or whose process its unit has started again: else one would wait for ever."""
    host.process(43, 1, "gitlab-runner")
    (host.folder / "pid").write_text("43\n")
    assert host.says() == host.says() == ["no job left, it ends"]
    assert host.kills() == ["kill -s QUIT --kill-who=main gitlab-runner"]


def test_a_process_that_ends_at_once_is_noticed_at_once(host: Host) -> None:
    (host.folder / "pid").write_text("43\n")
    (host.folder / "dies").touch()
    assert host.says() == ["gone"]


def test_containers_are_counted_by_job_and_those_of_another_runner_are_not(host: Host) -> None:
    host.containers("7/s_a/build", "7/s_a/helper", "8//old-version", "9/s_b/theirs", "/s_a/bare")
    assert host.says(system="s_a") == [
        "3 jobs: container bare; job 7; job 8",
        "container bare",
        "job 7",
        "job 8",
    ]


def test_without_a_system_id_containers_of_all_runners_count(simulated: Host) -> None:
    simulated.containers("7/s_a/build", "9/s_b/theirs")
    assert simulated.says() == ["2 jobs: job 7; job 9", "job 7", "job 9"]


def test_child_processes_are_jobs_named_by_their_environment(host: Host) -> None:
    host.process(50, 42, "su")
    host.process(51, 42, "fleeting-plugin")
    host.process(56, 42, "docker")
    host.process(52, 42, "sh", state="Z")
    host.process(53, 50, "a b) (c")
    assert host.says() == ["1 job: process 50 (su)", "process 50 (su)"]
    host.process(54, 53, "make", environ="A=1\0CI_JOB_ID=4711\0")
    host.process(55, 53, "make", environ="CI_JOB_ID=4711\0")
    host.process(90, 1, "runner elsewhere")
    host.process(91, 90, "make", environ="CI_JOB_ID=12\0")
    assert host.says() == ["1 job: job 4711", "job 4711"]


def test_the_metrics_page_counts_and_names_every_job(host: Host) -> None:
    host.process(50, 42, "su")
    host.page(
        'gitlab_runner_jobs{runner="a",state="running"} 2\ngitlab_runner_jobs{runner="a",state="pending"} 1\n'
        'gitlab_runner_jobs_total{runner="a"} 70\n',
        "url=https://gitlab.example.com/a/b/-/jobs/7 state=running stage=step_script duration=3s\n",
    )
    assert host.says(PAGE) == ['3 jobs: job 7 project="a/b"', 'job 7 project="a/b"']


def test_the_description_of_a_job_is_read_from_its_processes_once(host: Host) -> None:
    """Of any executor: what a job's containers and shells have in their environment. It stays as it was first told."""
    host.process(50, 42, "su")
    host.process(54, 50, "make", environ=environ(4711))
    host.process(90, 1, "sh", environ=environ(7, CI_JOB_NAME='say "hi"; twice', CI_RUNNER_DESCRIPTION=""))
    host.containers("7/s_a/build", "12/s_a/other")
    seven, other = 'job 7 name="say " project="team/app" started="2026-11-29T21:19:00Z"', "job 12"
    shell = 'job 4711 name="build 1/2" project="team/app" runner="shell, of a" started="2026-11-29T21:19:00Z"'
    assert host.says() == [f"3 jobs: {seven}; {other}; {shell}", seven, other, shell]
    host.end_job(90)
    host.process(91, 1, "sh", environ="CI_PROJECT_PATH=another\0CI_JOB_ID=7\0")
    assert host.says()[1] == seven


def test_a_line_holds_as_many_jobs_as_a_runs_log_takes_and_the_rest_follow(host: Host) -> None:
    for number in range(20):
        host.process(100 + number, 42, "sh", environ=environ(number, CI_JOB_NAME="x" * 100))
    first, *rest = host.says()
    assert len(first) < 400
    assert first.startswith(f"20 jobs: {rest[0]}; ")
    assert len(rest) == 20


def test_processes_are_read_once_for_all_jobs_that_nothing_is_known_of(host: Host) -> None:
    """As those are that run on other machines."""
    head = host.folder / "bin" / "head"
    head.write_text(f'#!/bin/sh\necho read >>reads; exec {shutil.which("head")} "$@"\n')
    head.chmod(0o755)
    host.process(90, 1, "sh", environ=environ(3))
    lines = [f"url=https://gitlab.example.com/a/b/-/jobs/{job} state=running" for job in range(5)]
    host.page('gitlab_runner_jobs{state="running"} 5\n', "\n".join(lines))
    first, *rest = host.says(PAGE)
    assert first.startswith("5 jobs: ")
    assert ['name="build 1/2"' in text for text in rest] == [False, False, False, True, False]
    assert (host.folder / "reads").read_text() == "read\n"


def environ(job: int, **more: str) -> str:
    """Of a process of a job."""
    variables = {
        "CI_JOB_NAME": "build 1/2",
        "CI_PROJECT_PATH": "team/app",
        "CI_RUNNER_DESCRIPTION": "shell, of a",
        "CI_JOB_STARTED_AT": "2026-11-29T21:19:00Z",
        "CI_JOB_ID": str(job),
        **more,
    }
    return "".join(f"{name}={value}\0" for name, value in variables.items())


def test_a_page_that_does_not_answer_is_no_count(host: Host) -> None:
    host.process(50, 42, "su")
    assert host.says(PAGE) == ["1 job: process 50 (su)", "process 50 (su)"]


def test_a_job_between_two_stages_is_still_there(host: Host) -> None:
    host.process(50, 42, "su")
    host.process(60, 42, "su")
    assert host.counts() == "2 jobs"
    host.end_job(50, 60)
    assert [host.counts() for _ in range(3)] == ["2 jobs", "2 jobs", "no job left, it ends"]


def test_a_docker_or_a_process_that_hangs_does_not_hide_the_end(simulated: Host) -> None:
    (simulated.folder / "hangs").touch()
    simulated.process(50, 42, "su")
    assert simulated.counts() == "1 job"
    docker, processes = (simulated.folder / "limits").read_text().splitlines()
    assert docker.startswith("-s KILL 5 docker ps ")
    assert processes.startswith("-s KILL 10 head -c 65536 ")


def later(host: Host) -> None:
    """Half a minute after a process was first seen without a job."""
    pid, since = (host.folder / "idle").read_text().split()
    (host.folder / "idle").write_text(f"{pid} {int(since) - 30}\n")


@pytest.mark.parametrize(
    ("state", "frozen", "why"),
    [
        ("S", "", ""),
        ("S", "running", ""),
        ("S", "frozen", " (it is frozen: systemctl thaw gitlab-runner)"),
        ("T", "running", " (it is stopped: kill -CONT 42)"),
    ],
)
def test_one_that_does_not_end_though_no_job_is_seen_is_reported(host: Host, state: str, frozen: str, why: str) -> None:
    host.end_job(42)
    host.process(42, 1, "gitlab-runner (1) T", state=state)
    if frozen:
        (host.folder / "frozen").write_text(f"{frozen}\n")
    assert host.says() == host.says() == ["no job left, it ends"]
    later(host)
    assert host.says() == [f"no job is seen, and it does not end{why}"]
    host.process(50, 42, "su")
    assert host.counts() == "1 job"
    host.end_job(50)
    assert [host.counts() for _ in range(3)][-1] == "no job left, it ends"


def test_another_process_has_its_own_time_to_end(simulated: Host) -> None:
    simulated.says()
    later(simulated)
    simulated.process(43, 1, "gitlab-runner")
    (simulated.folder / "pid").write_text("43\n")
    assert simulated.says() == ["no job left, it ends"]


def test_without_an_answer_of_systemd_a_drain_is_not_over(host: Host) -> None:
    """Else the unit would be stopped under its jobs."""
    (host.folder / "upgraded").touch()
    assert host.says() == ["systemd does not answer"]
    assert host.kills() == []


def test_the_output_for_an_ending_runner_is_what_the_client_expects(simulated: Host) -> None:
    assert simulated.says() == [ENDING]
