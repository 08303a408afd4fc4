"""The questions about gitlab-runner, under each shell."""

from __future__ import annotations

import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.services import GITLAB_RUNNER
from tests.shells import SHELLS

# ------------------------------------------------------------------------------------------------------- observe.sh

OBSERVE_SH = package_files("runnerops.remote").joinpath("observe.sh").read_text()
FRAME = """
limited() { "$@"; }
ask() { echo "[$1]"; shift; "$@" 2>/dev/null </dev/null; }
file() { echo "[file] $1"; }
recall() { :; }
fingerprint() { :; }
systemctl() { cat "$root/unit"; }
curl() { echo "curl $*" >&2; return 7; }
wget() { for url; do :; done; printf 'gitlab_runner_jobs{} 1 %s\\ngo_threads 8\\n' "$url"; }
"""


def observe(shell: tuple[str, ...], tmp_path: Path, *call: str) -> str:
    """What a function of observe.sh says where `tmp_path` is the root."""
    command = [*shell]
    script = f"{OBSERVE_SH}\nroot={tmp_path}\n{FRAME}{GITLAB_RUNNER.OBSERVE}{' '.join(call)}\n"
    completed = subprocess.run(command, input=script, capture_output=True, text=True, cwd=tmp_path, check=True)
    return completed.stdout


def process(root: Path, pid: int, *argv: str, group: str = "0::/a", environ: str = "") -> None:
    folder = root / "proc" / str(pid)
    folder.mkdir(parents=True)
    name = argv[0].rpartition("/")[2][:15]
    (folder / "environ").write_text(environ)
    (folder / "comm").write_text(f"{name}\n")
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in argv))
    (folder / "cgroup").write_text(f"{group}\n")
    (folder / "stat").write_text(f"{pid} ({name}) S 1 {pid} {pid} 0 -1 4194560 7\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_only_a_process_of_gitlab_runner_run_is_a_runner(shell: tuple[str, ...], tmp_path: Path) -> None:
    process(tmp_path, 42, "/usr/bin/gitlab-runner", "run", "--config", "/x", group="0::/unit")
    process(tmp_path, 43, "gitlab-runner-linux-amd64", "--debug", "run-single", group="0::/single")
    process(tmp_path, 44, "gitlab-runner", "--version", group="0::/ourselves")
    process(tmp_path, 45, "gitlab-runner-helper", "cache-extractor", group="0::/helper")
    process(tmp_path, 46, "sh", "-c", "gitlab-runner run", group="0::/other")
    output = observe(shell, tmp_path, "observe_runner_processes")
    processes, _, groups = output.partition("[runner_groups]")
    groups, _, job_ids = groups.partition("[runner_job_ids]")
    assert "42 1 S gitlab-runner\n" in processes
    assert sorted(line.rpartition("/")[2] for line in groups.split()) == ["single", "unit"]
    assert job_ids.split() == []


@pytest.mark.parametrize("shell", SHELLS)
def test_jobs_are_read_from_the_environments_of_processes(shell: tuple[str, ...], tmp_path: Path) -> None:
    process(tmp_path, 42, "/usr/bin/gitlab-runner", "run")
    process(tmp_path, 50, "su")
    process(tmp_path, 51, "make", environ="A=b\0CI_JOB_ID=4711\0MY_CI_JOB_ID=3\0")
    process(tmp_path, 52, "sh", environ="X=CI_JOB_ID=9\0Y=1\nCI_JOB_ID=text\0CI_JOB_ID=12\0")
    output = observe(shell, tmp_path, "observe_runner_processes").partition("[runner_job_ids]")[2]
    assert output.split("\n")[1:-1] == ["51 4711", "52 12"]


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_runner_no_environment_is_read(shell: tuple[str, ...], tmp_path: Path) -> None:
    process(tmp_path, 51, "make", environ="CI_JOB_ID=4711\0")
    assert "runner_job_ids" not in observe(shell, tmp_path, "observe_runner_processes")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("content", ["s_0123456789ab", "r_0123456789ab\n", None])
def test_the_system_id_is_read_beside_the_file(shell: tuple[str, ...], content: str | None, tmp_path: Path) -> None:
    (tmp_path / "unit").write_text("LoadState=loaded\nActiveState=inactive\nMainPID=0\n")
    (tmp_path / "etc").mkdir()
    if content:
        (tmp_path / "etc" / ".runner_system_id").write_text(content)
    output = observe(shell, tmp_path, "prepare_runner", "/etc/c.toml", "\nobserve_runner_unit")
    assert f"[runner_system]\n{(content or '').strip()}\n" in output


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["gitlab-runner", "run", "--config", "/srv/a b.toml"], "/srv/a b.toml"),
        (["gitlab-runner", "run", "-c", "/one", "--config=/two"], "/two"),
        (["gitlab-runner", "run"], "/etc/default"),
    ],
)
def test_the_file_that_the_runner_reads(shell: tuple[str, ...], argv: list[str], path: str, tmp_path: Path) -> None:
    (tmp_path / "unit").write_text("LoadState=loaded\nActiveState=active\nMainPID=42\n")
    process(tmp_path, 42, *argv)
    output = observe(shell, tmp_path, "prepare_runner", "/etc/default", "\nobserve_runner_unit")
    assert f"[file] {path}\n" in output
    assert "\n".join(argv) in output


