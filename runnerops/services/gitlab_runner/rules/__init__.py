"""What gitlab-runner would ignore, or what would end it, in its config.toml. Pure. Each rule is a function."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from runnerops.model.common import Key, Tree, Value, key_label
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.parsing.near import did_you_mean, near_fix
from runnerops.services.gitlab_runner.format import PATH, runners_of
from runnerops.services.gitlab_runner.rules.keys import Found, Severity, Version, by_table, check_table, version_of
from runnerops.services.gitlab_runner.rules.labels import labels
from runnerops.services.gitlab_runner.rules.schedules import schedules
from runnerops.services.gitlab_runner.rules.values import is_excerpt, values
from runnerops.services.gitlab_runner.schema import EXECUTORS, EXECUTORS_UNTIL

_SHORTEST_TOKEN = 14
_NO_CRASH = (18, 2)
"""The first release that a shorter value does not end."""

_LOG_LEVELS = ("panic", "fatal", "error", "warning", "warn", "info", "debug", "trace")
_LOG_FORMATS = ("runner", "text", "json")


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """Runs all rules on each file."""
    version = version_of(facts.runner.version if facts and facts.runner else "")
    for spec, tree in files.items():
        plain = by_table("config", tree)
        whole = spec.path == PATH
        for found in (
            *(rule(plain) for rule in (_concurrent, _logs, _twice, _few)),
            _tokens(plain, version),
            _executors(plain, whole, version),
            _urls(plain, whole),
            check_table("config", tree, (), version),
            _values(plain, version),
        ):
            for name, severity, key, message, fix in found:
                yield Finding(name, severity, spec.path, key, message, fix)


def _values(tree: Tree, version: Version) -> Found:
    yield from labels(tree, version)
    for index, runner in enumerate(runners_of(tree)):
        key: Key = ("runners", index)
        yield from values(runner, key)
        yield from schedules(runner, key, version)


def _concurrent(tree: Tree) -> Found:
    """Zero or less ends the process, also at a reload, and every running job with it."""
    value = tree.get("concurrent", 1)
    if isinstance(value, int) and not isinstance(value, bool) and value < 1:  # another type is reported at the key
        message = "must be a positive whole number: the runner exits on anything else, and its jobs are lost"
        yield "R001", "error", ("concurrent",), message, "write 1 or more"


def _logs(tree: Tree) -> Found:
    """At a start, the runner exits for any other word. At a reload, it loads only a part of the file."""
    level, form = tree.get("log_level"), tree.get("log_format")
    if isinstance(level, str) and level.lower() not in _LOG_LEVELS:
        yield (
            "R009",
            "error",
            ("log_level",),
            "unknown level: the runner would not start",
            f"write one of {', '.join(_LOG_LEVELS)}",
        )
    if isinstance(form, str) and form not in _LOG_FORMATS:
        yield (
            "R009",
            "error",
            ("log_format",),
            "unknown format: the runner would not start",
            f"write one of {', '.join(_LOG_FORMATS)}",
        )


def _tokens(tree: Tree, version: Version) -> Found:
    for index, runner in enumerate(runners_of(tree)):
        if "token" not in runner:
            continue
        problem = token_problem(runner["token"])
        if problem:
            fix = "leave the key out to keep the token that the host has, or give the token that GitLab showed"
            token = runner["token"]
            mild = token == "" or _placeholder(token) or (_is_short(token) and not (version and version < _NO_CRASH))
            severity: Severity = "warning" if mild else "error"
            yield "R002", severity, ("runners", index, "token"), f"the token {problem}", fix


def _placeholder(value: Value) -> bool:
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")


def _is_short(token: Value) -> bool:
    return isinstance(token, str) and token.startswith("glrt-") and len(token) < _SHORTEST_TOKEN


def token_problem(token: Value) -> str:
    """What is wrong with a token, without showing it; empty if nothing is."""
    if not isinstance(token, str):
        return "is not a string"
    if not token.strip():
        return "is empty: the runner would never get a job"
    if any(char.isspace() for char in token):
        return "contains white space or a line break"
    if _is_short(token):
        return f"is shorter than {_SHORTEST_TOKEN} characters: a runner before 18.2 crashes on it, and all its jobs are lost"
    if token.startswith(("glrtr-", "GR1348941")):
        return "is a registration token, which cannot be used in config.toml"
    return ""


def _executors(tree: Tree, whole: bool, version: Version) -> Found:
    for index, runner in enumerate(runners_of(tree)):
        key: Key = ("runners", index, "executor")
        value = runner.get("executor")
        if value in EXECUTORS:
            continue
        if gone := EXECUTORS_UNTIL.get(str(value)):
            if not version or version >= version_of(gone):
                text = f"gitlab-runner has no executor {value!r} since {gone}: every job would fail"
                yield "R003", "error" if version else "warning", key, text, "use another one"
            continue
        fix = f"write one of {', '.join(EXECUTORS)}"
        if value in (None, ""):
            yield "R003", "error" if whole else "warning", key, "is missing", fix
        else:
            text = f"unknown executor {value!r}{did_you_mean(str(value), EXECUTORS)}"
            yield "R003", "error", key, text, near_fix(str(value), EXECUTORS) or fix


def _urls(tree: Tree, whole: bool) -> Found:
    """In a file that is not the runner's own, keys may be missing on purpose, because manuals show excerpts."""
    for index, runner in enumerate(runners_of(tree)):
        url = runner.get("url")
        key: Key = ("runners", index, "url")
        if isinstance(url, str) and "$" in url:
            text = "runners before 18.10 do not replace the variable"
            yield "R004", "warning", key, text, "write GitLab's address itself"
        elif not _is_address(url):
            fix = "write GitLab's address: https://gitlab.example.com"
            excerpt = not whole and (is_excerpt(runner) or "token" not in runner)
            text = "must be an http or https address" if url else "is missing"
            yield "R004", "warning" if excerpt else "error", key, text, fix


