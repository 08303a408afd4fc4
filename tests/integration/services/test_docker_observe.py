"""The questions about a Docker daemon, under each shell."""

from __future__ import annotations

import subprocess
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.services import DOCKER
from tests.shells import SHELLS
from tests.unit.services.builders import daemon


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("argv", "path"),
    [
        ("/usr/bin/dockerd -H fd://", "/etc/docker/daemon.json"),
        ("/usr/bin/dockerd --config-file=/srv/d.json -H fd://", "/srv/d.json"),
        ("/usr/bin/dockerd --config-file /srv/d.json", "/srv/d.json"),
    ],
)
def test_the_script_finds_the_file_of_a_stopped_daemon(
    shell: tuple[str, ...], argv: str, path: str, tmp_path: Path
) -> None:
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"""{frame}
    systemctl() {{ printf '%s\\n' LoadState=loaded MainPID=0 \\
      'ExecStart={{ path=/usr/bin/dockerd ; argv[]={argv} ; ignore_errors=no ; status=0/0 }}'; }}
    limited() {{ "$@"; }}
    ask() {{ shift; "$@" >/dev/null; }}
    file() {{ printf '%s\\n' "$1"; }}
    {DOCKER.OBSERVE}
    observe_docker_unit {daemon({}).spec.path}
    """
    command = [*shell]
    completed = subprocess.run(command, input=script, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert (completed.stdout, completed.stderr) == (f"{path}\n", "")


API = {
    "info": '{"ID":"x","ServerVersion":"26.1.5"}',
    "images/json": '[{"Containers":-1,"Id":"sha256:1","Labels":{"a":"[\\"RepoTags\\":[\\"x\\"]"},"RepoDigests":null,'
    '"RepoTags":["registry:3.0.0"]}]',
    "containers/json": f'[{{"Id":"{"a" * 64}","Labels":{{"b":",\\"Id\\":\\"ff\\""}}}},{{"Id":"{"b" * 64}","Names":[]}}]',
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("lost", ["", *API])
def test_the_daemon_is_asked_on_its_socket_else_through_its_client(
    shell: tuple[str, ...], lost: str, tmp_path: Path
) -> None:
    for name, text in API.items():
        place = tmp_path / name.replace("/", "-")
        place.write_text("" if name == lost else f"{text}\n200 http://localhost/{name}\n")
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"""{frame}
    curl() {{ case $* in */info*) cat info images-json containers-json ;; esac; }}
    docker() {{ echo "client: $*"; }}
    limited() {{ "$@"; }}
    ask() {{ echo "$1:"; shift; "$@"; echo; }}
    {DOCKER.OBSERVE.replace('[ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ]', ":")}
    await_docker_daemon FORM
    """
    command = [*shell]
    completed = subprocess.run(command, input=script, capture_output=True, text=True, cwd=tmp_path, check=True)
    output = " ".join(completed.stdout.split())
    if lost:
        assert "docker_info: client: info" in output
        assert "docker_images: client: image ls" in output
    else:
        assert output.startswith(
            'docker_responses: {"ID":"x","ServerVersion":"26.1.5"} 200 http://localhost/info "RepoTags":["registry:3.0.0"] 200 '
        )
        assert output.endswith(f"client: inspect --type container --format FORM {'a' * 64} {'b' * 64}")
    assert completed.stderr == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_client_that_hangs_at_one_container_hides_no_other(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Without curl. At its time limit the client is killed, and has told of none."""
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"""{frame}
    {DOCKER.OBSERVE}
    docker_responses() {{ :; }}
    limited() {{ "$@"; }}
    timeout() {{ shift 3; "$@"; }}
    docker() {{ case $* in 'ps '*) echo a b c ;; *' b'*) return 137 ;; *) echo "$*" ;; esac; }}
    await_docker_daemon FORM
    """
    output = subprocess.run([*shell], input=script, capture_output=True, text=True, cwd=tmp_path, check=True).stdout
    assert [line.split()[-1] for line in output.splitlines() if line.startswith("inspect ")] == ["a", "c"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_daemon_that_hangs_is_asked_once(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Each further question would take its whole time limit too, and a look has one for all of them."""
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"""{frame}
    {DOCKER.OBSERVE}
    docker_responses() {{ :; }}
    timeout() {{ echo "asked" >>asked; return 137; }}
    default_limit=20 word=w
    await_docker_daemon FORM
    ask registry limited docker ps
    """
    output = subprocess.run([*shell], input=script, capture_output=True, text=True, cwd=tmp_path, check=False).stdout
    names = ("docker_info", "docker_images", "docker_containers", "registry")
    assert output.split() == [word for name in names for word in ("w", "fact", name, "w", "end", "137")]
    assert (tmp_path / "asked").read_text() == "asked\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("there", "status"), [(True, 0), (False, 1)])
def test_a_kernel_with_selinux_has_its_folder(shell: tuple[str, ...], there: bool, status: int, tmp_path: Path) -> None:
    if there:
        (tmp_path / "sys/fs/selinux").mkdir(parents=True)
    frame = package_files("runnerops.remote").joinpath("observe.sh").read_text()
    script = f"""{frame}
    {DOCKER.OBSERVE}
    word=w root={tmp_path}
    observe_docker_selinux
    """
    completed = subprocess.run([*shell], input=script, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert completed.stdout.split() == ["w", "fact", "docker_selinux", "w", "end", str(status)]
