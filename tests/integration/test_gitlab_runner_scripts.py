"""The scripts of gitlab-runner's steps, under each shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.steps.drain import RESET, STAY
from runnerops.services.scripts import named_by, script
from tests.integration.shell_host import ShellHost
from tests.shells import SH, SHELLS

PAGE = "http://127.0.0.1:9252/metrics"

FAKES = {
    "systemctl": """
case "$1 $2" in
"is-active -q") [ -e returning ] ;;
"show -p") [ ! -e upgraded ] || { rm upgraded; exit 1; }
    case $3 in InvocationID) echo abc; exit ;; esac
    case $3 in ActiveState) cat unit-state 2>/dev/null; exit ;; esac
    pid=$(cat pid 2>/dev/null || echo 0)
    if [ "$4" = --value ]; then echo "$pid"
    elif [ "$pid" = 0 ]; then printf '%s\\n' MainPID=0 ActiveState=inactive
    else printf '%s\\n' "MainPID=$pid" ActiveState=active; fi ;;
"kill -s") [ ! -e again ] || { rm again; echo 44 >pid; exit; }
    [ "$3" != QUIT ] || [ -e busy ] || rm -f pid; [ -e pid ] ;;
"stop "*) rm -f pid ;;
"start "*) echo 43 >pid ;;
esac
""",
    "journalctl": """
