"""Finds out who asks for a run and from where, from the environment and git, once, before planning."""

from __future__ import annotations

import getpass
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from runnerops.model.inventory import CiJob, Requester


def find_requester(environ: Mapping[str, str], folder: Path, command_id: str = "") -> Requester:
    """Uses the variables of a GitLab job; without one, the local user, the machine and the commit of `folder`'s
    checkout.
    """
    return Requester(
        user=environ.get("GITLAB_USER_LOGIN") or _user(),
        machine=environ.get("CI_RUNNER_DESCRIPTION") or socket.gethostname(),
        commit=environ.get("CI_COMMIT_SHA") or _commit(folder),
        pipeline=environ.get("CI_PIPELINE_URL", ""),
        command_id=command_id,
    )


def find_job(environ: Mapping[str, str]) -> CiJob | None:
    """The GitLab job that this command runs in, by its predefined variables; None outside of a job."""
    if not environ.get("CI_JOB_ID"):
        return None
    number = environ.get("CI_RUNNER_ID", "")
    return CiJob(
        id=environ["CI_JOB_ID"],
        server_url=environ.get("CI_SERVER_URL", ""),
        runner_id=int(number) if number.isdecimal() else 0,
        short_token=environ.get("CI_RUNNER_SHORT_TOKEN", ""),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user id has no name, as in some containers
        return "unknown"


def _commit(folder: Path) -> str:
    try:
        command = ("git", "-C", str(folder), "rev-parse", "HEAD")
        completed = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return completed.stdout.strip() if completed.returncode == 0 else ""
