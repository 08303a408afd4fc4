"""A stand-in for GitLab, as far as a runner talks to it: hands out jobs, takes their traces and says what became of each.

`gitlab.start(script, token=…)` queues a job for the runner with that token, real or stand-in. Its state is what GitLab
would show for ever: a job that its runner never ends stays `running`.
"""

from __future__ import annotations

import itertools
import re
import secrets
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.lab.gitlab_api import OWN, Answer, serve
from tests.lab.gitlab_managed import ManagedRunners, Runner
from tests.lab.gitlab_notes import MergeRequestNotes
from tests.lab.shell import LabError, until

_STAMP = re.compile(r"^20\d\d-\S+Z \d\d[OE]\+? ?")
_REASONS = dict.fromkeys(("runner_interrupted", "unknown_failure"), "runner_system_failure")
"""What newer runners say of a job that they abort: the first to a GitLab that knows it, the other to one that does not."""

ENDED = ("success", "script_failure", "runner_system_failure")
UNTIL_TOLD = """
url="$CI_SERVER_URL/lab/finish/$CI_JOB_ID"
until code=$(curl -sf "$url" 2>/dev/null || wget -q -O - "$url" 2>/dev/null); do sleep 0.5; done
exit "$code"
"""


@dataclass
class Job:
    """A job and what became of it: `pending`, `running` (lost ones for ever) or a word of `ENDED`."""

    id: int
    runner: Runner
    script: str
    image: str
    variables: dict[str, str]
    token: str = field(default_factory=lambda: secrets.token_hex(10))
    state: str = "pending"
    trace: str = ""
    exit_code: int | None = None
    ended_at: float | None = None
    """`time.monotonic()` at which its runner said so."""
    told: int | None = None

    @property
    def lines(self) -> list[str]:
        """The lines of its trace, without the times and streams that newer runners put before each."""
        return [_STAMP.sub("", line) for line in self.trace.splitlines()]

    def finish(self, code: int = 0) -> None:
        """Tell a job of `hold` to end with that exit code."""
        self.told = code

    def wait(self, state: str = "success", *, seconds: float = 60) -> Job:
        """Wait for that state; LabError when the time is over or the job ended in another one."""
        until(f"job {self.id} {state}", lambda: self.state in (state, *ENDED), seconds=seconds)
        if self.state != state:
            raise LabError(f"job {self.id}: {self.state}, not {state}\n{self.trace[-2000:]}")
        return self


