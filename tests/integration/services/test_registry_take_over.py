"""The script that stops the container whose place a cache takes, and starts it again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runnerops.services.scripts import content


@pytest.mark.parametrize(
    ("policy", "stopped", "started"),
    [
        ("always", ["update --restart=no ID", "stop ID"], ["update --restart=always ID", "start ID"]),
        ("on-failure", ["update --restart=no ID", "stop ID"], ["update --restart=on-failure:3 ID", "start ID"]),
        ("unless-stopped", ["stop ID"], ["start ID"]),
        ("no", ["stop ID"], ["start ID"]),
    ],
)
def test_docker_starts_no_container_that_was_put_aside(
    policy: str, stopped: list[str], started: list[str], tmp_path: Path
) -> None:
    """Its policy comes back with it, also where the one that starts it knows of none any more."""
    run, docker = tmp_path / "runs/1", tmp_path / "bin/docker"
    for folder in (run, docker.parent):
        folder.mkdir(parents=True)
    (run / "aside.sh").write_bytes(content("container-aside.sh"))
    docker.write_text('#!/bin/sh\n[ "$1" != inspect ] || { echo 3; exit; }\necho "$@" >>../said\n')
    docker.chmod(0o755)
    for what, restart, texts in (("stop", policy, stopped), ("start", "no", started)):
        argv = ["sh", "aside.sh", what, "ID", restart, "1", "reg"]
        subprocess.run(argv, cwd=run, env={"PATH": f"{docker.parent}:{os.environ['PATH']}"}, check=True)
        assert (tmp_path / "runs/said").read_text().splitlines() == texts
        (tmp_path / "runs/said").unlink()
    assert (tmp_path / "originals/containers").read_text() == ""
