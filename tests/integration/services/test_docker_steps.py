"""The scripts of docker's steps, under each shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runnerops.model.host_state import sha256
from runnerops.services.scripts import content
from tests.shells import SHELLS


def digest(text: str) -> str:
    return sha256(text.encode())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("info", "plain", "F", "a b", "--"), "as configured"),
        (("info", "plain", "F", "c", "a b", "--", "a"), "as configured"),
        (("info", "plain", "F", "x", "--"), "missing: x"),
        (("info", "plain", "F", "--", "c"), "still there: c"),
        (("info", "digests", "F", digest("a b"), "--", digest("a")), "as configured"),
        (("info", "digests", "F", "--", digest("c")), f"still there: {digest('c')}"),
        (("info", "plain", "OLD", "x", "--"), "as configured"),
        (("info", "plain", "DOWN", "x", "--"), "missing: x"),
        (("container", "plain", "F", "of other", "--"), "as configured"),
        (("container", "plain", "F", "x", "--"), "missing: x"),
    ],
)
def test_docker_lists_finds_present_and_missing_lines(
    shell: tuple[str, ...], words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    (tmp_path / "docker").write_text("""#!/bin/sh
    case $1$3 in
    infoF) printf 'a b\\nc\\n\\n' ;;
    infoOLD) echo "template: can't evaluate field Nope in type x" >&2; exit 1 ;;
    infoDOWN) echo 'Cannot connect' >&2; exit 1 ;;
    image*) printf 'broken\\nother\\n' ;;
    create*) [ "$4" != broken ] && echo "made-$4" ;;
    inspect*) echo "of ${6#made-}" ;;
    ps*) case $4 in *verify*) echo left ;; esac ;;
    rm*) echo "$*" >>"$0.removed" ;;
    esac
    """)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "docker-lists.sh").write_bytes(content("docker-lists.sh"))
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    command = [*shell, str(tmp_path / "docker-lists.sh"), *words]
    completed = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert (completed.stdout, completed.returncode) == (f"{says}\n", 0)
    removed = tmp_path / "docker.removed"
    assert (removed.read_text().splitlines() if removed.exists() else []) == (
        ["rm -fv left", "rm -fv made-other"] if words[0] == "container" else []
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_log_options_are_read_with_the_image_of_a_cache_and_few_calls(shell: tuple[str, ...], tmp_path: Path) -> None:
    docker = """case $1$4 in
    ps*project*) echo cache ;;
    inspect*) if [ "$6" = cache ]; then echo own; else echo "of ${6#made-}"; fi ;;
    create*) echo "made-$4" ;;
    esac"""
    words = ("container", "plain", "F", "of own", "--")
    status, calls = run_script(shell, "docker-lists.sh", {"docker": docker}, tmp_path, *words)
    assert status == 0
    assert [call.split()[1] for call in calls.splitlines()] == ["ps", "ps", "inspect", "create", "inspect", "rm"]


def run_script(shell: tuple[str, ...], name: str, fakes: dict[str, str], tmp_path: Path, *args: str) -> tuple[int, str]:
    """A script as the host runs it; the fakes' calls are kept in a file."""
    for program, body in fakes.items():
        fake = tmp_path / program
        fake.write_text(f'#!/bin/sh\ncd {tmp_path}\necho "{program} $*" >>calls\n{body}\n')
        fake.chmod(0o755)
    (tmp_path / name).write_bytes(content(name))
    command = [*shell, str(tmp_path / name)]
    (tmp_path / "sleep").write_text("#!/bin/sh\nkill $PPID\n")
    (tmp_path / "sleep").chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    limit = ["timeout", "-k", "1", "60"]
    completed = subprocess.run([*limit, *command, *args], env=path, capture_output=True, check=False)
    return completed.returncode, (tmp_path / "calls").read_text()


EVENTS = "case $1 in events) cat events ;; esac"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("earlier", "loads"), [("", True), ("17\n", True), ("17\n", False)])
def test_a_reload_ends_with_the_daemons_own_event(
    shell: tuple[str, ...], earlier: str, loads: bool, tmp_path: Path
) -> None:
    (tmp_path / "events").write_text(earlier)
    systemctl = "echo 18 >>events" if loads else ":"
    status, calls = run_script(
        shell, "docker-reload.sh", {"docker": EVENTS, "systemctl": systemctl}, tmp_path, "docker"
    )
    assert (status == 0) is loads
    assert "systemctl reload docker" in calls


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("invocation", "active", "last"),
    [("inv-1", True, "reload"), ("inv-2", True, "restart"), ("inv-1", False, "restart")],
)
def test_the_rollback_restarts_docker_only_if_the_run_did(
    shell: tuple[str, ...], invocation: str, active: bool, last: str, tmp_path: Path
) -> None:
    systemctl = f"case $1 in show) echo {invocation} ;; is-active) exit {0 if active else 3} ;; esac"
    status, calls = run_script(shell, "docker-return.sh", {"systemctl": systemctl}, tmp_path, "docker", "inv-1")
    assert status == 0
    assert calls.splitlines()[-1] == f"systemctl {last} docker"
