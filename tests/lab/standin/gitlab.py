"""GitLab's API, as a runner calls it."""

from __future__ import annotations

import json
from typing import Any

from .config import short
from .log import log
from .wire import ask

TIMEOUT = 10


def call(
    runner: dict[str, Any], method: str, path: str, body: dict[str, Any] | bytes, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer; status 0 when there is none."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/plain" if isinstance(body, bytes) else "application/json"
    url = f"{runner.get('url', '').rstrip('/')}/api/v4/{path}"
    about = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        status, answer = ask(method, url, content, about, TIMEOUT)
        return status, json.loads(answer or b"{}") if status < 300 else {}
    except (OSError, ValueError, IndexError) as error:
        log("debug", "Request failed", path=path, error=error)
        return 0, {}


def request_job(runner: dict[str, Any], system_id: str) -> dict[str, Any] | None:
    """The next job for this runner, now its own."""
    about = {"name": "gitlab-runner", "executor": runner.get("executor", "")}
    status, job = call(
        runner, "POST", "jobs/request", {"token": runner["token"], "system_id": system_id, "info": about}
    )
    if status == 403:
        log("error", "Checking for jobs... forbidden", runner=short(runner["token"]), status="403 Forbidden")
    return job if status == 201 else None


def append_trace(runner: dict[str, Any], job: dict[str, Any], start: int, text: bytes) -> bool:
    """Send a part of the job's log."""
    place = f"{start}-{start + len(text) - 1}"
    path = f"jobs/{job['id']}/trace"
    return call(runner, "PATCH", path, text, Job_Token=job["token"], Content_Range=place)[0] == 202


def update_job(runner: dict[str, Any], job: dict[str, Any], state: str, reason: str = "", code: int = 0) -> bool:
    """Say how the job stands."""
    body = {"token": job["token"], "state": state, "failure_reason": reason, "exit_code": code}
    return call(runner, "PUT", f"jobs/{job['id']}", body)[0] == 200


def verify(runner: dict[str, Any], system_id: str) -> tuple[int, dict[str, Any]]:
    """Whether GitLab knows the runner."""
    return call(runner, "POST", "runners/verify", {"token": runner.get("token", ""), "system_id": system_id})


def reset_token(runner: dict[str, Any]) -> dict[str, Any] | None:
    """A new token in place of the one it has."""
    status, answer = call(runner, "POST", "runners/reset_authentication_token", {"token": runner["token"]})
    return answer if status == 201 else None
