"""Scripts on a host always ask its own Docker daemon, whatever the environment of root says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runnerops.model.steps import Step
from runnerops.remote import observation
from tests.integration.walker import HOST_SH, Walker
from tests.shells import SHELLS

DOCKER = """#!/bin/sh
printf '%s|%s\\n' "${DOCKER_HOST-none}" "${DOCKER_CONTEXT-none}"
exit 3
"""
ELSEWHERE = {"DOCKER_HOST": "tcp://192.0.2.1:2375", "DOCKER_CONTEXT": "far", "DOCKER_TLS_VERIFY": "1"}


@pytest.fixture(name="path")
def fixture_path(tmp_path: Path) -> str:
    """Where a `docker` says whom it would ask."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("shell", SHELLS)
def test_an_observation_asks_the_hosts_own_daemon(shell: tuple[str, ...], path: str, tmp_path: Path) -> None:
    script = observation.build_script("0" * 32, [("ask", "whom", "sh", "-c", "docker; true")], [])
    environ = {**ELSEWHERE, "PATH": path, "RUNNEROPS_ROOT": str(tmp_path)}
    output = subprocess.run([*shell, "-s"], input=script, env=environ, capture_output=True, check=True).stdout
    answers, _ = observation.decode_observation("0" * 32, output)
    assert answers["whom"].text.strip() == "unix:///var/run/docker.sock|none"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_step_asks_the_hosts_own_daemon(shell: tuple[str, ...], path: str, tmp_path: Path) -> None:
    walker = Walker(tmp_path, shell)
    walker.prepare([Step("run", ("5", "docker"))])
    argv = [*shell, str(HOST_SH), "walk", str(walker.folder)]
    subprocess.run(argv, env={**ELSEWHERE, "PATH": path, "RUNNEROPS_ROOT": str(tmp_path)}, check=False)
    assert "unix:///var/run/docker.sock|none" in [event.text for event in walker.events()]
