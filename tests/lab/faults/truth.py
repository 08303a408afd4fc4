"""What must be true of a host after a fault, held against its answers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator

import yaml

from runnerops.model.common import Result
from runnerops.model.plan import Plan
from tests.lab.faults.answers import CACHE, COMPOSE, CONFIG, DAEMON, NO_FILE, PATHS, STATE, File, Truth

KNOWN = (Result.APPLIED, Result.FAILED, Result.ROLLED_BACK)


class UntrueError(AssertionError):
    """What was promised does not hold; the text says what."""


def old_or_new(truth: Truth, plan: Plan, result: Result | None) -> None:
    """Every file of the plan is old or new as a whole; where the run's result is known, all of them are what it says.

    Where it is not, a file may be one between the two, which the plan has for a key that sticks.
    """
    states: set[str] = set()
    for change in plan.changes:
        path, old, new = change.old.path, change.old, change.new
        now = truth.file(path)
        if now == (File(old.content, old.mode, old.owner) if old.content is not None else NO_FILE):
            states.add("old")
        elif now == (File(new.content, new.spec.mode, new.spec.owner) if new.content is not None else NO_FILE):
            states.add("new")
        elif result in KNOWN or now not in between(plan, path):
            raise UntrueError(f"{path} is neither old nor new: {now.mode} {now.owner}, {len(now.content)} bytes")
    wanted = {Result.APPLIED: "new", Result.FAILED: "old", Result.ROLLED_BACK: "old"}
    if result in wanted and states - {wanted[result]}:
        raise UntrueError(f"the run is {result}, and its files are {states}")


def between(plan: Plan, path: str) -> list[File]:
    """All that the plan stages there."""
    staged = (step.args for step in plan.forward if step.verb == "stage" and step.args[1] == path)
    return [File(plan.files[name], mode, owner) for name, _, mode, owner, _ in staged]


def private(truth: Truth) -> None:
    """No secret where everybody may read."""
    if truth.text("open"):
        raise UntrueError(f"a secret lies open: {truth.text('open')}")
    state = truth.file(STATE)
    if (state.mode, state.owner.partition(":")[0]) != ("0700", "root"):
        raise UntrueError(f"the state is not private: {state.mode} {state.owner}")


def acted_or_owed(truth: Truth, services: Iterable[str]) -> None:
    """Each service runs what its file says, or that it must act is on record."""
    for service in services:
        if service not in truth.intents and (wrong := next(RUNS[service](truth), "")):
            raise UntrueError(f"{service} does not run what its file says, and nothing is owed: {wrong}")


def converged(truth: Truth) -> None:
    """All services run what their files say; nothing is owed, alive, failed or left about."""
    for service, runs in RUNS.items():
        if wrong := next(runs(truth), ""):
            raise UntrueError(f"{service} does not run what its file says: {wrong}")
    _nothing_left(truth)


def removed(truth: Truth, runner: str) -> None:
    """No file and no container of ours; Docker is as its file says, which is none; the runner's unit is so."""
    names = [path for paths in PATHS.values() for path in paths if truth.file(path) != NO_FILE]
    wrong = [*_docker(truth), *_registry(truth), *names]
    if wrong or truth.runner != runner.split():
        raise UntrueError(f"not removed: {wrong}, the runner is {truth.runner}")
    _nothing_left(truth)


def place_is_held(truth: Truth) -> None:
    """By ours, or by the one that was there before, or it is on record that one of them must act."""
    wanted = "False no" if truth.file(COMPOSE).content else "True always"
    if truth.foreign != wanted and "registry" not in truth.intents:
        raise UntrueError(f"the container of before is {truth.foreign}, not {wanted}")


def _nothing_left(truth: Truth) -> None:
    if left := {name: what for name, what in truth.left.items() if what}:
        raise UntrueError(f"left: {left}")


def _docker(truth: Truth) -> Iterator[str]:
    content = truth.file(DAEMON).content
    tree = json.loads(content) if content else {}
    live_restore, mirrors, insecure = truth.docker
    if live_restore != json.dumps(tree.get("live-restore", False)):
        yield f"live-restore is {live_restore}"
    if mirrors != tree.get("registry-mirrors", []):
        yield f"mirrors are {mirrors}"
    if insecure != sorted(tree.get("insecure-registries", [])):
        yield f"insecure registries are {insecure}"
    fresh = truth.inspected("new_container").get("HostConfig", {}).get("LogConfig", {}).get("Config") or {}
    if fresh != tree.get("log-opts", {}):
        yield f"log options are {fresh}"


def _registry(truth: Truth) -> Iterator[str]:
    config, compose = truth.file(CACHE).content, truth.file(COMPOSE).content
    if not compose:
        if truth.container:
            yield "a container runs without a file"
        return
    if not truth.container:
        yield "no container runs"
    elif truth.answer("config") != config:
        yield "the container reads another config"
    elif truth.container[3] not in compose.decode():
        yield "the container was made of another compose file"
    if not truth.text("answer").startswith("HTTP/1.1 200"):
        yield "it does not answer"
    headers = yaml.safe_load(config).get("http", {}).get("headers", {}) if config else {}
    for value in headers.get("X-Number", []):
        if not re.search(rf"^x-number: {value}\r?$", truth.text("answer"), re.MULTILINE | re.IGNORECASE):
            yield f"the answer does not say that the config of number {value} is loaded"


def _runner(truth: Truth) -> Iterator[str]:
    content = truth.file(CONFIG).content
    tree = tomllib.loads(content.decode()) if content else {}
    if truth.runner != ["active", "running"]:
        yield f"the unit is {truth.runner}"
    if (
        "listen_address" in tree
        and f"\ngitlab_runner_concurrent {tree['concurrent']}\n" not in f"\n{truth.text('page')}\n"
    ):
        yield "its page does not tell the file's concurrent"


RUNS = {"docker": _docker, "registry": _registry, "gitlab_runner": _runner}
