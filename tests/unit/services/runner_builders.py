"""Builds runners and the state of their hosts for tests of gitlab_runner."""

from __future__ import annotations

import tomllib
from typing import Any

from runnerops.model.common import ServiceName, Tree, Verb
from runnerops.model.facts import Facts, Job, RunnerFacts, Unit
from runnerops.model.host_state import HostState, Intent, RemoteFile
from runnerops.model.inventory import FileSpec, Host, Policy, RenderedFile
from runnerops.model.plan import Change
from runnerops.services import GITLAB_RUNNER
from runnerops.services.gitlab_runner.format import PATH
from runnerops.services.gitlab_runner.format.toml_writer import to_toml

SPEC = FileSpec(ServiceName.GITLAB_RUNNER, PATH, "config.toml.j2", "toml", mode="0600")
TOKEN = "glrt-" + "a" * 20
OTHER = "glrt-" + "b" * 20
RUNNER: dict[str, Any] = {"name": "one", "url": "https://gitlab.example.com", "token": TOKEN, "executor": "docker"}
HOST = Host("h", "h", sections={ServiceName.GITLAB_RUNNER: {}})
NOW = Unit("gitlab-runner.service", "active", 42, "abc", ("/usr/bin/gitlab-runner", "run", "--config", PATH))
POLICY = Policy()


def config(*runners: dict[str, Any], **keys: Any) -> Tree:
    return {"concurrent": 4, **keys, "runners": list(runners or (RUNNER,))}


def runner(**keys: Any) -> dict[str, Any]:
    return {name: value for name, value in {**RUNNER, **keys}.items() if value is not None}


def observed(tree: Tree | None, facts: RunnerFacts | None = None, intents: tuple[Intent, ...] = ()) -> HostState:
    files = {} if tree is None else {PATH: RemoteFile(PATH, "file", to_toml(tree).encode(), "0600", "root:root")}
    return HostState(files=files, facts=Facts(runner=facts or RunnerFacts(NOW, "16.11.0")), intents=intents)


def reconcile(rendered: Tree, state: HostState, host: Host = HOST) -> tuple[dict[str, Any], list[str], bytes]:
    files, blockers = GITLAB_RUNNER.reconcile(host, [RenderedFile(SPEC, to_toml(rendered).encode())], state)
    (file,) = files
    assert file.content is not None
    return tomllib.loads(file.content.decode()), [stop.code for stop in blockers], file.content


def change(old: Tree | None, new: Tree) -> tuple[Change, ...]:
    was = observed(old).file(PATH)
    changes = GITLAB_RUNNER.key_changes(SPEC, old or {}, new)
    return (Change(was, RenderedFile(SPEC, to_toml(new).encode()), changes),)


REWRITTEN = config(
    runner(
        url="HTTPS://GitLab.Example.com/",
        id=0,
        token_obtained_at=tomllib.loads("a = 0001-01-01T00:00:00Z")["a"],
        token_expires_at=tomllib.loads("a = 0001-01-01T00:00:00Z")["a"],
        cache={"MaxUploadedArchiveSize": 0, "s3": {}, "gcs": {}, "azure": {}},
        docker={"image": "alpine:3", "privileged": False, "volumes": [], "shm_size": 0, "tls_verify": False},
        custom_build_dir={},
        feature_flags={},
    ),
    check_interval=0,
    shutdown_timeout=0,
    user="gitlab-runner",
    connection_max_age="15m0s",
    session_server={"session_timeout": 1800},
)
"""What a runner writes when it rewrites the file that the template made."""

OWED = Intent(ServiceName.GITLAB_RUNNER, Verb.RELOAD, 3, "abc")
BUSY = RunnerFacts(NOW, "16.11.0", (Job("7", "container c"), Job("", "process 9 (sh)")))
STOPPED = RunnerFacts(Unit("gitlab-runner.service", "inactive"))