@pytest.mark.parametrize("shell", SHELLS)
def test_the_arguments_of_a_stopped_unit_come_from_its_properties(shell: tuple[str, ...], tmp_path: Path) -> None:
    start = "{ path=/g ; argv[]=/g run --config /srv/c.toml --user u ; ignore_errors=no ; start_time=[n/a] }"
    (tmp_path / "unit").write_text(f"LoadState=loaded\nActiveState=inactive\nMainPID=0\nExecStart={start}\n")
    assert "[file] /srv/c.toml\n" in observe(shell, tmp_path, "prepare_runner", "/etc/default", "\nobserve_runner_unit")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("text", "url"),
    [
        ('listen_address = ":9252"', "http://127.0.0.1:9252/metrics"),
        ('\tlisten_address\t= "[::1]:9252" # x', "http://[::1]:9252/metrics"),
        ('# listen_address = ":1"\nlisten_addresses = ":2"', ""),
        ("  listen_address='192.0.2.1:1'", "http://192.0.2.1:1/metrics"),
        ('listen_address = "localhost"', "http://localhost:9252/metrics"),
        ('[session_server]\nlisten_address = ":8093"', ""),
        ("concurrent = 1", ""),
    ],
)
def test_the_metrics_page_is_requested_if_it_is_configured(
    shell: tuple[str, ...], text: str, url: str, tmp_path: Path
) -> None:
    (tmp_path / "unit").write_text("LoadState=loaded\nActiveState=inactive\nMainPID=0\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "c.toml").write_text(f"{text}\n")
    output = observe(shell, tmp_path, "prepare_runner", "/etc/c.toml", "\nawait_runner_metrics")
    _, _, page = output.partition("[runner_metrics]\n")
    assert page == (f"gitlab_runner_jobs{{}} 1 {url}\n" if url else "")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("code", "expected"), [("200", "gitlab_runner_jobs{} 7\n"), ("000", "gitlab_runner_jobs{} 1 URL\n")]
)
def test_a_metrics_page_that_came_with_others_is_not_requested_again(
    shell: tuple[str, ...], code: str, expected: str, tmp_path: Path
) -> None:
    """It counts jobs: where it did not come it is asked for again."""
    (tmp_path / "unit").write_text("LoadState=loaded\nActiveState=inactive\nMainPID=0\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "c.toml").write_text('listen_address = ":9252"\n')
    url = "http://127.0.0.1:9252/metrics"
    came = f"\nresponses='gitlab_runner_jobs{{}} 7\npage {code} {url}'"
    output = observe(shell, tmp_path, "prepare_runner", "/etc/c.toml", came, "\nawait_runner_metrics")
    assert output.partition("[runner_metrics]\n")[2] == expected.replace("URL", url)
