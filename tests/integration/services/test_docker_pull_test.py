"""The pull test on a host without curl: the output of `docker pull` counts as an error only if the pull failed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runnerops.model.answers import Answer
from runnerops.services.docker import verify
from runnerops.services.docker.action.containers import GUEST
from runnerops.services.scripts import content
from tests.shells import SHELLS

PULL_TEST = Path(verify.__file__).with_name("pull-test.sh")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("docker", "error"),
    [
        ("echo docker.io/library/alpine:3", ""),
        ("echo WARNING: odd >&2; echo docker.io/library/alpine:3", ""),
        (
            "echo Error response from daemon: manifest unknown >&2; exit 1",
            "Error response from daemon: manifest unknown",
        ),
        ("exit 137", "docker pull did not end within 300 s"),
    ],
)
def test_without_curl_the_client_pulls(shell: tuple[str, ...], docker: str, error: str, tmp_path: Path) -> None:
    for name in ("cat", "timeout"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{docker}\n")
    (tmp_path / "docker").chmod(0o755)
    script = f"{PULL_TEST.read_text()}\ndocker_pull marker library/alpine 3\n"
    completed = subprocess.run(
        [*shell, "-s"],
        input=script.encode(),
        env={"PATH": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    pull = verify.pull_of({"docker_pull": Answer(0, completed.stdout), "docker_after": Answer(0, b"removed\n")})
    assert (pull.error, pull.marked) == (error, False)


def test_a_guest_is_known_by_the_label_that_scripts_give_it() -> None:
    """What it is asked from ends with its question: it keeps no restart of Docker off, and no job is seen in it."""
    scripts = (PULL_TEST.read_text(), content("containers-reach.sh").decode())
    assert all(f'--label "{GUEST}=' in text for text in scripts)
