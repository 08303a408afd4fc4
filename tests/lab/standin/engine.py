"""Docker's client, as the docker executor uses it."""

from __future__ import annotations

import subprocess


class DockerError(OSError):
    """Docker did not do it; the job fails as the runner's."""


def docker(*words: str, seconds: float = 120) -> str:
    """Run the client; its output. DockerError when it fails."""
    completed = subprocess.run(
        ["docker", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if completed.returncode:
        raise DockerError(f"docker {words[0]}: {completed.stderr.strip()}")
    return completed.stdout.strip()
