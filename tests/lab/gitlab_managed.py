"""The stand-in for GitLab, as far as it is managed with a token of its API: runners created, listed, set and deleted.

Requests and answers are those of GitLab's own source (`lib/api/user_runners.rb`, `lib/api/ci/runners.rb`).
"""

from __future__ import annotations

import copy
import itertools
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.lab.gitlab_api import Answer

_OF = {"group_type": "group", "project_type": "project"}
NOT_FOUND = Answer(404, {"message": "404 Not found"})


@dataclass
class Runner:
    """A registered runner. `token` changes when it is rotated; the old one is then refused."""

    id: int
    token: str
    expires_at: str | None = None
    paused: bool = False
    status: str = "online"
    settings: dict[str, Any] = field(default_factory=dict)
    place: str = ""
    """Where the API created it: `groups/42`, `projects/7`, `instance`; empty for others."""


class ManagedRunners:
    """GitLab's runners, by token."""

    def __init__(self) -> None:
        self.api_tokens: set[str] = set()
        """Tokens that may manage runners."""
        self.lifetime: timedelta | None = None
        """How long a new token lives; None is for ever."""
        self.managers: dict[str, str] = {}
        """Machines that use the token of any runner here: their status by system id."""
        self.paths: dict[str, int] = {}
        """Numbers of groups and projects, by `groups/PATH` and `projects/PATH`."""
        self._runners: dict[str, Runner] = {}
        self._revoked: set[str] = set()
        self._runner_numbers = itertools.count(1)
        self._lock = threading.RLock()

    def runner(self, token: str) -> Runner:
        """The runner that has or had this token; made when it is asked for first."""
        with self._lock:
            if token not in self._runners:
                self._runners[token] = Runner(next(self._runner_numbers), token)
            return self._runners[token]

    @property
    def created(self) -> list[Runner]:
        """What the API created and nobody has deleted."""
        with self._lock:
            return list({runner.id: runner for runner in self._runners.values() if runner.place}.values())

    def revoke(self, token: str) -> None:
        """From now on this token is refused."""
        with self._lock:
            self._revoked.add(token)

    def discard(self, runner: Runner) -> None:
        """It is deleted, and its token refused."""
        with self._lock:
            self._revoked |= {token for token, gitlab_runner in self._runners.items() if gitlab_runner is runner}
            self._runners = {
                token: gitlab_runner for token, gitlab_runner in self._runners.items() if gitlab_runner is not runner
            }

    def forget_runners(self) -> None:
        """No runner, and every token is as good as new."""
        with self._lock:
            self._runners.clear()
            self._revoked.clear()
            self.managers.clear()
            self.lifetime = None

    def snapshot(self) -> Callable[[], None]:
        """What brings the runners, tokens and machines of now back, as often as it is called."""
        with self._lock:
            now = copy.deepcopy((self._runners, self._revoked, self.managers, self._runner_numbers))

        def restore() -> None:
            with self._lock:
                self._runners, self._revoked, self.managers, self._runner_numbers = copy.deepcopy(now)

        return restore

    def rotated(self, runner: Runner | None) -> Answer:
        """A new token; the runner keeps its id and its jobs."""
        if runner is None:
            return Answer(403)
        self._revoked.add(runner.token)
        runner.token = f"glrt-{secrets.token_hex(11)[:21]}"
        self._runners[runner.token] = runner
        runner.expires_at = self.expiry()
        return Answer(201, {"token": runner.token, "token_expires_at": runner.expires_at})

    def expiry(self) -> str | None:
        """When a token that is made now expires."""
        until_then = datetime.now(UTC) + self.lifetime if self.lifetime else None
        return until_then.strftime("%Y-%m-%dT%H:%M:%S.000Z") if until_then else None

    def managed(self, method: str, parts: Sequence[str], body: dict[str, Any], token: str) -> Answer:
        """The answer to a call that takes a token of the API."""
        call = "/".join(parts)
        if not re.fullmatch(
            r"user/runners|(groups|projects)/[^/]+(/runners)?|runners/(\d+(/reset_authentication_token|/managers|/jobs)?|all)"
            r"|projects/[^/]+/merge_requests/\d+/notes(/\d+)?",
            call,
        ):
            return Answer(404)
        if token not in self.api_tokens:
            return Answer(401, {"message": "401 Unauthorized"})
        if (method, call) == ("POST", "user/runners"):
            return self._create(body)
        if parts[-1] in {"runners", "all"}:
            place = "instance" if parts[-1] == "all" else f"{parts[0]}/{self._number(*parts[:2])}"
            return self._listed(place, body)
        if parts[0] == "runners":
            return self._of(method if parts[-1] != "managers" else "managers", parts[1], body)
        number = self._number(*parts)
        return Answer(200, {"id": number}) if number else NOT_FOUND

    def _of(self, method: str, number: str, body: dict[str, Any]) -> Answer:
        runner = next((runner for runner in self._runners.values() if str(runner.id) == number), None)
        if runner is None:
            return NOT_FOUND
        if method == "managers":
            return Answer(
                200, [{"id": 1, "status": status, "system_id": text} for text, status in self.managers.items()]
            )
        if method == "POST":
            return self.rotated(runner)
        if method == "DELETE":
            self.discard(runner)
            return Answer(204)
        return self._set(runner, body) if method == "PUT" else _details(runner)

    def _number(self, kind: str, path: str) -> int:
        return int(path) if path.isdecimal() else self.paths.get(f"{kind}/{unquote(path)}", 0)

    def _create(self, body: dict[str, Any]) -> Answer:
        kind = body.pop("runner_type", "")
        number = body.pop(f"{_OF[kind]}_id", None) if kind in _OF else 0
        if kind not in {*_OF, "instance_type"} or not isinstance(number, int):
            return Answer(400, {"error": "runner_type does not have a valid value, or its id is missing"})
        if not body.get("tag_list") and not body.get("run_untagged", True):
            return Answer(400, {"message": "400 Bad request - Tags list can not be empty"})
        made = self.runner(f"glrt-{secrets.token_hex(10)}")
        made.place = f"{_OF[kind]}s/{number}" if kind in _OF else "instance"
        made.paused, made.status, made.expires_at = bool(body.pop("paused", False)), "never_contacted", self.expiry()
        made.settings = {"tag_list": [], "run_untagged": True, **body}
        return Answer(201, {"id": made.id, "token": made.token, "token_expires_at": made.expires_at})

    def _listed(self, place: str, parameters: dict[str, Any]) -> Answer:
        """A page of runners in short, as `Entities::Ci::Runner` has them: without notes, tags and tokens."""
        size, page = int(parameters.get("per_page", 20)), int(parameters.get("page", 1))
        runners = [runner for runner in self.created if runner.place == place][(page - 1) * size : page * size]
        return Answer(
            200, [{"id": runner.id, "description": runner.settings.get("description", "")} for runner in runners]
        )

    def _set(self, runner: Runner, body: dict[str, Any]) -> Answer:
        """`PUT /runners/:id`: what is given is set, if the whole is valid as `Ci::Runner` has it."""
        now = {"tag_list": [], "run_untagged": True, **runner.settings, **body}
        if not now["tag_list"] and not now["run_untagged"]:
            return Answer(400, {"message": {"tags_list": ["can not be empty when runner is not allowed to pick"]}})
        runner.paused = bool(body.pop("paused", runner.paused))
        runner.settings |= {**body, **({"tag_list": body["tag_list"][::-1]} if "tag_list" in body else {})}
        return _details(runner)


def _details(runner: Runner) -> Answer:
    """`GET /runners/:id`, as GitLab's documentation of the runners API has it."""
    kind, _, number = runner.place.partition("/")
    where = {kind: [_identity(kind, int(number))]} if number else {}
    kind = f"{kind.removesuffix('s') or 'instance'}_type"
    about = {"id": runner.id, "description": "", "paused": runner.paused, "status": runner.status, "runner_type": kind}
    return Answer(200, {**about, "groups": [], "projects": [], **where, **runner.settings})


def _identity(kind: str, number: int) -> dict[str, Any]:
    """Of a group (`BasicGroupDetails`) or a project (`BasicProjectDetails`)."""
    page = f"https://gitlab.example.com/groups/team/g{number}"
    group = {"id": number, "name": f"g{number}", "web_url": page}
    return group if kind == "groups" else {"id": number, "name": f"p{number}", "path_with_namespace": f"team/p{number}"}