class GitLab(ManagedRunners):
    """The API. `url` has no trailing slash; `requests` are the method and path of each call so far."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.jobs: list[Job] = []
        self.requests: list[tuple[str, str]] = []
        self.faults: list[Answer] = []
        """What the next requests are answered with, each instead of the answer that it had."""
        self.turned_away: dict[str, list[Answer]] = {}
        """By the last word of a path: what its next requests are answered with before anything of them is carried out."""
        self.faults_of: dict[str, list[Answer]] = {}
        """The same for requests with this method alone."""
        self.asked = 0
        """Requests so far, those too that are not answered yet."""
        self.faults_at: dict[str, list[Answer]] = {}
        """The same for requests whose method and path (behind /api/v4) begin so: `PUT /runners`; with a `$` at the end they are
        just that. One that is answered with 429 is not carried out: GitLab counts requests before it looks at them."""
        self.slow = 0.0
        """Seconds before each answer."""
        self.merge_request = MergeRequestNotes()
        self._numbers = itertools.count(1)

    # -- for tests ---------------------------------------------------------------------------------------------------

    def start(self, script: str = "true", *, token: str, image: str = "", **variables: str) -> Job:
        """Queue a job for the runner that has, or had, this token. `image` is for the docker executor."""
        with self._lock:
            job = Job(next(self._numbers), self.runner(token), script, image, variables)
            self.jobs.append(job)
        return job

    def hold(self, *, token: str, image: str = "", seconds: float = 30) -> Job:
        """A job whose script runs now, and until `job.finish()`."""
        job = self.start(f"echo held\n{UNTIL_TOLD}", token=token, image=image)
        try:
            until("", lambda: "held" in job.lines or job.state in ENDED, seconds=seconds)
        except LabError as error:
            recent = self.requests[-10:]
            raise LabError(f"job {job.id} is {job.state} after {seconds:g} s, {recent}\n{job.trace}") from error
        return job.wait("running")

    def forget(self) -> None:
        """No job, no request, no runner."""
        with self._lock:
            self.jobs.clear()
            self.requests.clear()
            self.forget_runners()
            self.faults.clear()
            self.turned_away.clear()
            self.faults_of.clear()
            self.faults_at.clear()
            self.merge_request = MergeRequestNotes()

    # -- for runners -------------------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, body: dict[str, Any], text: str, header: dict[str, str]) -> Answer:
        """What GitLab says to one request. `body` is its JSON, `text` its content as it came."""
        self.asked += 1
        time.sleep(self.slow)
        with self._lock:
            self.requests.append((method, path))
            if no := self.turned_away.get(path.rpartition("/")[2]):
                return _put_in(no)
            call = f"{method} {path.removeprefix('/api/v4')}"
            at = next((faults for begins, faults in self.faults_at.items() if f"{call}$".startswith(begins)), [])
            if at and at[0].status == 429:
                return _put_in(at)
            match (method, *path.removeprefix("/api/v4").strip("/").split("/")):
                case "POST", "jobs", "request":
                    answer = self._hand_out(body)
                case "PATCH", "jobs", number, "trace":
                    answer = self._append(self._job(number, header.get("job-token", "")), text, header)
                case "PUT", "jobs", number:
                    answer = self._update(self._job(number, body.get("token", "")), body)
                case "POST", "runners":
                    answer = self._register(body)
                case "POST", "runners", "verify":
                    answer = self._verify(body)
                case "POST", "runners", "reset_authentication_token":
                    answer = self.rotated(self._known(body))
                case "GET", "lab", "finish", number:
                    job = self._job(number)
                    answer = Answer(200, str(job.told)) if job and job.told is not None else Answer(404)
                case "GET", "runners", number, "jobs" if self._may(header):
                    answer = self._jobs_of(number, body)
                case _, "projects", _, "merge_requests", _, "notes", *parts if self._may(header):
                    answer = self.merge_request.noted(method, parts, body, f"{self.url}{path}")
                case _, *parts:
                    answer = self.managed(method, parts, body, header.get("private-token", ""))
            faults = self.faults or self.faults_of.get(method, []) or at
            return _put_in(faults, answer) if faults else answer

    def _may(self, header: dict[str, str]) -> bool:
        return header.get("private-token", "") in self.api_tokens

    def _job(self, number: str, token: str | None = None) -> Job | None:
        jobs = (job for job in self.jobs if str(job.id) == number and token in (None, job.token))
        return next(jobs, None)

    def _jobs_of(self, number: str, parameters: dict[str, Any]) -> Answer:
        """A runner's jobs in short, as `Entities::Ci::JobBasicWithProject` has them, of any machine."""
        of_runner = (job for job in self.jobs if str(job.runner.id) == number)
        wanted = parameters.get("status")
        return Answer(200, [{"id": job.id, "status": job.state} for job in of_runner if wanted in {None, job.state}])

    def _known(self, body: dict[str, Any]) -> Runner | None:
        token = str(body.get("token", ""))
        return self.runner(token) if token and token not in self._revoked else None

    def _hand_out(self, body: dict[str, Any]) -> Answer:
        runner = self._known(body)
        if runner is None:
            return Answer(403)
        for job in self.jobs if not runner.paused else ():
            if job.runner is runner and job.state == "pending":
                job.state = "running"
                return Answer(201, self._payload(job))
        return Answer(204)

    def _payload(self, job: Job) -> dict[str, Any]:
        """A job as `POST /jobs/request` gives it, with the variables that GitLab itself sets."""
        own = {"CI": "true", "CI_JOB_ID": str(job.id), "CI_RUNNER_ID": str(job.runner.id), "CI_SERVER_URL": self.url}
        own |= {"CI_JOB_NAME": "held 1/2", "CI_PROJECT_PATH": "team/app", "CI_RUNNER_DESCRIPTION": "lab"}
        own["CI_JOB_STARTED_AT"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        variables = {**own, "CI_JOB_TOKEN": job.token, "GIT_STRATEGY": "none", **job.variables}
        git = {"repo_url": f"{self.url}/lab/project.git", "ref": "main", "ref_type": "branch", "refspecs": []}
        step = {"name": "script", "script": [job.script], "timeout": 3600, "when": "on_success"}
        return {
            "id": job.id,
            "token": job.token,
            "allow_git_fetch": True,
            "job_info": {"name": "test", "stage": "test", "project_id": 1, "project_name": "project"},
            "git_info": {**git, "sha": "0" * 40, "before_sha": "0" * 40},
            "runner_info": {"timeout": 3600},
            "variables": [{"key": k, "value": v, "public": True, "raw": True} for k, v in variables.items()],
            "steps": [{**step, "allow_failure": False}],
            **({"image": {"name": job.image}} if job.image else {}),
        }

    def _append(self, job: Job | None, text: str, header: dict[str, str]) -> Answer:
        if job is None:
            return Answer(403)
        start = int(header.get("content-range", "0").partition("-")[0])
        size = len(job.trace.encode())
        if start != size:
            return Answer(416, headers={"Range": f"0-{size}"})
        job.trace += text
        about = {"Job-Status": "running", "Range": f"0-{len(job.trace.encode())}"}
        return Answer(202, headers={**about, "X-GitLab-Trace-Update-Interval": "1"})

    def _update(self, job: Job | None, body: dict[str, Any]) -> Answer:
        if job is None:
            return Answer(403)
        if body.get("state") in ("success", "failed") and job.state == "running":
            reason = body.get("failure_reason", "unknown")
            job.state = "success" if body["state"] == "success" else _REASONS.get(reason, reason)
            job.exit_code = body.get("exit_code")
            job.ended_at = time.monotonic()
        return Answer(200, headers={"Job-Status": "running" if job.state == "running" else "done"})

    def _register(self, body: dict[str, Any]) -> Answer:
        """A runner of a registration token, which any text is that GitLab once gave such."""
        if not str(body.get("token", "")).startswith("GR1348941"):
            return Answer(403, {"message": "403 Forbidden - invalid token supplied"})
        runner = self.runner(secrets.token_hex(10))
        return Answer(201, {"id": runner.id, "token": runner.token, "token_expires_at": runner.expires_at})

    def _verify(self, body: dict[str, Any]) -> Answer:
        runner = self._known(body)
        if runner is None:
            return Answer(403, {"message": "403 Forbidden"})
        return Answer(200, {"id": runner.id, "token": runner.token, "token_expires_at": runner.expires_at})


def _put_in(faults: list[Answer], default: Answer | None = None) -> Answer:
    fault, default = faults.pop(0), default or Answer(0)
    return replace(default, late_s=fault.late_s) if fault.status == OWN else replace(fault, instead_of=default)


@contextmanager
def open_gitlab(address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[GitLab]:
    """A GitLab on a free port of that address, until the block is left."""
    gitlab = GitLab()
    with serve(address, gitlab.answer, tls) as gitlab.url:
        yield gitlab
