"""What gitlab-runner would ignore, or what would end it, in its config.toml. Pure. Each rule is a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runnerops.memo import remembered
from runnerops.model.common import Key, Tree, key_label
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.parsing.near import did_you_mean, near_fix
from runnerops.services.gitlab_runner.format import PATH, runners_of
from runnerops.services.gitlab_runner.rules.found import Found, One
from runnerops.services.gitlab_runner.rules.keys import by_table, check_table
from runnerops.services.gitlab_runner.rules.labels import labels
from runnerops.services.gitlab_runner.rules.listening import listening
from runnerops.services.gitlab_runner.rules.missing import missing
from runnerops.services.gitlab_runner.rules.names import meant, meant_keys
from runnerops.services.gitlab_runner.rules.tokens import is_excerpt, is_placeholder, tokens, urls
from runnerops.services.gitlab_runner.rules.values import values
from runnerops.services.gitlab_runner.schema import EXECUTORS, EXECUTORS_UNTIL, TABLES
from runnerops.services.gitlab_runner.version import Version, version_of

_LOG_LEVELS = ("panic", "fatal", "error", "warning", "warn", "info", "debug", "trace")
_WITH_PERIODS = ("machine", "monitoring", "autoscaler", "kubernetes")
"""Tables of a runner that may have periods and time zones."""

_LOG_FORMATS = ("runner", "text", "json")


def lint(files: Mapping[FileSpec, Tree], facts: Facts | None) -> Iterable[Finding]:
    """Runs all rules on each file."""
    version = version_of(facts.runner.version if facts and facts.runner else "")
    for spec, tree in files.items():
        for name, severity, key, message, fix in _findings_of(tree, version, spec.path == PATH):
            yield Finding(name, severity, spec.path, key, message, fix)


@remembered
def _findings_of(tree: Tree, version: Version, is_complete: bool) -> tuple[One, ...]:
    plain = by_table("config", tree)
    return (
        *(finding for rule in (_concurrent, _logs, _twice, _few, listening) for finding in rule(plain)),
        *tokens(plain, version, is_complete=is_complete),
        *_executors(plain, is_complete, version),
        *urls(plain, version, is_complete=is_complete),
        *check_table("config", tree, (), version),
        *_values(plain, version),
    )


def _values(tree: Tree, version: Version) -> Found:
    yield from labels(tree, version)
    astray = _astray(tree)
    for index, runner in enumerate(runners_of(tree)):
        key: Key = ("runners", index)
        yield from missing(runner, key, astray)
        yield from values(runner, key, version)
        if not runner.keys().isdisjoint(_WITH_PERIODS):
            from runnerops.services.gitlab_runner.rules.schedules import schedules  # not every file has such a table

            yield from schedules(runner, key, version)


def _astray(tree: Tree) -> set[str]:
    """Tables of a runner that stand at the top of the file, or below a misspelt `runners`."""
    beside = [
        table for name, table in tree.items() if isinstance(table, dict) and meant(name, "config") == ("runners",)
    ]
    return {name for table in (tree, *beside) for name in table if name in TABLES["runner"]}


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


def _executors(tree: Tree, is_complete: bool, version: Version) -> Found:
    for index, runner in enumerate(runners_of(tree)):
        key: Key = ("runners", index, "executor")
        value = runner.get("executor")
        if value in EXECUTORS or not isinstance(value, str | None):  # another type is reported with the other types
            continue
        if removed_in := EXECUTORS_UNTIL.get(str(value)):
            if not version or version >= version_of(removed_in):
                text = f"gitlab-runner has no executor {value!r} since {removed_in}: every job would fail"
                yield "R003", "error" if version else "warning", key, text, "use another one"
            continue
        present = [name for name in EXECUTORS if isinstance(runner.get(name), dict)]
        fix = f'write executor = "{present[0]}"' if len(present) == 1 else f"write one of {', '.join(EXECUTORS)}"
        if value in (None, ""):
            excerpt = not is_complete and ("token" not in runner or is_excerpt(runner))
            if "executor" in runner or "executor" not in meant_keys("runner", runner):
                yield "R003", "warning" if excerpt else "error", key, "is missing", fix
        else:
            text = f"unknown executor {value!r}{did_you_mean(str(value), EXECUTORS)}"
            yield "R003", "error", key, text, near_fix(str(value), EXECUTORS) or fix


def _twice(tree: Tree) -> Found:
    first_index: dict[str, int] = {}
    names: dict[str, int] = {}
    for index, runner in enumerate(runners_of(tree)):
        token, name = runner.get("token"), runner.get("name")
        if isinstance(name, str) and name and name in names:
            message = f"the same name as runners[{names[name]}]: they cannot be told apart in logs and metrics"
            yield "R005", "warning", ("runners", index, "name"), message, "give each its own"
        elif isinstance(name, str):
            names[name] = index
        if isinstance(token, str) and (not token or is_placeholder(token)):
            continue
        if isinstance(token, str) and token in first_index:
            other_label = key_label(
                ("runners", first_index[token]), str(runners_of(tree)[first_index[token]].get("name") or "")
            )
            message = f"the same token as {other_label}: both take jobs as the same runner"
            yield "R005", "warning", ("runners", index, "token"), message, "give each its own"
        elif isinstance(token, str):
            first_index[token] = index


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
