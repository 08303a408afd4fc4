"""What runnerops relies on in gitlab-runner, one fact a test: for a real binary and for the lab's stand-in alike.

Runs RUNNEROPS_LAB_GITLAB_RUNNER where that is set, else the stand-in; as a process of this machine, so no lab is needed.
Its jobs come from the stand-in for GitLab. What takes systemd or Docker stands in test_runner_contract_host.py.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lab.gitlab import GitLab, open_gitlab
from tests.lab.runner import POLL, REAL, RUNNER, SLACK, TOKEN, Process, call, version
from tests.lab.shell import until

JOBS = "concurrent = 2\ncheck_interval = 1\n"
PAST = "2020-01-01T00:00:00Z"
SOON = "2099-01-01T00:00:00Z"


@pytest.fixture(name="runner")
def fixture_runner(tmp_path: Path) -> Iterator[Process]:
    runner = Process(tmp_path)
    yield runner
    if runner.process is not None and runner.process.poll() is None:
        runner.process.kill()
        runner.process.wait(timeout=60)


@pytest.fixture(name="gitlab")
def fixture_gitlab() -> Iterator[GitLab]:
    with open_gitlab() as gitlab:
        yield gitlab


def runner_of(gitlab: GitLab, keys: str = "", token: str = TOKEN) -> str:
    """A [[runners]] block for that GitLab; `keys` are further lines of it."""
    return RUNNER.replace("http://127.0.0.1:9", gitlab.url).replace(TOKEN, token) + keys


def stays(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it holds all that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(0.2)
    return True


# -- start -----------------------------------------------------------------------------------------------------------


def test_it_says_when_it_has_loaded(runner: Process) -> None:
    runner.start("concurrent = 4\n")
    assert runner.log.count("Configuration loaded") == 1
    assert runner.loaded() == 1
    assert runner.concurrent() == 4


def test_concurrent_is_1_when_absent(runner: Process) -> None:
    runner.start()
    assert runner.concurrent() == 1


def test_without_a_file_it_starts(runner: Process) -> None:
    runner.spawn()
    runner.wait_log("Configuration loaded")
    assert runner.alive()


def test_a_bad_file_ends_the_start_with_1(runner: Process) -> None:
    runner.write("concurrent = [\n")
    runner.spawn()
    assert runner.ends() == 1


@pytest.mark.parametrize("number", [0, -1])
def test_concurrent_below_1_ends_the_start_with_1(runner: Process, number: int) -> None:
    runner.write(f"concurrent = {number}\n")
    runner.spawn()
    assert runner.ends() == 1
    assert "no jobs will be processed" in runner.log


def test_a_system_id_is_written_and_kept(runner: Process) -> None:
    runner.start()
    path = runner.config.parent / ".runner_system_id"
    system_id = path.read_text()
    assert re.fullmatch(r"[sr]_[0-9a-zA-Z]{12}", system_id)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("r_0123456789ab")
    runner.send(signal.SIGQUIT)
    assert runner.ends() == 0
    runner.start()
    assert path.read_text() == "r_0123456789ab"


# -- reload ----------------------------------------------------------------------------------------------------------


def test_a_newer_file_is_loaded_at_the_next_poll(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.write("concurrent = 3\n")
    runner.wait_concurrent(3, seconds=POLL + SLACK)
    assert runner.log.count("Configuration loaded") == 2


@pytest.mark.parametrize("age", [0, 3600], ids=["equal", "older"])
def test_a_file_that_is_not_strictly_newer_is_never_loaded_but_by_sighup(runner: Process, age: int) -> None:
    runner.start("concurrent = 2\n")
    before = runner.config.stat().st_mtime_ns
    runner.write("concurrent = 3\n")
    os.utime(runner.config, ns=(before - age * 10**9, before - age * 10**9))
    assert stays(lambda: runner.loaded() == 1, seconds=2 * POLL + 0.5)
    runner.send(signal.SIGHUP)
    runner.wait_concurrent(3, seconds=POLL - 1)


def test_sighup_loads_an_unchanged_file(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.send(signal.SIGHUP)
    until("loaded again", lambda: runner.loaded() == 2, seconds=POLL - 1)


def test_sighup_without_a_file_loads_the_defaults(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.config.unlink()
    runner.send(signal.SIGHUP)
    runner.wait_concurrent(1, seconds=POLL - 1)


@pytest.mark.parametrize(
    "text", ["concurrent = [\n", 'concurrent = "4"\n', "runners = 1\n"], ids=["toml", "type", "table"]
)
def test_a_bad_file_keeps_the_old_configuration(runner: Process, text: str) -> None:
    runner.start("concurrent = 2\n")
    runner.write(text)
    runner.wait_log("Failed to load config", seconds=POLL + SLACK)
    assert runner.metric("gitlab_runner_configuration_loading_error_total") >= 1
    assert runner.concurrent() == 2
    assert runner.alive()
    runner.write("concurrent = 5\n")
    runner.wait_concurrent(5)


def test_a_missing_file_keeps_the_old_configuration(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.config.unlink()
    runner.wait_log("Failed to load config", seconds=POLL + SLACK)
    assert runner.concurrent() == 2
    assert runner.alive()


@pytest.mark.parametrize("number", [0, -1])
def test_concurrent_below_1_is_fatal_on_reload_too(runner: Process, number: int) -> None:
    runner.start("concurrent = 2\n")
    runner.write(f"concurrent = {number}\n")
    assert runner.ends(seconds=POLL + SLACK) == 1
    assert "no jobs will be processed" in runner.log


def test_unknown_keys_are_ignored(runner: Process) -> None:
    runner.start(f'concurrent = 2\nnonsense = 1\n{RUNNER}bogus = "x"\n[runners.nowhere]\na = 1\n')
    assert runner.concurrent() == 2


def test_a_log_level_applies_from_its_own_load_on(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.write('concurrent = 3\nlog_level = "error"\n')
    runner.wait_concurrent(3)
    assert runner.loaded() == 2
    assert runner.log.count("Configuration loaded") == 1


def test_an_unknown_log_level_is_a_failed_load(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.write('concurrent = 2\nlog_level = "loud"\n')
    runner.wait_log("Failed to load config", seconds=POLL + SLACK)
    assert runner.alive()


def test_a_changed_listen_address_needs_a_restart(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    runner.config.write_text('concurrent = 3\nlisten_address = "127.0.0.1:1"\n')
    runner.wait_concurrent(3)


# -- end -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM, signal.SIGINT])
def test_idle_it_ends_with_0(runner: Process, number: signal.Signals) -> None:
    runner.start("concurrent = 2\n")
    runner.send(number)
    assert runner.ends() == 0


# -- pages -----------------------------------------------------------------------------------------------------------


def test_idle_jobs_are_0_on_the_metrics_page(runner: Process) -> None:
    runner.start(f"concurrent = 2\n{RUNNER}")
    assert runner.metric("gitlab_runner_jobs", state="running") in (0, -1)
    assert runner.metric("gitlab_runner_configuration_loading_error_total") == 0
    assert runner.metric("gitlab_runner_version_info") == 1


def test_no_job_is_an_empty_list(runner: Process) -> None:
    runner.start("concurrent = 2\n")
    assert runner.page("/debug/jobs/list") == ""


def test_without_an_address_there_is_no_page(runner: Process) -> None:
    runner.config.write_text("concurrent = 2\n")
    runner.spawn()
    runner.wait_log("metrics & debug endpoints disabled" if not REAL else "disabled")
    assert not runner.has_page()


# -- commands --------------------------------------------------------------------------------------------------------


def test_version_prints_the_release() -> None:
    completed = call("--version")
    assert completed.returncode == 0
    assert re.search(r"^Version: +\S+$", completed.stdout, re.MULTILINE)


@pytest.mark.parametrize("word", ["nonsense", "version"])
def test_an_unknown_command_ends_with_1(word: str) -> None:
    assert call(word).returncode == 1


def test_list_shows_tokens_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(RUNNER)
    completed = call("list", "--config", str(tmp_path / "config.toml"))
    assert completed.returncode == 0
    assert f"Token={TOKEN}" in completed.stderr
    assert TOKEN not in completed.stdout


def test_list_of_a_bad_file_ends_with_0(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[")
    assert call("list", "--config", str(tmp_path / "config.toml")).returncode == 0


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(RUNNER)
    assert TOKEN in call("list", CONFIG_FILE=str(tmp_path / "config.toml")).stderr


def test_status_without_a_unit_ends_with_1() -> None:
    assert call("status", "--service", "runnerops-lab-nowhere").returncode == 1


def verify(folder: Path, text: str, *words: str) -> int:
    (folder / "config.toml").write_text(text)
    return call("verify", "--config", str(folder / "config.toml"), *words).returncode


def test_verify_of_a_valid_runner_ends_with_0(tmp_path: Path, gitlab: GitLab) -> None:
    assert verify(tmp_path, runner_of(gitlab)) == 0
    assert gitlab.requests == [("POST", "/api/v4/runners/verify")]


def test_verify_of_a_refused_runner_ends_with_1(tmp_path: Path, gitlab: GitLab) -> None:
    gitlab.revoke(TOKEN)
    assert verify(tmp_path, runner_of(gitlab)) == 1


def test_verify_of_a_name_that_is_not_there_ends_with_1(tmp_path: Path, gitlab: GitLab) -> None:
    assert verify(tmp_path, runner_of(gitlab), "--name", "other") == 1


def test_verify_of_a_bad_file_ends_with_1(tmp_path: Path) -> None:
    assert verify(tmp_path, "[") == 1


# -- jobs ------------------------------------------------------------------------------------------------------------


def test_a_job_is_a_child_process_and_is_counted(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    assert runner.metric("gitlab_runner_jobs", state="running") == 1
    assert f"/-/jobs/{job.id} state=running" in runner.page("/debug/jobs/list")
    location = f"CI_JOB_ID={job.id}\0"  # a process has its environment once it has called its program
    until("the job has a process", lambda: any(location in environ for environ in runner.environs_below()), seconds=5)
    job.finish()
    job.wait()
    until("no job is counted", lambda: runner.metric("gitlab_runner_jobs", state="running") in (0, -1), seconds=5)


def test_a_job_knows_itself_its_runner_and_its_gitlab(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.start('echo "$CI_JOB_ID $CI_RUNNER_ID $CI_RUNNER_SHORT_TOKEN $CI_SERVER_URL"', token=TOKEN).wait()
    assert f"{job.id} {job.runner.id} abcdefghi {gitlab.url}" in job.trace


def test_a_job_ends_as_its_script_does(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    good, bad = gitlab.start("true", token=TOKEN), gitlab.start("exit 3", token=TOKEN)
    good.wait("success")
    bad.wait("script_failure")
    assert bad.exit_code == 3


def test_no_more_jobs_than_concurrent_run(runner: Process, gitlab: GitLab) -> None:
    runner.start(f"concurrent = 1\ncheck_interval = 1\n{runner_of(gitlab)}")
    first = gitlab.hold(token=TOKEN)
    second = gitlab.start(token=TOKEN)
    assert stays(lambda: second.state == "pending", seconds=2.5)
    first.finish()
    second.wait()


def test_no_more_jobs_than_its_limit_run(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab, "limit = 1\n"))
    first = gitlab.hold(token=TOKEN)
    second = gitlab.start(token=TOKEN)
    assert stays(lambda: second.state == "pending", seconds=2.5)
    first.finish()
    second.wait()


def test_a_runner_without_a_token_gets_no_job_and_lives(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    runner.write(JOBS + runner_of(gitlab, token=""))
    until("loaded", lambda: runner.loaded() == 2, seconds=POLL + SLACK)
    job = gitlab.start(token=TOKEN)
    assert stays(lambda: job.state == "pending" and runner.alive(), seconds=2.5)


@pytest.mark.parametrize("how", ["poll", "SIGHUP"])
def test_a_reload_leaves_the_job_alone(runner: Process, gitlab: GitLab, how: str) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    text = f'concurrent = 3\nlog_level = "debug"\n{runner_of(gitlab, "limit = 1")}'
    runner.write(text.replace('name = "one"', 'name = "two"'))
    if how == "SIGHUP":
        runner.send(signal.SIGHUP)
    runner.wait_concurrent(3)
    job.finish()
    job.wait()


def test_with_more_jobs_than_concurrent_no_file_is_loaded_until_one_ends(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    first, second = gitlab.hold(token=TOKEN), gitlab.hold(token=TOKEN)
    runner.write(JOBS.replace("= 2", "= 1") + runner_of(gitlab))
    runner.wait_concurrent(1)
    runner.write("concurrent = 3\n" + runner_of(gitlab))
    runner.send(signal.SIGHUP)
    assert stays(lambda: runner.loaded() == 2, seconds=POLL + SLACK)
    first.finish()
    runner.wait_concurrent(3)
    second.finish()
    first.wait(), second.wait()


def test_a_runner_taken_out_while_its_job_runs_still_ends_it(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    runner.write("concurrent = 3\n")
    runner.wait_concurrent(3)
    job.finish()
    job.wait()


# -- the end, with a job ---------------------------------------------------------------------------------------------


def test_sigquit_waits_for_the_job_and_takes_no_other(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    first = gitlab.hold(token=TOKEN)
    runner.send(signal.SIGQUIT)
    runner.wait_log("Starting graceful shutdown")
    second = gitlab.start(token=TOKEN)
    assert stays(lambda: runner.alive() and second.state == "pending", seconds=2.5)
    first.finish()
    assert runner.ends() == 0
    assert (first.state, second.state) == ("success", "pending")


def test_another_sigquit_changes_nothing(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    runner.send(signal.SIGQUIT)
    runner.wait_log("Starting graceful shutdown")
    runner.send(signal.SIGQUIT)
    assert stays(runner.alive, seconds=1)
    job.finish()
    assert runner.ends() == 0
    assert job.state == "success"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_sigint_abort_the_job(runner: Process, gitlab: GitLab, number: signal.Signals) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    runner.send(number)
    assert runner.ends() == 0
    assert job.state == "runner_system_failure"


def test_sigterm_after_sigquit_aborts_the_job(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    runner.send(signal.SIGQUIT)
    runner.wait_log("Starting graceful shutdown")
    runner.send(signal.SIGTERM)
    assert runner.ends() == 0
    assert job.state == "runner_system_failure"


def test_fatal_concurrent_leaves_the_job_running_for_ever(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    runner.write(f"concurrent = 0\n{runner_of(gitlab)}")
    runner.send(signal.SIGHUP)
    assert runner.ends() == 1
    job.finish()
    assert stays(lambda: job.state == "running", seconds=2)


# -- rotation: the runner writes its own file ------------------------------------------------------------------------


def aging(gitlab: GitLab, obtained: str = PAST, expires: str = "2026-01-01T00:00:00Z", keys: str = "") -> str:
    """A configuration whose token has these dates; with a comment and an unknown key."""
    dates = f"token_obtained_at = {obtained}\ntoken_expires_at = {expires}\n{keys}"
    return f"# ours\n{JOBS}nonsense = 1\n{runner_of(gitlab, dates)}"


def rotated(runner: Process) -> bool:
    """Whether the file has another token; while it is written it is empty."""
    text = runner.config.read_text()
    return bool(text) and TOKEN not in text


def test_a_token_is_rotated_after_three_quarters_of_its_life_and_the_whole_file_written(
    runner: Process, gitlab: GitLab
) -> None:
    runner.write(aging(gitlab))
    runner.config.chmod(0o640)
    runner.spawn()
    until("rotated", lambda: rotated(runner), seconds=60)
    new = gitlab.runner(TOKEN).token
    text = runner.config.read_text()
    for line in ("check_interval = 1", "shutdown_timeout = 0", "session_timeout = 1800", "id = 0", f'token = "{new}"'):
        assert line in text
    assert re.search(r"token_obtained_at = 20\d\d-\d\d-\d\dT", text)
    for lost in ("# ours", "nonsense"):
        assert lost not in text
    assert runner.config.stat().st_mode & 0o777 == 0o640
    assert gitlab.start(token=new).wait().runner.token == new


def test_its_own_file_is_not_loaded_again(runner: Process, gitlab: GitLab) -> None:
    runner.start(aging(gitlab))
    until("rotated", lambda: rotated(runner), seconds=60)
    loads_before = runner.loaded()  # newer runners read it once more before they rotate
    assert stays(lambda: runner.loaded() == loads_before, seconds=2 * POLL + 0.5)


def test_a_rotation_writes_over_a_file_that_is_not_loaded_yet(runner: Process, gitlab: GitLab) -> None:
    due = datetime.now(UTC) + timedelta(seconds=POLL + 1.5)  # half-way between two polls
    obtained = due - timedelta(seconds=75)
    dates = f"{obtained:%Y-%m-%dT%H:%M:%S.%fZ}", f"{obtained + timedelta(seconds=100):%Y-%m-%dT%H:%M:%S.%fZ}"
    runner.start(aging(gitlab, *dates))
    new_config = aging(gitlab, *dates).replace("concurrent = 2", "concurrent = 3")
    until("nearly due", lambda: datetime.now(UTC) > due - timedelta(seconds=0.4), seconds=10)
    runner.write(new_config)
    until("rotated", lambda: rotated(runner), seconds=60)
    concurrency = 2 if runner.loaded() == 1 else 3  # on a busy machine a poll may come in between
    assert f"concurrent = {concurrency}" in runner.config.read_text()


def test_a_job_outlives_the_rotation(runner: Process, gitlab: GitLab) -> None:
    runner.start(JOBS + runner_of(gitlab))
    job = gitlab.hold(token=TOKEN)
    runner.write(aging(gitlab))
    until("rotated", lambda: rotated(runner), seconds=60)
    job.finish()
    job.wait()


@pytest.mark.parametrize("expires", ["0001-01-01T00:00:00Z", SOON], ids=["no end", "young"])
def test_otherwise_the_runner_never_writes_its_file(runner: Process, gitlab: GitLab, expires: str) -> None:
    runner.start(aging(gitlab, PAST, expires))
    assert stays(lambda: "# ours" in runner.config.read_text(), seconds=5)


def test_a_feature_flag_switches_rotation_off_from_17_0_on(runner: Process, gitlab: GitLab) -> None:
    flag = "[runners.feature_flags]\nFF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true\n"
    runner.start(aging(gitlab, keys=flag))
    assert stays(lambda: TOKEN in runner.config.read_text(), seconds=5) == (version() >= (17, 0))


def test_the_token_from_before_a_rotation_gets_no_more_jobs(runner: Process, gitlab: GitLab) -> None:
    runner.start(aging(gitlab))
    until("rotated", lambda: rotated(runner), seconds=60)
    loads_before = runner.loaded()
    runner.write(JOBS + runner_of(gitlab))
    until("loaded", lambda: runner.loaded() > loads_before, seconds=POLL + SLACK)
    job = gitlab.start(token=TOKEN)
    assert stays(lambda: job.state == "pending" and runner.alive(), seconds=3)


# -- lint: from 19.3 -------------------------------------------------------------------------------------------------


if version() >= (19, 3):

    def lint(folder: Path, text: str) -> int:
        (folder / "config.toml").write_text(text)
        return call("lint", "--config", str(folder / "config.toml")).returncode

    def test_lint_of_a_good_file_ends_with_0_and_makes_nothing(tmp_path: Path) -> None:
        assert lint(tmp_path, RUNNER) == 0
        assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]

    @pytest.mark.parametrize(
        "text",
        ["[", 'concurrent = "4"\n', "nonsense = 1\n", f"{RUNNER}nonsense = 1\n", f"{RUNNER}[runners.docker]\nx = 1\n"],
        ids=["toml", "type", "top", "runner", "docker"],
    )
    def test_lint_of_a_bad_file_ends_with_1(tmp_path: Path, text: str) -> None:
        assert lint(tmp_path, text) == 1

    @pytest.mark.parametrize(
        "text",
        ["nonsense = 1\n", f"{RUNNER}[[runners.kubernetes.volumes.host_path]]\nname = 'x'\nmount_path = '/x'\n"],
        ids=["key", "schema"],
    )
    def test_what_lint_refuses_may_well_be_loaded(tmp_path: Path, text: str) -> None:
        assert lint(tmp_path, text) == 1
        listed = call("list", "--config", str(tmp_path / "config.toml"))
        assert "Listing configured runners" in listed.stdout + listed.stderr

    def test_list_tells_what_cannot_be_loaded(tmp_path: Path) -> None:
        (tmp_path / "config.toml").write_text('concurrent = "4"\n')
        listed = call("list", "--config", str(tmp_path / "config.toml"))
        assert (listed.returncode, "Listing" in listed.stdout + listed.stderr) == (0, False)

    def test_lint_without_a_file_ends_with_1(tmp_path: Path) -> None:
        assert call("lint", "--config", str(tmp_path / "config.toml")).returncode == 1

    def test_lint_takes_a_fatal_concurrent_for_good(tmp_path: Path) -> None:
        assert lint(tmp_path, "concurrent = 0\n") == 0

else:

    def test_without_lint_the_command_is_unknown() -> None:
        assert call("lint").returncode == 1


if not REAL:

    def test_a_stand_in_says_so(runner: Process) -> None:
        assert "stand-in" in call("--version").stdout
        runner.start()
        assert "this is a stand-in" in runner.log
