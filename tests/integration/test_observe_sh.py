"""The questions of an observation under every shell that hosts have as `sh`, with that shell's own tools."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runnerops.services.docker.observation import OBSERVE
from tests.unit.walker import SHELLS

ONE, TWO = "1" * 64, "f" * 64
CONTAINERS = f'[{{"Id":"{ONE}","Names":["/a"],"Labels":{{"x":"{{1,2}}"}}}},{{"Id":"{TWO}","Image":"b"}}]'


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0], name="shell")
def fixture_shell(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[tuple[str, ...], str]:
    """The shell, and a PATH with busybox's tools where it is busybox's."""
    path = "/usr/bin:/bin"
    if request.param[0] == "busybox":
        for name in ("grep", "sed"):
            (tmp_path / name).symlink_to(shutil.which("busybox") or "")
        path = f"{tmp_path}:{path}"
    return request.param, path


def test_every_container_of_the_daemon_is_asked_about(shell: tuple[tuple[str, ...], str]) -> None:
    argv, path = shell
    said = "\n200\n".join(("{}", "[]", CONTAINERS, ""))
    told = f"""newline='\n'
    curl() {{ printf '%s' '{said}'; }}
    ask() {{ echo "$*"; }}
    """
    here = OBSERVE.replace('[ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ]', ":")
    script = f"{here}\n{told}\nobserve_docker_daemon FORMAT\n"
    done = subprocess.run([*argv, "-s"], input=script, env={"PATH": path}, capture_output=True, text=True, check=True)
    inspect = f"docker_containers limited docker inspect --type container --format FORMAT {ONE} {TWO}"
    assert done.stdout.splitlines()[-1] == inspect