def _is_address(value: Value) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)


def _twice(tree: Tree) -> Found:
    seen: dict[str, int] = {}
    names: dict[str, int] = {}
    for index, runner in enumerate(runners_of(tree)):
        token, name = runner.get("token"), runner.get("name")
        if isinstance(name, str) and name and name in names:
            message = f"the same name as runners[{names[name]}]: they cannot be told apart in logs and metrics"
            yield "R005", "warning", ("runners", index, "name"), message, "give each its own"
        elif isinstance(name, str):
            names[name] = index
        if isinstance(token, str) and re.fullmatch(r"[A-Z_<>]*", token):  # a placeholder, as in a manual
            continue
        if isinstance(token, str) and token in seen:
            other = key_label(("runners", seen[token]), str(runners_of(tree)[seen[token]].get("name") or ""))
            message = f"the same token as {other}: both take jobs as the same runner"
            yield "R005", "warning", ("runners", index, "token"), message, "give each its own"
        elif isinstance(token, str):
            seen[token] = index


def _few(tree: Tree) -> Found:
    """If there are fewer jobs at once than sections, a section that waits for GitLab's answer keeps the others from
    asking.
    """
    concurrent, runners = tree.get("concurrent"), runners_of(tree)
    if not isinstance(concurrent, int) or isinstance(concurrent, bool) or concurrent < 1:
        return
    if concurrent < len(runners):
        text = (
            f"is less than the number of runners ({len(runners)}): while one asks GitLab for a job, others have to wait"
        )
        yield "R020", "warning", ("concurrent",), text, f"write {len(runners)} or more"
    for index, runner in enumerate(runners):
        limit, polls = runner.get("limit"), runner.get("request_concurrency")
        if isinstance(limit, int) and limit > concurrent:
            text = f"is never reached: `concurrent` allows {concurrent} jobs on this host"
            yield "R020", "info", ("runners", index, "limit"), text, "raise `concurrent`, or leave the limit out"
        if isinstance(polls, int) and isinstance(limit, int) and 0 < limit < polls:
            text = f"is more than the limit of {limit} jobs"
            yield "R020", "info", ("runners", index, "request_concurrency"), text, f"write at most {limit}"