case "$*" in
*--show-cursor*) [ ! -e journal ] || echo "-- cursor: s=1;i=2" ;;
*"--after-cursor=s=1;i=2"*) cat journal ;;
*_SYSTEMD_INVOCATION_ID=abc*) cat told 2>/dev/null ;;
esac
""",
    "systemd-run": '[ ! -e clash ] || { rm clash; exit 1; }\nwhile [ "$1" != sh ]; do shift; done; "$@"',
    "curl": "[ -e page ] || exit 7; cat page",
    "wget": "exit 4",
    "sleep": '[ "$1" != 1 ] || [ ! -e busy ] || rm -f busy pid',
}


class Host(ShellHost):
    """A host whose runner has the process 42 and a journal."""

    def __init__(self, shell: tuple[str, ...], folder: Path) -> None:
        super().__init__(shell, folder, FAKES)
        self.put("pid", "42")
        self.put("journal")

    def config(self, what: str, *args: str) -> str:
        return self.run("runner-config.sh", what, "gitlab-runner", *args)

    def line(self, text: str) -> str:
        return self.execute("-c", text, "sh", "gitlab-runner")

    def run(self, name: str, *args: str) -> str:
        for each, content in named_by([Step("run", script(name, *args))]).items():
            (self.folder / each).write_bytes(content)
        return self.execute(name, *args)

    def polls(self, *args: str) -> list[str]:
        """Whether the file is loaded, as an `await` asks it: twice."""
        return [self.config("--loaded", *args), self.config("--loaded", *args)]


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(request.param, tmp_path)


@pytest.fixture
def simulated(tmp_path: Path) -> Host:
    """Under one shell: what is a matter of logic, not of the shell."""
    return Host(SH, tmp_path)


GONE = "ERROR: Failed to load config stat /etc/gitlab-runner/config.toml: no such file or directory  builds=0"
LOADED = ["loaded; checking once more", "loaded"]
NOT_YET = ["it has not loaded the file yet", "it has not loaded the file yet"]
HIDDEN = ["loaded, as far as can be seen at this log level; checking once more", "loaded"]


def count(number: int) -> str:
    return f"gitlab_runner_configuration_loaded_total {number}"


@pytest.mark.parametrize(
    ("journal", "page", "args", "expected"),
    [
        ("x Configuration loaded  builds=0", "", ("42", "info", "-"), LOADED),
        ("", "", ("42", "info", "-"), NOT_YET),
        ("", "", ("42", "quiet", "-"), HIDDEN),
        ("Failed to load config toml: line 1", "", ("42", "info", "-"), ["it refused its config.toml"] * 2),
        ("Failed to load config toml: line 1", "", ("42", "quiet", "-"), ["it refused its config.toml"] * 2),
        (f"Configuration loaded\n{GONE}", "", ("any", "info, no file", "-"), LOADED),
        (GONE, "", ("any", "info, no file", "-"), NOT_YET),
        (GONE, "", ("any", "quiet, no file", "-"), HIDDEN),
        (f"Configuration loaded\n{GONE}", "", ("any", "info", "-"), ["it refused its config.toml"] * 2),
        ("Failed to load config toml: line 1", "", ("any", "info, no file", "-"), ["it refused its config.toml"] * 2),
        ("Failed to load config x\nConfiguration loaded", "", ("42", "info", "-"), LOADED),
        ("Configuration loaded\nFailed to load config x", "", ("42", "info", "-"), ["it refused its config.toml"] * 2),
        ("Configuration loaded", "", ("41", "info", "-"), ["the unit has another process than before"] * 2),
        ("Configuration loaded", "", ("any", "info", "-"), LOADED),
        ("", count(2), ("42", "quiet", PAGE), LOADED),
        ("", count(1), ("42", "quiet", PAGE), NOT_YET),
        ("", "", ("42", "quiet", PAGE), HIDDEN),
        ("Configuration loaded", count(1), ("42", "info", PAGE), LOADED),
    ],
)
def test_what_shows_that_the_file_is_loaded(
    simulated: Host, journal: str, page: str, args: tuple[str, ...], expected: list[str]
) -> None:
    simulated.put("page", count(1))
    simulated.config("--mark", args[-1])
    simulated.put("journal", journal)
    simulated.put("page", page)
    assert simulated.polls(*args) == expected


TOLD = "WARNING: Starting graceful shutdown, waiting for builds to finish  StopSignal=quit builds=1"


def test_a_process_that_was_told_to_end_loads_no_file(host: Host) -> None:
    host.config("--heeds")
    host.put("told", TOLD)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        host.config("--heeds")
    assert "was told to end after its last job (SIGQUIT)" in failed.value.stdout
    host.config("--mark", "-")
    assert host.config("--loaded", "any", "info", "-") == NOT_YET[0], "a deploy must not count it as loaded"
    assert host.config("--back", "any", "info", "-") == "loaded", "a rollback leaves it as it was"
    assert "loads no file until it has started again" in (host.folder / "notes").read_text()


def test_every_shell_sees_it(host: Host) -> None:
    host.put("page", count(1))
    host.config("--mark", PAGE)
    assert host.config("--loaded", "42", "info", PAGE) == NOT_YET[0]
    host.put("page", count(2))
    assert host.config("--loaded", "42", "info", PAGE) == LOADED[0]
    host.put("journal", "Failed to load config\nConfiguration loaded")
    assert host.config("--loaded", "42", "info", "-") == "loaded"


def test_a_new_process_counts_from_the_start(simulated: Host) -> None:
    simulated.config("--mark", "-")
    simulated.put("page", count(1))
    assert simulated.polls("any", "quiet", PAGE) == LOADED


def test_where_there_is_no_journal_the_log_cannot_tell(simulated: Host) -> None:
    simulated.take("journal")
    simulated.config("--mark", "-")
    assert simulated.polls("42", "info", "-") == HIDDEN


def test_the_two_polls_are_a_second_apart(host: Host) -> None:
    """An `await` asks more often than that at first."""
    host.config("--mark", "-")
    host.put("journal", "Configuration loaded")
    assert host.polls("any", "info", "-") == LOADED
    assert host.calls.count("sleep 1") == 1


def test_a_process_that_ends_between_two_polls_has_not_loaded_its_file(simulated: Host) -> None:
    simulated.config("--mark", "-")
    simulated.put("journal", "Configuration loaded")
    assert simulated.config("--loaded", "any", "info", "-") == LOADED[0]
    simulated.put("pid", "43")
    assert simulated.config("--loaded", "any", "info", "-") == LOADED[0]
    simulated.take("pid")
    assert simulated.config("--loaded", "any", "info", "-") == "the unit is not active"


def test_a_new_act_is_verified_anew(simulated: Host) -> None:
    simulated.put("journal", "Configuration loaded")
    simulated.config("--mark", "-")
    assert simulated.polls("any", "info", "-") == LOADED
    simulated.config("--mark", "-")
    assert simulated.config("--loaded", "any", "info", "-") == LOADED[0]


@pytest.mark.parametrize(("busy", "wish", "runs"), [(True, "start", True), (False, "stop", False)])
def test_a_return_waits_for_the_last_job_and_does_as_wished(host: Host, busy: bool, wish: str, runs: bool) -> None:
    if busy:
        host.put("busy")
    host.run("runner-return.sh", "gitlab-runner", wish)
    assert "systemctl kill -s QUIT --kill-who=main gitlab-runner" in host.calls
    assert ("sleep 1" in host.calls) is busy
    assert "systemctl stop gitlab-runner" in host.calls
    assert host.has("pid") is runs


def test_a_systemd_that_does_not_answer_is_asked_again_before_the_unit_is_stopped(host: Host) -> None:
    host.put("upgraded")
    host.run("runner-return.sh", "gitlab-runner", "start")
    calls = [call for call in host.calls if call.startswith(("systemctl kill", "systemctl stop"))]
    assert calls == ["systemctl kill -s QUIT --kill-who=main gitlab-runner", "systemctl stop gitlab-runner"]


@pytest.mark.parametrize(("wish", "kills"), [("start", 1), ("stop", 2)])
def test_a_unit_that_starts_itself_again_is_not_waited_for_twice(host: Host, wish: str, kills: int) -> None:
    """Its new process has the file as it is now, which is what `start` is for; for `stop` it is told as well."""
    host.put("again")
    host.run("runner-return.sh", "gitlab-runner", wish)
    assert sum(call.startswith("systemctl kill") for call in host.calls) == kills
    assert ("systemctl stop gitlab-runner" in host.calls) is (wish == "stop")
    assert host.has("pid") is (wish == "start")


@pytest.mark.parametrize("clash", [True, False])
def test_a_return_takes_the_place_of_one_that_waits_already(host: Host, clash: bool) -> None:
    if clash:
        host.put("clash")
    host.run("runner-return-later.sh", "gitlab-runner", "runner-return.sh", "start")
    starts = [call for call in host.calls if call.startswith("systemd-run")]
    assert host.calls[0] == "systemctl stop runnerops-return-gitlab-runner"
    assert len(starts) == 1 + clash
    assert starts[0].startswith("systemd-run --collect --quiet --unit=runnerops-return-gitlab-runner sh /")
    assert (host.folder / "pid").read_text() == "43\n"


def test_a_return_that_waits_for_jobs_comes_by_itself(host: Host) -> None:
    host.config("--mark", "-")
    host.put("returning")
    texts = [host.config("--returned", "any", "info", "-") for _ in range(2)]
    assert texts == ["it is not back yet", "loaded"]
    assert (host.folder / "notes").read_text() == "gitlab-runner starts by itself after its last job\n"


def test_a_return_that_is_done_is_verified(simulated: Host) -> None:
    simulated.config("--mark", "-")
    simulated.put("journal", "Configuration loaded")
    assert [simulated.config("--returned", "any", "info", "-") for _ in range(2)] == LOADED


def test_a_process_that_died_of_its_file_is_started(host: Host) -> None:
    host.run("runner-load-or-start.sh", "gitlab-runner")
    assert (host.folder / "pid").read_text() == "42\n"
    host.take("pid")
    host.run("runner-load-or-start.sh", "gitlab-runner")
    assert (host.folder / "pid").read_text() == "43\n"


def test_what_is_gone_already_is_no_failure(host: Host) -> None:
    host.take("pid")
    host.run("runner-signal.sh", "--if-there", "gitlab-runner", "QUIT", "main")
    host.line(STAY)
    host.line(RESET)
    assert not host.has("signalled")


@pytest.mark.parametrize("flags", [(), ("--if-there",)])
def test_who_was_told_to_end_is_noted(host: Host, flags: tuple[str, ...]) -> None:
    host.put("busy")
    host.run("runner-signal.sh", *flags, "gitlab-runner", "QUIT", "main")
    assert (host.folder / "signalled").read_text() == "42\n"


@pytest.mark.parametrize(("signal", "is_told"), [("QUIT", False), ("TERM", True)])
def test_a_runner_that_systemd_is_stopping_gets_no_second_signal_unless_its_jobs_are_to_end(
    host: Host, signal: str, is_told: bool
) -> None:
    host.put("busy")
    host.put("unit-state", "deactivating")
    host.run("runner-signal.sh", "gitlab-runner", signal, "main")
    assert (host.folder / "signalled").read_text() == "42\n"
    assert ("systemctl kill" in (host.folder / "calls").read_text()) is is_told
